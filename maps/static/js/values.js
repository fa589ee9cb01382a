// The document of one indicator on one level, as rows with their place in the division.
import { values } from "./live.js";

const DEGREE = 1e5;
export const METRES_A_PIXEL = 156_543.03; // at the equator, zoom 0

/** The values of an indicator. Throws an Error with the server's own words when it refuses. */
export async function load({ boot, indicator, level, city }) {
  return new Values(await values(boot, indicator, level), city);
}

export class Values {
  constructor(found, city) {
    Object.assign(this, { indicator: found.indicator, level: found.level, classes: found.classes, since: found.since, until: found.until, sources: found.sources, unplaced: found.unplaced, counted: found.counted });
    this.above = rows(found.above);
    this.rows = rows(found.rows);
    this.place = new Map([...this.above, ...this.rows].map((row) => [row.id, row]));
    this.code = new Map([...this.above, ...this.rows].map((row) => [row.code, row]));
    if (this.above.length) this.above[0].name = city;
    this.share = this.indicator === "grid-coverage";
    for (const row of this.rows) row.class = this.class_of(row);
    this.breadths = this.breadths_of();
  }

  /** By level, the breadth in pixels at zoom 0 of its usual area: whether borders and names are worth their ink at a zoom. */
  breadths_of() {
    const counts = [];
    for (const row of [...this.above, ...this.rows]) counts[row.level] = (counts[row.level] ?? 0) + 1;
    const pixel = METRES_A_PIXEL * Math.cos(((this.rows[0]?.lat ?? 0) * Math.PI) / 180);
    const whole = sum(this.rows).area_m2;
    return counts.map((count) => Math.sqrt(whole / count) / pixel);
  }

  /** Number of the legend's class, -2 where nothing happened, -1 where there is no value. */
  class_of(row) {
    if (row.value === null) return -1;
    if (!this.share && row.value === 0) return -2;
    return this.classes.findIndex((one) => (one.lower === null || row.value >= one.lower) && (one.upper === null || row.value < one.upper));
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

function rows(columns) {
  const names = Object.keys(columns);
  return columns.id.map((_, k) => {
    const row = Object.fromEntries(names.map((name) => [name, columns[name][k]]));
    row.lng = row.x / DEGREE;
    row.lat = row.y / DEGREE;
    if (row.bounds) row.bounds = row.bounds.map((side) => side / DEGREE);
    return row;
  });
}

/** What rows add up to. */
export function sum(found) {
  const total = { area_m2: 0, fallback_m2: 0, grids: 0, dedicated: 0, incidents: 0 };
  for (const row of found) for (const name of Object.keys(total)) total[name] += row[name];
  return total;
}

/** The indicator's value of a sum; null where it has none. */
export function value_of(indicator, total) {
  if (indicator === "incidents") return total.incidents;
  if (!total.area_m2) return null;
  return indicator === "incident-density" ? total.incidents / (total.area_m2 / 1e6) : 1 - total.fallback_m2 / total.area_m2;
}
