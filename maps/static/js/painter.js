// Paints tiles on OffscreenCanvas, and answers what lies under a pixel: in a worker, or on the page's own thread.
// Values arrive as one style; a new style repaints what is already here and reads nothing.
import { INK, ROADS, SEEN_FROM, WATER_NAMED_FROM, hatch, strokes } from "./brushes.js";
import { footprints, joined, middles, together } from "./footprints.js";

const PIXELS = 256;
const tiles = new Map();
const probe = new OffscreenCanvas(1, 1).getContext("2d");
let post = null, read = null, read_module = null;
let rows = null; // the module that paints rows, once a layer is on
let style = null;
let marks = { hover: 0, chosen: 0, building: 0, pointed: 0 };
let layers = []; // of rows that are on: slug, look, and the zoom from which each row is by itself
let ringed = { over: {}, chosen: {} };

/** What takes the messages of tiles.js: `post(message, moved)` sends an answer, `read(url, signal)` → features by layer, `rows()` → the module that paints rows. */
export function serve(means) {
  ({ post, read, rows: read_module } = means);
  return (data) => {
    if (data.style) restyle(data.style);
    else if (data.tile) open(data.tile);
    else if (data.layers) ({ layers } = data);
    else if (data.more) more(data.more);
    else if (data.ringed) ring(data.ringed);
    else if (data.drop !== undefined) drop(data.drop);
    else if (data.marks) mark(data.marks);
    else if (data.hit) post({ hit: data.hit.number, id: data.hit.rows ? things(data.hit) : hit(data.hit) });
  };
}

function restyle(found) {
  style = { ...found, class_of: new Map(), faint: new Set(found.faint ?? []) };
  found.ids.forEach((id, k) => style.class_of.set(id, found.classes[k]));
  for (const tile of tiles.values()) if (tile.ready) paint(tile);
}

async function open(tile) {
  tile.abort = new AbortController();
  tiles.set(tile.key, tile);
  tile.rows = new Map();
  try {
    const all = Object.entries(tile.urls).map(async ([name, url]) => [name, await read(url, tile.abort.signal)]);
    const found = await Promise.all([...all, read_rows(tile, tile.of_layers)]);
    if (!tiles.has(tile.key)) return;
    Object.assign(tile, merged(Object.fromEntries(found.filter(Boolean))), { ready: true });
    await paint(tile);
    overlay(tile);
  } catch (error) {
    if (error.name === "AbortError") return;
    tiles.delete(tile.key);
    post({ key: tile.key, error: String(error.message ?? error) });
  }
}

/** Nothing; afterwards the tile has the rows of these layers. What does not come is said, and the rest is painted. */
async function read_rows(tile, urls) {
  if (!Object.keys(urls).length) return;
  const failed = (error) => { if (error.name !== "AbortError") post({ key: tile.key, error: String(error.message ?? error), is_part: true }); };
  rows ??= await read_module().catch(failed);
  await Promise.all(Object.entries(urls).filter(([slug]) => !tile.rows.has(slug)).map(async ([slug, url]) => {
    try {
      tile.rows.set(slug, (await read(url, tile.abort.signal)).rows ?? []);
    } catch (error) {
      failed(error);
    }
  }));
}

/** Other layers are on: what a tile has not got yet of them is read, and it is painted anew. */
async function more({ key, urls }) {
  const tile = tiles.get(key);
  if (!tile) return;
  await read_rows(tile, urls);
  if (!tile.ready || !tiles.has(key)) return;
  paint(tile);
  overlay(tile);
}

function merged({ areas, grids, base, buildings, spots }) {
  return {
    ground: [...(areas?.ground ?? []), ...(grids?.ground ?? []).filter((leaf) => leaf.kind !== "fallback")],
    borders: [...(grids?.borders ?? []), ...(areas?.borders ?? [])],
    coming: areas?.to_come ?? [],
    base: base?.base ?? [],
    buildings: together(buildings?.buildings ?? [], spots?.buildings ?? []),
  };
}

function drop(key) {
  tiles.get(key)?.abort.abort();
  tiles.delete(key);
}

function canvas(tile) {
  const made = new OffscreenCanvas(PIXELS * tile.ratio, PIXELS * tile.ratio);
  const context = made.getContext("2d");
  context.scale(tile.ratio, tile.ratio);
  context.lineJoin = context.lineCap = "round";
  return [made, context];
}

