// Where the page of a business district gets what it shows: the server. A page that is one file has district-kept.js in this one's place.
import { answered } from "./answered.js";

let at = null; // another date, where the page is of one

/** Everything is asked for, as of the date of the page. */
export function open(boot) {
  ({ at } = boot);
}

/** An address as of the date of the page. */
const then = (address) => (at ? `${address}${address.includes("?") ? "&" : "?"}at=${encodeURIComponent(at)}` : address);

/** One business district in full: its ground, buildings, rates, alliances, grids, and the run that found it. */
export async function district(id) {
  return answered(await fetch(then(`/v1/business-districts/${id}`)));
}

/** Its ground as it is on record now, and the grids it lies in at the date of the page. */
export async function grids(id) {
  return answered(await fetch(then(`/v1/business-districts/${id}/grids`)));
}

/** A building with its units, each with its floor and state. */
export async function building(id) {
  return answered(await fetch(then(`/v1/blind-spots/building/${id}`)));
}

/** Service points in a box: west, south, east, north. */
export async function service_points(bounds) {
  return (await answered(await fetch(`/v1/service-points?bbox=${bounds.map((side) => side.toFixed(6)).join(",")}&limit=1000`))).features;
}

/** Every unit of the district with its state, as a file. */
export function exports(id) {
  return then(`/v1/blind-spots?by=unit&business_district=${id}&code=P1,P3,P2,P4,P5,U,work,covered&f=csv`);
}

/** Addresses of other pages: the city, the blind spots of the district, one grid, another district. */
export const pages = {
  get city() { return then("/maps/blind-spots"); },
  spots: (id) => then(`/maps/blind-spots?bd=${id}`),
  grid: (code) => then(`/maps/coverage?in=${code}&level=grid`),
  district: (id) => then(`/maps/business-districts/${id}`),
};
