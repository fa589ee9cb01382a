// Rows of layers on a tile: ground as outlines with a light hatch, everything else as marks. What shares a place is one mark with its number.
import { SHAPES } from "./marks.js";

const PIXELS = 256, CELL = 64; // the server's cell, which is the margin of its tiles too
const APART = { cells: 20, rows: 12 }; // pixels between marks of one layer, where rows are counted by cells and where they are not
const STEPS = [-1, 0, 1];
const HIGH = 18; // of a mark with a number
const SLOTS = [0, 1, -1, 2, -2]; // where marks of several layers on one spot stand, in steps up and down
const FONT = '600 11px "Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif';
const NAMED_FROM = 14;
const paths = new Map(Object.entries(SHAPES).map(([name, data]) => [name, new Path2D(data)]));
const pen = new OffscreenCanvas(1, 1).getContext("2d");

/** Marks of the layers that are on, each with the rows it stands for and where it is; kept with the tile. */
export function gather(tile, layers) {
  const bins = new Map();
  tile.marks_on = layers.flatMap((layer) => {
    const reach = tile.zoom < layer.each_from ? APART.cells : APART.rows;
    return merged(merged(spots(tile.rows?.get(layer.slug) ?? []), reach), reach).map((mark) => ({ ...mark, layer, wide: width(mark.count) }));
  });
  const bin_of = ({ x, y }, dx = 0, dy = 0) => `${Math.floor(x / CELL) + dx} ${Math.floor(y / CELL) + dy}`;
  for (const mark of tile.marks_on) {
    const bin = bin_of(mark), own = bins.get(bin) ?? [];
    const around = STEPS.flatMap((dx) => STEPS.flatMap((dy) => (dx || dy ? bins.get(bin_of(mark, dx, dy)) ?? [] : []))).filter((other) => other.layer !== mark.layer);
    apart(mark, [...own, ...around]);
    bins.set(bin, [...own, mark]);
  }
}

/** Points of one layer by their place, those on one spot together; `rows` lacks those the server counted together. */
function spots(features) {
  const found = new Map();
  for (const one of features) {
    if (one.type !== 1) continue;
    const [x, y] = one.points, key = `${x} ${y}`;
    if (!found.has(key)) found.set(key, { x, y, count: 0, rows: [] });
    const spot = found.get(key);
    spot.count += one.count ?? 1;
    if (!one.count) spot.rows.push(one);
  }
  return [...found.values()];
}

/** Spots so near that their marks would hide each other become one, at the largest of them. What decides lies within three times `reach`, which the tile's margin holds, so neighbours agree. */
function merged(found, reach) {
  const squares = new Map(), square = (at) => Math.floor(at / reach);
  for (const one of found) {
    const key = `${square(one.x)} ${square(one.y)}`;
    squares.set(key, [...(squares.get(key) ?? []), one]);
  }
  const near = (one) => STEPS.flatMap((dx) => STEPS.flatMap((dy) => squares.get(`${square(one.x) + dx} ${square(one.y) + dy}`) ?? [])).filter((other) => Math.hypot(other.x - one.x, other.y - one.y) < reach);
  const first = (some) => some.reduce((a, b) => (before(b, a) ? b : a));
  const leads = new Set(found.filter((one) => first(near(one)) === one));
  const groups = new Map(found.filter((one) => leads.has(one)).map((one) => [one, { ...one, count: 0, rows: [] }]));
  for (const one of found) {
    const leaders = near(one).filter((other) => leads.has(other));
    const key = leaders.length ? first(leaders) : one;
    if (!groups.has(key)) groups.set(key, { ...one, count: 0, rows: [] });
    const group = groups.get(key);
    group.count += one.count;
    group.rows.push(...one.rows);
  }
  return [...groups.values()];
}

/** Which of two spots the other joins: the one that stands for more, then the western, then the northern. */
function before(a, b) {
  return (a.count - b.count || b.x - a.x || b.y - a.y) > 0;
}

/** Move a mark up or down until it covers none of `others`: those of its own bin, and of the layers before it in the bins around. Bins are whole in every tile that shows them, so neighbours agree. */
function apart(mark, others) {
  const { y } = mark;
  const meets = (other) => Math.abs(other.x - mark.x) < (other.wide + mark.wide) / 2 && Math.abs(other.y - mark.y) < HIGH - 1;
  for (const slot of SLOTS) {
    mark.y = y + slot * HIGH;
    if (!others.some(meets)) return;
  }
  mark.y = y;
}

function width(count) {
  pen.font = FONT;
  return count > 1 ? 22 + pen.measureText(String(count)).width : 14;
}

// -- drawing --------------------------------------------------------------------------------------------------------
export function draw(context, tile, layers) {
  for (const { slug, area, colour } of layers) if (area) grounds(context, tile, (tile.rows?.get(slug) ?? []).filter((one) => one.type === 3), { area, colour });
  for (const mark of tile.marks_on) mark.count > 1 ? numbered(context, mark) : single(context, mark);
}

function grounds(context, tile, features, { area, colour }) {
  const path = new Path2D();
  for (const one of features) path.addPath(one.path);
  context.fillStyle = hatch(context, area, colour, tile.ratio);
  context.fill(path, "evenodd");
  context.lineWidth = area === "thin" ? 3 : 4.5;
  context.strokeStyle = "rgba(255,255,255,.85)";
  context.stroke(path);
  context.lineWidth = area === "thin" ? 1.3 : 2.2;
  context.strokeStyle = colour;
  context.stroke(path);
}

