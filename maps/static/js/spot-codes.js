// What the states of coverage look like: a colour or pattern with its code, never a colour alone.
import { el } from "./dom.js";

export const UNIT_CODES = ["P1", "P2", "P3", "P4", "P5"];
export const GRID_CODES = ["G1", "G2", "G3"];
export const HELPER = "#17694a", GROUP = "#8a5200", SCOPE = "#2f4bb8";

/** Colours by state, the worst last: the order in which buildings are drawn. */
export const COLOURS = { covered: "#a9d8c8", work: "#d3e9e0", U: "hatch", P5: "#f0e442", P4: "#56b4e9", P2: "#e69f00", P3: "#cc79a7", P1: "#d55e00" };

/** Colours of grids by what they lack. */
export const GRID_COLOURS = { G1: "hatch", G2: "#c7d3ea" };

/** The chip that names a code. */
export function pcode(code) {
  return el("span", { class: `pcode ${code.toLowerCase()}` }, code);
}

/** Background of a part of a bar or of a swatch: a class for patterns, else a style. */
export function filled(code) {
  const colour = COLOURS[code] ?? GRID_COLOURS[code];
  return colour === "hatch" ? { class: code === "G1" ? "hatch-f" : "hatch-u" } : { style: { background: colour } };
}
