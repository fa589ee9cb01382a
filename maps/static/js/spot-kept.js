// Where blind spots come from on a page that is one file: the file. It gives what spot-doors.js gives from the server.
import { quoted } from "./download.js";

let held = null, words = null;
export const writes = false;

/** What the page's own document holds. */
export function open(boot, language) {
  held = boot.held;
  words = language;
}

/** Rows of the file by kind and codes: without codes all that are known to be blind. */
function listed({ by, codes = [] }) {
  const { lists } = held;
  const rows = codes.includes("G3") ? lists.G3.spots : [...lists[by].spots, ...(by === "building" ? lists.unknown.spots : [])];
  return rows.filter((spot) => (codes.length ? codes.includes(spot.code) : spot.code !== "U"));
}

/** Every row that is asked for, on one page. */
export async function spots(asked) {
  const answer = asked.codes?.includes("G3") ? held.lists.G3 : held.lists[asked.by], found = listed(asked);
  return { ...answer, run: held.run, weights: held.weights, spots: found.map((spot, k) => ({ ...spot, rank: k + 1 })), wanted: found.length, next: null };
}

/** Areas with their worst code and score, as columns. */
export async function scored() {
  return held.scored;
}

export async function spot(id) {
  return Object.values(held.lists).flatMap(({ spots }) => spots).find((one) => one.id === id) ?? null;
}

/** A file is of one run. */
export async function trend() {
  return [];
}

export async function place(code) {
  return held.places[code];
}

/** A file is of one place: it leads to none below. */
export async function children() {
  return [];
}

export async function districts() {
  return held.district ? [held.district] : [];
}

export async function district() {
  return held.district;
}

const unwritten = async () => { throw new Error("–"); };

/** Nothing is stored from a file. */
export async function decide() {
  return unwritten();
}

export async function change() {
  return unwritten();
}

/** The rows of the file as CSV, UTF-8 with a mark for Excel. */
export function exports(asked) {
  const columns = ["rank", "id", "code", "name", "grid", "community", "score", "workers", "uncovered_workers", "unknown_units", "since", "lon", "lat"];
  const rows = listed(asked);
  const cells = (spot) => columns.map((name) => (name === "lon" ? spot.place?.[0] : name === "lat" ? spot.place?.[1] : spot[name]));
  const lines = [[...columns, "reason"], ...rows.map((spot) => [...cells(spot), words.told(spot.reason)])];
  const text = `\ufeff${lines.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`;
  return [["CSV", URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }))]];
}