/** Post the picture of a tile, as a file an image shows: canvases would each be copied again in every frame of a drag. Of several paintings only the last one counts. */
async function paint(tile) {
  if (!style) return;
  const [made, context] = canvas(tile);
  const city = joined(tile.ground.filter((one) => one.level === 0));
  context.fillStyle = INK.ground;
  context.fill(city);
  const level = Math.min(style.level, tile.lowest);
  if (style.coloured) fills(context, tile, level);
  base(context, tile);
  if (!style.coloured) fallback(context, tile, 0.75);
  footprints(context, tile, style);
  if (style.scope) veil(context, tile);
  borders(context, tile, level);
  if (style.scope) outline(context, tile);
  if (tile.coming.length) coming(context, tile);
  rows?.gather(tile, layers);
  rows?.draw(context, tile, layers);
  const answer = { key: tile.key, names: names(tile), taken: rows?.taken(tile) ?? [] };
  const number = (tile.paintings = (tile.paintings ?? 0) + 1);
  const picture = await made.convertToBlob();
  if (number === tile.paintings && tiles.get(tile.key) === tile) post({ ...answer, picture });
}

function fills(context, tile, level) {
  const groups = new Map();
  const faint = [];
  for (const one of tile.ground) {
    if (one.level !== level || (one.kind === "fallback" && !style.through)) continue;
    const found = style.class_of.get(one.id) ?? -1;
    if (!groups.has(found)) groups.set(found, []);
    groups.get(found).push(one);
    if (style.faint.has(one.id)) faint.push(one);
  }
  for (const [found, features] of groups) {
    const path = joined(features);
    const pattern = found < 0 ? "unknown" : style.colours[found] === "dots" ? "dots" : null;
    context.fillStyle = pattern ? hatch(context, pattern, tile.ratio) : style.colours[found];
    context.fill(path);
    if (pattern) continue;
    context.strokeStyle = style.colours[found]; // closes the hairline that antialiasing leaves between neighbours
    context.lineWidth = 0.6;
    context.stroke(path);
  }
  fallback(context, tile, 1);
  for (const one of tile.ground) if (one.kind === "fallback" && style.faint.has(one.id)) faint.push(one);
  if (faint.length) {
    context.fillStyle = "rgba(246,245,241,.66)";
    context.fill(joined(faint));
  }
}

/** What lies outside the area the page is about is washed out. */
function veil(context, tile) {
  const path = new Path2D();
  path.rect(-PIXELS, -PIXELS, 3 * PIXELS, 3 * PIXELS);
  path.addPath(joined(tile.ground.filter((one) => one.id === style.scope)));
  context.fillStyle = INK.veil;
  context.fill(path, "evenodd");
}

function outline(context, tile) {
  const path = joined(tile.ground.filter((one) => one.id === style.scope));
  for (const [width, colour, dash] of [[5, "#ffffff", []], [2, INK.scope, [10, 4]]]) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.setLineDash(dash);
    context.stroke(path);
  }
  context.setLineDash([]);
}

/** Ground that will be another one by the date of the page. */
function coming(context, tile) {
  context.strokeStyle = context.fillStyle = INK.scope;
  context.globalAlpha = 0.1;
  context.fill(joined(tile.coming));
  context.globalAlpha = 1;
  context.lineWidth = 2;
  context.setLineDash([6, 4]);
  for (const { path } of tile.coming) context.stroke(path);
  context.setLineDash([]);
}

function fallback(context, tile, alpha) {
  const path = joined(tile.ground.filter((one) => one.kind === "fallback"));
  context.globalAlpha = alpha;
  context.fillStyle = hatch(context, style.through ? "lines" : "fallback", tile.ratio);
  context.fill(path);
  context.globalAlpha = 1;
  context.strokeStyle = INK.fallback;
  context.lineWidth = 1;
  context.setLineDash([4, 2]);
  context.stroke(path);
  context.setLineDash([]);
}

