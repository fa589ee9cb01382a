// The card of the chosen area: its name, figures with their denominators, and the way in or out.
import { ICONS, el, find, icon } from "./dom.js";
import { SCARCE, UNKNOWN } from "./values.js";

const GAP = 28;

/** Show the card of `row`, or hide it for null. `doors` are the buttons: [text, action or address]. */
export function card({ row, rank, parent, said, deepest, map, words, doors, close }) {
  const box = find(".tip");
  box.hidden = !row;
  if (!row) return;
  const head = el("div", { class: "row" }, rank ? el("span", { class: "rank", title: words.t("tip.rank", { n: rank }) }, String(rank)) : null, el("b", {}, row.name), el("span", { class: "dim cap push" }, parent?.name ?? ""), shut(words, close));
  box.replaceChildren(head, list(facts(row, said, deepest, words)), buttons(doors));
  place(box, row, map);
}

export function shut(words, close) {
  return el("button", { class: "x", type: "button", "aria-label": words.t("tip.close"), onclick: close }, icon(ICONS.close));
}

/** Names and texts as a list of facts. */
export function list(found) {
  return el("dl", {}, found.flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]));
}

/** Buttons, or links where the action is an address. */
export function buttons(doors) {
  return el("div", { class: "row doors" }, doors.map(([text, action], k) => {
    const kind = `btn bare${k ? " push" : ""}`;
    return typeof action === "string" ? el("a", { class: kind, href: action }, text) : el("button", { class: kind, type: "button", onclick: action }, text);
  }));
}

function facts(row, said, deepest, words) {
  const { about } = said;
  const found = [];
  if (row.level === deepest) found.push([words.t("tip.kind"), words.t(`kind.${row.kind}`)]);
  found.push(...value_facts(row, said, words));
  if (about.group === "ground") found.push(...ground_facts(row, deepest, words));
  for (const other of said.beside ?? []) found.push([other.short, other.full(other.of(row))]);
  if (about.group !== "ground") found.push([words.t("tip.area"), words.t("unit.km2", { n: words.km2(row.area_m2) })]);
  return [...found, [words.t("tip.code"), el("span", { class: "code" }, row.code)]];
}

function value_facts(row, said, words) {
  const found = [];
  const scarce = row.class === SCARCE || row.class === UNKNOWN;
  const raw = row.value === null ? "" : said.full(row.value);
  if (said.about.smoothed && row.smoothed !== undefined && row.smoothed !== null && !scarce) {
    found.push([words.t("tip.smoothed", { name: said.name }), `${words.percent(row.smoothed)}%`], [words.t("tip.interval"), `${words.percent(row.low)}–${words.percent(row.high)}%`]);
  } else found.push([said.name, scarce ? said.why(row) : said.full(row.value)]);
  if (said.about.kind !== "count") found.push([said.about.kind === "share" ? words.t("tip.parts", { of: said.word("of"), among: words.t("tip.all") }) : words.t("tip.made"), row.among ? `${said.parts(row)}${raw && said.about.kind === "share" ? words.t("tip.share", { n: raw }) : ""}` : "–"]);
  if (row.whole !== undefined) found.push([said.word("unknown"), `${words.n(row.unknown)} / ${words.n(row.whole)}${words.t("tip.share", { n: said.unknown_text(row) })}`]);
  const moved = said.moved(row);
  if (moved) found.push([words.t("tip.moved"), moved.text]);
  return found;
}

function ground_facts(row, deepest, words) {
  const fallback = [words.t("tip.fallback"), words.t("unit.km2", { n: words.km2(row.fallback_m2) })];
  if (row.level === deepest) return [[words.t("tip.area"), words.t("unit.km2", { n: words.km2(row.area_m2) })]];
  return [fallback, [words.t("tip.grids"), words.lang === "en" ? `${words.n(row.grids)} (${words.n(row.dedicated)})` : `${words.n(row.grids)}（${words.n(row.dedicated)}）`]];
}

/** Put the card beside the area, inside the map and clear of the area's middle; `taken` = pixels at the right that something else stands on. */
export function place(box, row, map, taken = 0) {
  const size = map.getSize(), point = map.latLngToContainerPoint([row.lat, row.lng]);
  const width = box.offsetWidth, height = box.offsetHeight;
  const reach = row.bounds ? Math.min(220, (map.latLngToContainerPoint([row.bounds[3], row.bounds[2]]).x - map.latLngToContainerPoint([row.bounds[1], row.bounds[0]]).x) / 2) : 24;
  let left = point.x + reach + GAP;
  if (left + width > size.x - Math.max(56, taken)) left = point.x - reach - GAP - width;
  left = Math.max(12, Math.min(left, size.x - width - 12 - taken));
  const top = Math.max(60, Math.min(point.y - height / 2, size.y - height - 44));
  Object.assign(box.style, { left: `${left}px`, top: `${clear_of_legend(left, top, height)}px` });
}

/** The top of a card lifted so far that it does not lie on the legend, which stands in the corner below. */
function clear_of_legend(left, top, height) {
  const legend = find(".map .legend");
  if (!legend || legend.hidden || left > legend.offsetLeft + legend.offsetWidth + 8 || top + height < legend.offsetTop - 8) return top;
  return Math.max(12, legend.offsetTop - height - 12);
}
