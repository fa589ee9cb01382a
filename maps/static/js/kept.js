// Where the documents of a page that is one file come from: the file. It gives what live.js gives from the server.
import { at, unpacked } from "./columns.js";
import { Ground } from "./ground.js";
import { serve } from "./painter.js";

const FOUND = 12;
let ground = null;

/** One painter on the page's own thread: a file on disk has no worker. Each tile waits its turn, so the page answers. */
export function painters(topology, got) {
  ground = new Ground(topology);
  const heard = serve({
    post: got,
    read: async (url, signal) => {
      await new Promise((done) => setTimeout(done));
      signal.throwIfAborted();
      const [layer, z, x, y] = url.slice(url.indexOf(":") + 1).split("/");
      return ground.tile(layer, Number(z), Number(x), Number(y));
    },
  });
  return [{ postMessage: heard }];
}

/** The document of an indicator on a level: the level's columns with the indicator's own, and what is told beside it. */
export async function values(boot, indicator, key) {
  const { rows, above, by } = boot.values.levels[key];
  const { abouts } = boot.values, own = by[indicator];
  const beside = (one) => [one, { about: abouts[one], since: by[one].since, until: by[one].until, rows: by[one].rows, above: by[one].above }];
  return { ...own, indicator, about: abouts[indicator], rows: { ...rows, ...own.rows }, above: { ...above, ...own.above }, beside: Object.fromEntries(own.beside.map(beside)) };
}

/** Places by code or name, in the order the server gives them: exact, name begins so, upper levels, code. */
export async function places(boot, text) {
  const asked = text.toLowerCase();
  const found = all(boot).filter((one) => one.code.startsWith(text) || one.name.toLowerCase().includes(asked));
  const key = (one) => [one.code !== text && one.name !== text, !one.name.toLowerCase().startsWith(asked), one.level];
  const order = (a, b) => key(a).reduce((so_far, part, k) => so_far || part - key(b)[k], 0) || (a.code < b.code ? -1 : 1);
  return found.sort(order).slice(0, FOUND).map((one) => ({ ...one, level: boot.city.levels[one.level].key, bounds: ground.bounds(one.id) }));
}

/** A file holds no buildings. */
export async function building() {
  throw new Error("–");
}

/** Posts of an area by line, full and part time; of grids a file has none. */
export async function staffing(boot, code) {
  return boot.values.staffing[code];
}

/** Nor what stands in a grid: the way down ends with the grid. */
export async function buildings_of() {
  throw new Error("–");
}

export async function bounds_of_grid(code) {
  throw new Error(code);
}

/** A file has no other files to give. */
export function downloads() {
  return [];
}

/** A file holds no layers. */
export const layers = null;

function all(boot) {
  return boot.city.levels.flatMap(({ key }) => {
    const found = boot.values.levels[key];
    if (!found) return [];
    const { id, code, name, level, kind } = unpacked(found.rows, found.above);
    return id.map((one, k) => ({ id: one, code: code[k], name: name[k], level: at(level, k), kind: kind?.[k] }));
  });
}