function base(context, tile) {
  const of = (kind) => tile.base.filter((one) => one.kind === kind);
  if (!style.coloured) {
    context.fillStyle = INK.green;
    context.fill(joined(of("green").filter((one) => one.type === 3)));
  }
  const water = of("water");
  context.fillStyle = INK.water;
  context.fill(joined(water.filter((one) => one.type === 3)));
  context.strokeStyle = INK.waterLine;
  context.lineWidth = 1;
  context.stroke(joined(water.filter((one) => one.type === 2)));
  if (style.coloured && tile.zoom < 15) return;
  roads(context, tile, of("road"));
  if (!style.coloured) rails(context, of("rail"));
}

/** Streets: under colours only thin lines to find one's way by, and the smallest from one zoom later. */
function roads(context, tile, found) {
  const drawn = Object.keys(ROADS).filter((rank) => tile.zoom >= SEEN_FROM[rank] + (style.coloured && rank !== "arterial" ? 1 : 0));
  const cased = !style.coloured && tile.zoom >= 13;
  const paths = new Map(drawn.map((rank) => [rank, joined(found.filter((one) => one.class === rank))]));
  context.globalAlpha = style.coloured ? 0.5 : 1;
  for (const casing of cased ? [true, false] : [false]) {
    for (const [rank, path] of paths) {
      const isPath = rank === "path";
      if (casing && isPath) continue;
      const width = Math.max(0.8, ROADS[rank](tile.zoom) * (style.coloured ? 0.4 : 1));
      context.strokeStyle = casing || tile.zoom < 13 || (isPath && !style.coloured) ? INK.roadCase : INK.road;
      context.lineWidth = casing ? width + 2 : width;
      context.setLineDash(isPath ? [3, 2] : []);
      context.stroke(path);
    }
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function rails(context, found) {
  const tram = found.filter((one) => one.class === "tram" || one.class === "siding");
  context.strokeStyle = INK.rail;
  context.lineWidth = 0.8;
  context.stroke(joined(tram));
  const path = joined(found.filter((one) => !tram.includes(one)));
  context.lineWidth = 2.6;
  context.stroke(path);
  context.strokeStyle = INK.road;
  context.lineWidth = 1.4;
  context.setLineDash([6, 6]);
  context.stroke(path);
  context.setLineDash([]);
}

/** Borders of a level; far away, where a tile leaves its lowest ones out, the rims of the ground. */
function rims(tile, level) {
  const found = tile.borders.filter((line) => line.level === level);
  return found.length || tile.zoom >= 12 ? found : tile.ground.filter((one) => one.level === level);
}

function borders(context, tile, level) {
  const lowest = style.coloured ? level : Math.max(level, style.borders ?? level);
  for (let one = lowest; one >= 0; one--) {
    const features = rims(tile, one);
    if (!features.length) continue;
    const path = joined(features), bare = style.bare && one === style.levels - 1;
    if (bare) beside(context, tile);
    for (const { width, colour, dash } of strokes(one, style.levels, tile.zoom, style.coloured, style.breadths?.[one])) {
      context.setLineDash(dash ?? []);
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke(path);
    }
    if (bare) context.restore();
  }
  context.setLineDash([]);
}

/** Until it is restored, nothing is drawn in the area the page is about: its grids are drawn by the page itself. */
function beside(context, tile) {
  const path = new Path2D();
  path.rect(-PIXELS, -PIXELS, 3 * PIXELS, 3 * PIXELS);
  path.addPath(joined(tile.ground.filter((one) => one.id === style.scope)));
  context.save();
  context.clip(path, "evenodd");
}

function names(tile) {
  const found = rows?.names(tile, layers, extent) ?? [];
  if (style.codes) found.push(... middles(probe, tile, style.scope ? joined(tile.ground.filter((one) => one.id === style.scope)) : null));
  for (const one of tile.base) {
    if (!one.name || tile.zoom < named_from(one)) continue;
    const place = one.type === 2 ? along(one.points) : { x: (Math.max(0, one.box[0]) + Math.min(PIXELS, one.box[2])) / 2, y: (Math.max(0, one.box[1]) + Math.min(PIXELS, one.box[3])) / 2, room: one.box[2] - one.box[0] };
    if (one.type === 3 && place.room < extent(one.name)) continue;
    if (place && place.x > 0 && place.y > 0 && place.x < PIXELS && place.y < PIXELS) {
      found.push({ name: one.name, kind: one.kind, ...place });
    }
  }
  return found;
}

/** Zoom from which a name is worth its room: under colours only what one finds one's way by. */
function named_from({ kind, class: rank }) {
  if (kind === "water") return WATER_NAMED_FROM[rank] ?? 0;
  const large = kind !== "road" || rank === "arterial";
  if (style.coloured) return large ? 15 : rank === "secondary" ? 16 : 18;
  return large ? 14 : 16;
}

/** About the pixels a name needs across. */
function extent(name) {
  return [...name].reduce((sum, letter) => sum + (letter > "\u2e80" ? 14 : 8), 0);
}

/** Middle, angle and length of the longest straight stretch of a line. */
function along(points) {
  let best = null;
  for (let k = 0; k + 3 < points.length; k += 2) {
    const dx = points[k + 2] - points[k], dy = points[k + 3] - points[k + 1];
    const room = Math.hypot(dx, dy);
    if (!best || room > best.room) best = { room, x: points[k] + dx / 2, y: points[k + 1] + dy / 2, angle: Math.atan2(dy, dx) };
  }
  return best;
}

// -- what is chosen and hovered -----------------------------------------------------------------------------------
function mark(found) {
  const touched = new Set([marks.hover, marks.chosen, found.hover, found.chosen]);
  const raised = new Set([marks.building, found.building, marks.pointed, found.pointed].filter(Boolean));
  marks = found;
  for (const tile of tiles.values()) {
    if (tile.ready && (tile.ground.some((one) => touched.has(one.id)) || tile.buildings.some((one) => raised.has(one.id)))) overlay(tile);
  }
}

/** Another row is chosen or pointed at: a ring around its mark or ground. */
function ring(found) {
  const touched = [...Object.values(ringed), ...Object.values(found)];
  ringed = found;
  for (const tile of tiles.values()) if (tile.ready && touched.some((one) => where(tile, one).length)) overlay(tile);
}

const where = (tile, row) => rows?.shown(tile, layers, row) ?? [];

function overlay(tile) {
  const of = (id) => (id ? tile.ground.filter((one) => one.id === id) : []);
  const chosen = of(marks.chosen), hover = of(marks.hover);
  const raised = (id) => (id ? tile.buildings.filter((one) => one.id === id) : []);
  const building = raised(marks.building), pointed = raised(marks.pointed);
  const [over, picked] = [ringed.over, ringed.chosen].map((one) => where(tile, one));
  if (![chosen, hover, building, pointed, over, picked].some((found) => found.length)) {
    if (tile.marked) post({ key: tile.key, marks: null });
    tile.marked = false;
    return;
  }
  const [made, context] = canvas(tile);
  const draw = (features, width, colour) => {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke(joined(features));
  };
  draw(hover, 3.5, "#ffffff");
  draw(hover, 1.5, INK.select);
  draw(chosen, 7, "#ffffff");
  draw(chosen, 2.5, INK.select);
  draw(pointed, 3.5, "#ffffff");
  draw(pointed, 1.5, INK.select);
  draw(building, 6, "#ffffff");
  draw(building, 2.5, INK.select);
  rows?.ring(context, over, 1.5);
  rows?.ring(context, picked, 2.5);
  tile.marked = true;
  const bitmap = made.transferToImageBitmap();
  post({ key: tile.key, marks: bitmap }, [bitmap]);
}

function hit({ key, x, y, building }) {
  const tile = tiles.get(key);
  if (!tile?.ready || !style) return 0;
  if (building) return tile.buildings.find((one) => within(one, x, y))?.id ?? 0;
  const level = Math.min(style.level, tile.lowest);
  let fallbackId = 0;
  for (const one of tile.ground) {
    const wanted = one.level === level || (one.kind === "fallback" && level === style.levels - 1);
    if (!wanted || !within(one, x, y)) continue;
    if (one.kind !== "fallback") return one.id;
    fallbackId = one.id;
  }
  return fallbackId;
}

function things({ key, x, y }) {
  const tile = tiles.get(key);
  return tile?.ready && rows ? rows.under(tile, layers, x, y) : [];
}

function within(one, x, y) {
  if (x < one.box[0] || y < one.box[1] || x > one.box[2] || y > one.box[3]) return false;
  return probe.isPointInPath(one.path, x, y);
}
