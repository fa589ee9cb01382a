// Where a page's documents come from: the server. A page that is one file has kept.js in this one's place.
import { answered } from "./answered.js";

const WORKERS = 2;

/** What paints tiles, each taking the messages of tiles.js; `got(message)` hears their answers. */
export function painters(_ground, got) {
  return Array.from({ length: WORKERS }, () => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => got(data);
    return worker;
  });
}

/** The document of an indicator on a level. Throws an Error with the server's own words when it refuses. */
export async function values(boot, indicator, level) {
  return answered(await fetch(`/v1/values/${indicator}?level=${level}&${of(boot)}&f=packed`));
}

/** The parameter that says of when a page is. */
function of({ edition, forecast, at, page }) {
  return forecast && (forecast.plans.length || page !== "start") ? `at=${encodeURIComponent(at)}` : `edition=${edition.number}`;
}

/** Places by code or name, the likeliest first. */
export async function places(boot, text, signal) {
  const at = boot.at ? `&at=${encodeURIComponent(boot.at)}` : "";
  return (await answered(await fetch(`/v1/areas?q=${encodeURIComponent(text)}&limit=12${at}`, { signal }))).places;
}

/** A building with its grid, share and counts; what is not known is null. */
export async function building(id) {
  return answered(await fetch(`/v1/buildings/${id}`));
}

const STATES = ["P1", "P3", "P2", "P4", "P5", "U", "work", "covered"];

/** The buildings of a grid in which units are, whatever their state, the heaviest first; and the run that found it. */
export async function buildings_of({ forecast, at }, grid) {
  const then = forecast ? `&at=${encodeURIComponent(at)}` : "";
  return answered(await fetch(`/v1/blind-spots?by=building&within=${encodeURIComponent(grid)}&code=${STATES.join(",")}&limit=1000${then}`));
}

/** Posts of a place by line, full and part time. */
export async function staffing(boot, code) {
  return answered(await fetch(`/v1/staffing?within=${encodeURIComponent(code)}&${of(boot)}`));
}

/** West, south, east, north of a grid. */
export async function bounds_of_grid(code, at) {
  return (await answered(await fetch(`/v1/grids/${encodeURIComponent(code)}${at ? `?at=${encodeURIComponent(at)}` : ""}`))).bounds;
}

/** An edition as a file, by the name of its format: [name, address]. */
export function downloads({ number }) {
  const formats = { gpkg: "GeoPackage", zip: "Shapefile", geojson: "GeoJSON", parquet: "GeoParquet", csv: "CSV" };
  return Object.entries(formats).map(([ending, name]) => [name, `/v1/export/edition.${ending}?edition=${number}`]);
}

/** The layers menu, fetched when it is first wanted. */
export const layers = () => import("./layers.js");
