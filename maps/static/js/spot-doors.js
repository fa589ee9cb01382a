// Where blind spots come from: the server. A page that is one file has spot-kept.js in this one's place.
import { answered } from "./answered.js";

const MOST = 200; // rows asked for at once
let then = {}; // of a page of another date: the date, and which run answers, none of a date to come
export let writes = true;

/** Nothing is fetched ahead; a page of another date asks for the run of then, or for what it will find, and decides nothing. */
export function open({ at, run, forecast }) {
  writes = !at;
  then = at ? { at, asked: forecast ? { at } : { run: run?.number } } : {};
}

const query = (asked) => new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== null && value !== undefined && value !== "")).toString().replaceAll("%2C", ",");

/** Parameters of the list's door. */
function parameters({ by, within, district, codes = [] }) {
  return { by, within, business_district: district, code: codes.join(","), ...then.asked };
}

/** One page of blind spots with the counts of all; `next` is the link that the page before gave. */
export async function spots(asked, { next = null, limit = MOST } = {}) {
  return answered(await fetch(next ?? `/v1/blind-spots?${query({ ...parameters(asked), limit })}`));
}

/** All that is asked for as columns: the id that tiles carry, the code, the score. */
export async function scored(asked) {
  return answered(await fetch(`/v1/blind-spots?${query({ ...parameters(asked), f: "columns" })}`));
}

/** One blind spot in full: its units, who can help, its joint branch, what was decided of it. */
export async function spot(id, code) {
  return answered(await fetch(`/v1/blind-spots/${id}?${query({ code: code === "G3" ? code : null, ...then.asked })}`));
}

/** What each day's last run found, the oldest first. */
export async function trend({ within }) {
  return (await answered(await fetch(`/v1/blind-spots/trend?${query({ within })}`))).moments;
}

/** An area or grid with the areas above it. */
export async function place(code, level) {
  return answered(await fetch(`/v1/${level === "grid" ? "grids" : "areas"}/${encodeURIComponent(code)}?${query({ at: then.at })}`));
}

/** What lies directly in an area. */
export async function children(code) {
  return (await answered(await fetch(`/v1/areas?${query({ parent: code, limit: 1000, at: then.at })}`))).places;
}

/** One business district with its ground. */
export async function district(id) {
  return answered(await fetch(`/v1/business-districts/${id}`));
}

/** Business districts that lie in an area, each with its ground. */
export async function districts(within) {
  return (await answered(await fetch(`/v1/business-districts?${query({ area: within, limit: 1000 })}`))).features;
}

/** Accept or dismiss what is proposed. */
export async function decide(body) {
  return answered(await fetch("/v1/follow-ups", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }));
}

/** Change what was decided. */
export async function change(id, body) {
  return answered(await fetch(`/v1/follow-ups/${id}`, { method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }));
}

/** The list as a file, by the name of its format: [name, address]. */
export function exports(asked) {
  return Object.entries({ csv: "CSV", geojson: "GeoJSON" }).map(([f, name]) => [name, `/v1/blind-spots?${query({ ...parameters(asked), f })}`]);
}