/** Lines far apart, so that what lies below stays readable: `sparse` one way, `thin` the other and fainter. They meet across tiles, since 16 and 8 divide 256. */
function hatch(context, area, colour, ratio) {
  const size = area === "thin" ? 8 : 16, turn = area === "thin" ? -1 : 1;
  const canvas = new OffscreenCanvas(size * ratio, size * ratio);
  const brush = canvas.getContext("2d");
  brush.scale(ratio, ratio);
  brush.fillStyle = `${colour}12`;
  brush.fillRect(0, 0, size, size);
  brush.strokeStyle = `${colour}${area === "thin" ? "60" : "99"}`;
  brush.beginPath();
  for (const shift of [-size, 0, size]) {
    brush.moveTo(shift - 2, turn > 0 ? -2 : size + 2);
    brush.lineTo(shift + size + 2, turn > 0 ? size + 2 : -2);
  }
  brush.stroke();
  const made = context.createPattern(canvas, "repeat");
  made.setTransform(new DOMMatrix([1 / ratio, 0, 0, 1 / ratio, 0, 0]));
  return made;
}

function single(context, { x, y, layer }) {
  context.save();
  context.translate(x, y);
  rimmed(context, paths.get(layer.shape), layer.colour);
  context.restore();
}

function rimmed(context, path, colour) {
  context.strokeStyle = "#ffffff";
  context.lineWidth = 3;
  context.stroke(path);
  context.fillStyle = colour;
  context.fill(path, "evenodd");
}

function numbered(context, { x, y, count, layer, wide }) {
  context.save();
  context.translate(x, y);
  rimmed(context, capsule(wide), layer.colour);
  context.font = FONT;
  context.textBaseline = "middle";
  context.fillStyle = "#ffffff";
  context.fillText(String(count), 17 - wide / 2, 0.5);
  context.translate(9.5 - wide / 2, 0);
  context.scale(0.68, 0.68);
  context.fill(paths.get(layer.shape), "evenodd");
  context.restore();
}

function capsule(wide, beyond = 0) {
  const path = new Path2D();
  path.roundRect(-wide / 2 - beyond, -HIGH / 2 - beyond, wide + 2 * beyond, HIGH + 2 * beyond, HIGH / 2 + beyond);
  return path;
}

/** Draw a ring around shapes that `shown` found. */
export function ring(context, shapes, width) {
  for (const [rim, colour] of [[width + 3, "#ffffff"], [width, "#111318"]]) {
    context.lineWidth = rim;
    context.strokeStyle = colour;
    for (const { path, x, y } of shapes) {
      context.save();
      context.translate(x, y);
      context.stroke(path);
      context.restore();
    }
  }
}

/** Where a row is on a tile: paths with their places; none where it is not, or its layer is off. */
export function shown(tile, layers, { slug, id }) {
  if (!id || !layers.some((one) => one.slug === slug)) return [];
  const grounds = (tile.rows?.get(slug) ?? []).filter((one) => one.type === 3 && one.id === id).map(({ path }) => ({ path, x: 0, y: 0 }));
  const marks = (tile.marks_on ?? []).filter((one) => one.layer.slug === slug && one.rows.some((row) => row.id === id));
  return [...grounds, ...marks.map(({ x, y, wide }) => ({ path: capsule(Math.max(wide, HIGH), 1.5), x, y }))];
}

// -- what lies there ------------------------------------------------------------------------------------------------
/** What lies under a pixel, the uppermost first: rows with slug, id and name; where they are counted together, their number and place. Ground comes last and says so. */
export function under(tile, layers, x, y) {
  const marks = (tile.marks_on ?? []).filter((one) => Math.abs(one.x - x) <= one.wide / 2 + 2 && Math.abs(one.y - y) <= HIGH / 2 + 1).reverse();
  const found = marks.flatMap(({ layer: { slug }, rows, count, x, y }) => (rows.length === count ? rows.map(({ id, name }) => ({ slug, id, name })) : [{ slug, count, x, y }]));
  for (const { slug, area } of layers) {
    if (!area) continue;
    for (const one of tile.rows?.get(slug) ?? []) if (one.type === 3 && within(one, x, y)) found.push({ slug, id: one.id, name: one.name, ground: true });
  }
  return found;
}

function within({ box, path }, x, y) {
  return x >= box[0] && y >= box[1] && x <= box[2] && y <= box[3] && pen.isPointInPath(path, x, y, "evenodd");
}

/** Rectangles of the marks that stand on a tile itself, as [x, y, half its width, half its height]: no name is written on them. */
export function taken(tile) {
  const inside = (at) => at >= 0 && at < PIXELS;
  return (tile.marks_on ?? []).filter(({ x, y }) => inside(x) && inside(y)).map(({ x, y, wide }) => [x, y, wide / 2, HIGH / 2]);
}

/** Names of ground, where there is room for them. */
export function names(tile, layers, extent) {
  if (tile.zoom < NAMED_FROM) return [];
  return layers.filter(({ area }) => area).flatMap(({ slug }) => tile.rows?.get(slug) ?? []).filter((one) => one.type === 3 && one.name).map(({ name, box }) => {
    const [left, top, right, bottom] = box;
    return { name, kind: "thing", room: right - left, x: (Math.max(0, left) + Math.min(PIXELS, right)) / 2, y: (Math.max(0, top) + Math.min(PIXELS, bottom)) / 2 };
  }).filter(({ name, room, x, y }) => room >= extent(name) && x > 0 && y > 0 && x < PIXELS && y < PIXELS);
}
