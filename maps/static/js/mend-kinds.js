// How each kind of mend and each severity of finding looks: colour, pattern, shape; the letter comes from the words.

const KINDS = {
  gap: { colour: "#56b4e9", fill: "stripes", shape: "disc" },
  overlap: { colour: "#e69f00", fill: "stripes", shape: "disc", both: true },
  beyond: { colour: "#d55e00", fill: "stripes", shape: "disc" },
  nested: { colour: "#cc79a7", fill: "stripes", shape: "disc", both: true },
  dedicated: { colour: "#b59a1e", fill: "stripes", shape: "disc", both: true },
  cut: { colour: "#e58a6a", fill: "stripes", shape: "disc" },
  sliver: { colour: "#7fb0bd", fill: "back", shape: "square" },
  authority: { colour: "#5aa57f", fill: "back", shape: "square" },
  disputed: { colour: "#a58fc9", fill: "back", shape: "square", both: true },
  outside: { colour: "#8b8f98", fill: "dots", shape: "square" },
  left: { colour: "#c08a4e", fill: "cross", shape: "square" },
};
const SEVERITIES = {
  error: { colour: "#b3241b", fill: "stripes", shape: "diamond", ink: "#ffffff" },
  warning: { colour: "#e8b04a", fill: "faint", shape: "triangle" },
  info: { colour: "#8fa1e0", fill: "faint", shape: "disc" },
};
const GLYPHS = { error: "!", warning: "!", info: "i" };

/** Looks of every kind by name, with their letters in the page's language. */
export function looks(words) {
  const lettered = (found, letter) => Object.fromEntries(Object.entries(found).map(([kind, look]) => [kind, { ...look, glyph: letter(kind) }]));
  return { ...lettered(KINDS, (kind) => words.t(`mends.letter.${kind}`)), ...lettered(SEVERITIES, (kind) => GLYPHS[kind]) };
}

export const SEVERITY = Object.keys(SEVERITIES);
