// How layers look, for the painter and the page alike: a mark told by its shape as well as its colour, ground by its outline and hatch.
const star = ring(10, (k) => (k % 2 ? 3.2 : 7.5));
const pentagon = ring(5, () => 6.8);

/** Path data of marks about 0, 0: some 13 pixels across. */
export const SHAPES = {
  circle: "M5.8 0A5.8 5.8 0 1 1-5.8 0A5.8 5.8 0 1 1 5.8 0Z", square: "M-5-5H5V5H-5Z", diamond: "M0-7 7 0 0 7-7 0Z", triangle: "M0-6.5 6.8 5.2H-6.8Z", down: "M0 6.5 6.8-5.2H-6.8Z",
  hexagon: "M-3.4-6H3.4L6.9 0 3.4 6H-3.4L-6.9 0Z", nut: "M-3.4-6H3.4L6.9 0 3.4 6H-3.4L-6.9 0ZM2.6 0A2.6 2.6 0 1 0-2.6 0A2.6 2.6 0 1 0 2.6 0Z", pentagon, star,
  plus: "M-2.2-6.5H2.2V-2.2H6.5V2.2H2.2V6.5H-2.2V2.2H-6.5V-2.2H-2.2Z", times: "M-6.1-3.2-3.2-6.1 0-2.9 3.2-6.1 6.1-3.2 2.9 0 6.1 3.2 3.2 6.1 0 2.9-3.2 6.1-6.1 3.2-2.9 0Z",
  house: "M0-7 7.2-.8H5V6H-5V-.8H-7.2Z", flag: "M-5.4-7H-3.4L6.4-3.2-3.4.8V7H-5.4Z", bars: "M-6 6V0H-2.8V6ZM-1.6 6V-6.5H1.6V6ZM2.8 6V-3.2H6V6Z",
  bubble: "M-6-6.5H6V3H.2L-3.4 7V3H-6Z", shield: "M-5.6-6H5.6V-.5C5.6 3.8 2.2 5.8 0 7-2.2 5.8-5.6 3.8-5.6-.5Z", arrow: "M-6.5-3H.2V-6.6L7 0 .2 6.6V3H-6.5Z",
};

/** Groups of the menu in their order, each with its layers by slug: shape and colour; `area` is the hatch of ground. */
export const GROUPS = {
  places: { "service-points": ["house", "#00598f"], organisations: ["flag", "#8f1d5e"], alliances: ["hexagon", "#5b3a9e"], "alliance-members": ["nut", "#44569e"] },
  units: { units: ["circle", "#9a4a00"], "coverage-records": ["shield", "#17694a"] },
  grounds: { "business-districts": ["square", "#0b6a7d", "sparse"], estates: ["diamond", "#636200", "thin"] },
  figures: {
    "staff-slots": ["triangle", "#1f3a8a"], "duty-contacts": ["pentagon", "#7a3e1d"], "grid-figures": ["bars", "#3d4450"], "report-ins": ["down", "#00664f"],
    pairings: ["times", "#a0345a"], deliberations: ["bubble", "#6a4c93"], "incident-stages": ["arrow", "#4a4e56"],
  },
};
const OTHER = ["plus", "#4a4e56"];

/** How the layer called `slug` looks: shape, colour and, of ground, its hatch; what is not listed has a look of its own. */
export function look(slug) {
  const [shape, colour, area = null] = Object.values(GROUPS).find((group) => slug in group)?.[slug] ?? OTHER;
  return { shape, colour, area };
}

/** Which group of the menu a layer is in; what is not listed is in the last. */
export function group_of(slug) {
  return Object.keys(GROUPS).find((name) => slug in GROUPS[name]) ?? Object.keys(GROUPS).at(-1);
}

/** Path data of corners around 0, 0, the first at the top; `reach(k)` = distance of the k-th. */
function ring(corners, reach) {
  const at = (k) => [Math.sin, Math.cos].map((turn, axis) => ((axis ? -1 : 1) * reach(k) * turn((2 * Math.PI * k) / corners)).toFixed(2)).join(" ");
  return `M${Array.from({ length: corners }, (_, k) => at(k)).join("L")}Z`;
}
