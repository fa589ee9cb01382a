// Where a business district comes from on a page that is one file: the file. It gives what district-doors.js gives from the server.
import { quoted } from "./download.js";

let held = null;

/** What the page's own document holds. */
export function open(boot) {
  held = boot.held;
}

export async function district() {
  return held.district;
}

/** A file tells of one time alone: that of its district. */
export async function grids() {
  return held.district;
}

export async function building(id) {
  return { units_list: held.units[id] ?? [] };
}

export async function service_points() {
  return held.points;
}

const COLUMNS = ["building", "id", "name", "floor", "code", "since", "industry", "workers", "members", "organisation", "surveyed_on"];

/** Every unit of the file as CSV, UTF-8 with a mark for Excel. */
export function exports() {
  const names = new Map(held.district.buildings.map((one) => [String(one.id), one.name]));
  const lines = Object.entries(held.units).flatMap(([building, units]) => units.map((unit) => COLUMNS.map((name) => (name === "building" ? names.get(building) : unit[name]))));
  const text = `\ufeff${[COLUMNS, ...lines].map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`;
  return URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
}

/** A file leads to no other page. */
export const pages = null;
