// The document of one indicator on one level, as rows with their place in the division.
import { at, unpacked } from "./columns.js";
import { values } from "./live.js";

const DEGREE = 1e5;
export const METRES_A_PIXEL = 156_543.03; // at the equator, zoom 0
export const UNKNOWN = -1, NONE = -2, SCARCE = -3; // classes of places that no value is shown of

/** The values of an indicator. Throws an Error with the server's own words when it refuses. */
export async function load({ boot, indicator, level, city }) {
  return new Values(await values(boot, indicator, level), city);
}

export class Values {
  constructor({ above, rows: own, beside, ...document }, city) {
    Object.assign(this, document);
    const told = Object.entries(beside), named = { ...above, name: [city, ...above.name.slice(1)] };
    this.above = rows(named, told.map(([key, one]) => [key, one.above]));
    this.rows = rows(unpacked(own, above), told.map(([key, one]) => [key, one.rows]));
    this.beside = told.map(([, { rows: of_rows, above: of_above, ...one }]) => one);
    for (const row of [...this.above, ...this.rows]) this.judge(row);
    this.place = new Map([...this.above, ...this.rows].map((row) => [row.id, row]));
    this.code = new Map([...this.above, ...this.rows].map((row) => [row.code, row]));
    this.is_ground = this.indicator === "grid-coverage";
    this.breadths = this.breadths_of();
  }

  /** The value of a row, the one it is shown by, and its class. */
  judge(row) {
    row.value = value_of(this.about, row);
    row.shown = row.smoothed ?? row.value;
    row.class = this.class_of(row);
    if (row.before_of !== undefined) row.before = value_of(this.about, { of: row.before_of, among: row.before_among });
  }

  /** Number of the legend's class, or why there is none: too little is known, too little is there, nothing is there. */
  class_of(row) {
    if (row.whole > 0 && row.whole - row.unknown < this.known_least * row.whole) return UNKNOWN;
    if (row.value === null || (this.about.kind !== "share" && row.value === 0 && !this.about.fixed)) return NONE;
    if (row.among < this.about.least) return SCARCE;
    return this.classes.findIndex((one) => (one.lower === null || row.shown >= one.lower) && (one.upper === null || row.shown < one.upper));
  }

  /** By level, the breadth in pixels at zoom 0 of its usual area: whether borders and names are worth their ink at a zoom. */
  breadths_of() {
    const counts = [];
    for (const row of [...this.above, ...this.rows]) counts[row.level] = (counts[row.level] ?? 0) + 1;
    const pixel = METRES_A_PIXEL * Math.cos(((this.rows[0]?.lat ?? 0) * Math.PI) / 180);
    const whole = this.rows.reduce((sum, row) => sum + row.area_m2, 0);
    return counts.map((count) => Math.sqrt(whole / count) / pixel);
  }

  /** Name of a row beside its parent's: a grid called after its community loses the community's name. */
  short(row) {
    const above = this.place.get(row.parent)?.name;
    if (row.name === row.code) return row.name; // half a code is no name
    return above && row.name.startsWith(above) && row.name.length > above.length ? row.name.slice(above.length).trim() : row.name;
  }

  /** From the city down to a place. */
  chain(id) {
    const found = [];
    for (let row = this.place.get(id); row; row = this.place.get(row.parent)) found.unshift(row);
    return found;
  }

  /** Rows of this level that lie in a place (or are it); every row for the city. */
  within(place) {
    if (!place || place.level === 0) return this.rows;
    return this.rows.filter((row) => row.id === place.id || this.lies(row, place.id));
  }

  lies(row, id) {
    for (let step = row; step; step = this.place.get(step.parent)) if (step.parent === id) return true;
    return false;
  }
}

/** Columns as rows that read them: nothing is copied, so thirty thousand are there at once. `beside` = [key, columns]. */
function rows(columns, beside) {
  class Row {
    constructor(k) { this.k = k; this.value = this.shown = this.class = null; }
    get lng() { return this.x / DEGREE; }
    get lat() { return this.y / DEGREE; }
    get beside() { return Object.fromEntries(beside.map(([key, { of, among }]) => [key, { of: at(of, this.k), among: at(among, this.k) }])); }
    get bounds() { return columns.bounds?.[this.k].map((side) => side / DEGREE); }
  }
  for (const [name, column] of Object.entries(columns)) {
    if (name === "value" || name === "bounds") continue; // a value follows from its parts
    Object.defineProperty(Row.prototype, name, { get: Array.isArray(column) ? function () { return column[this.k]; } : () => column });
  }
  return columns.id.map((_, k) => new Row(k));
}

/** The value of parts: null where there is nothing to be a share of, and of a count where nothing is known. */
export function value_of({ kind, scale }, { of, among, unknown, whole }) {
  if (kind === "count") return whole > 0 && unknown >= whole ? null : of;
  if (!among) return null;
  return kind === "per" ? (of / among) * scale : of / among;
}
