// A building cut open: its floors one above the other, and on each the units that are there, in the colours of their states.
import { COLOURS } from "./spot-codes.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 296, LEFT = 34, GAP = 2, BOX = 64;
const LOW = 6, HIGH = 16, TALL_PX = 260; // a floor in pixels; the height a tall building is drawn to
const UNPLACED = 16;

/** First and last floor a text names, as 5-6层, B1, 21F; null where it names none. Floors below ground are negative. */
export function floors_of(text) {
  const found = /(B|地下|负|-)?\s*(\d+)\s*(?:层|F|楼)?\s*(?:[-–—~～至到]\s*(B|地下|负)?\s*(\d+))?/i.exec(text ?? "");
  if (!found) return null;
  const first = (found[1] ? -1 : 1) * Number(found[2]);
  const last = found[4] ? (found[3] ? -1 : 1) * Number(found[4]) : first;
  return [Math.min(first, last), Math.max(first, last)];
}

/** The drawing of a building; `choose(unit)` is called with the one that is clicked. Units without a floor stand below. */
export function stack({ units, floors, words, chosen, choose }) {
  const placed = units.map((unit) => ({ unit, at: floors_of(unit.floor) })).filter(({ at }) => at);
  const rest = units.filter((unit) => !floors_of(unit.floor));
  const top = Math.max(floors ?? 1, ...placed.map(({ at }) => at[1])), bottom = Math.min(1, ...placed.map(({ at }) => at[0]));
  const rows = top - bottom + 1, step = Math.max(LOW, Math.min(HIGH, TALL_PX / rows));
  const y = (floor) => (top - floor) * step;
  const body = rows * step, height = body + (rest.length ? UNPLACED + 8 : 0) + 1;
  const drawing = svg("svg", { class: "stack", viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, height, role: "img", "aria-label": words.t("bd.stack.alt", { floors: top, units: units.length }) });
  drawing.append(patterned(), svg("rect", { x: LEFT, y: 0, width: WIDTH - LEFT, height: body, class: "house" }));
  const every = step < 9 ? 10 : 5;
  for (let floor = bottom; floor <= top; floor++) {
    const crowded = floor !== top && (top - floor) * step < 11;
    if (floor !== 0 && !crowded && (floor === 1 || floor === top || floor % every === 0)) drawing.append(said(floor < 0 ? `B${-floor}` : `${floor}F`, LEFT - 6, y(floor) + step / 2));
    if (floor > bottom) drawing.append(svg("line", { x1: LEFT, x2: WIDTH, y1: y(floor) + step, y2: y(floor) + step, class: floor === 1 ? "street" : "slab" }));
  }
  const lanes = packed(placed), wide = Math.min(BOX, (WIDTH - LEFT - GAP) / Math.max(1, lanes));
  for (const one of placed) drawing.append(box({ ...one, words, chosen, choose, x: LEFT + GAP + one.lane * wide, y: y(one.at[1]) + 1, width: wide - GAP, height: (one.at[1] - one.at[0] + 1) * step - 2 }));
  if (rest.length) drawing.append(said(words.t("bd.floor.unknown"), LEFT - 6, body + 8 + UNPLACED / 2));
  const narrow = Math.min(UNPLACED + GAP, (WIDTH - LEFT) / Math.max(1, rest.length));
  rest.forEach((unit, k) => drawing.append(box({ unit, words, chosen, choose, x: LEFT + GAP + k * narrow, y: body + 8, width: narrow - GAP, height: UNPLACED })));
  return drawing;
}

/** Number of lanes, after each has its own: units that share a floor stand side by side. */
function packed(placed) {
  const ends = [];
  for (const one of [...placed].sort((a, b) => a.at[0] - b.at[0] || b.at[1] - a.at[1] || a.unit.id - b.unit.id)) {
    const free = ends.findIndex((end) => end < one.at[0]);
    one.lane = free < 0 ? ends.length : free;
    ends[one.lane] = one.at[1];
  }
  return ends.length;
}

function box({ unit, words, chosen, choose, x, y, width, height }) {
  const colour = COLOURS[unit.code] === "hatch" ? "url(#unknown-units)" : COLOURS[unit.code];
  const made = svg("rect", { x, y, width: Math.max(2, width), height: Math.max(3, height), rx: 1.5, fill: colour, class: unit.id === chosen ? "unit sel" : "unit" });
  const title = svg("title", {});
  title.textContent = `${unit.name} · ${unit.floor ?? words.t("bd.floor.unknown")} · ${words.t(`code.${unit.code}`)}`;
  made.append(title);
  made.addEventListener("click", () => choose(unit));
  return made;
}

function said(text, x, y) {
  const made = svg("text", { x, y, "text-anchor": "end", "dominant-baseline": "central" });
  made.textContent = text;
  return made;
}

/** The hatch of units nothing is known of. */
function patterned() {
  const made = svg("pattern", { id: "unknown-units", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  made.append(svg("rect", { width: 5, height: 5, fill: "#efeeea" }), svg("rect", { width: 1, height: 5, fill: "#8b8f98" }));
  const defs = svg("defs", {});
  defs.append(made);
  return defs;
}

function svg(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
