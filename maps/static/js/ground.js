// The ground a file holds (TopoJSON), cut into the tiles the painter asks for. Borders are shared arcs: thinned for a
// zoom once, they are the same line for both their neighbours.
import { boxed, degrees, walked, world } from "./world.js";

const PIXELS = 256;
const REACH = 8; // pixels beyond a tile's edge, as the server's tiles have them
const THIN_PX = 0.35;
const KEPT_ZOOMS = 3;
const STEPS = 1e7; // of a building's ring in a degree

export class Ground {
  /** A topology; `buildings` beside it are columns, their rings whole steps of 1e-7 degrees, each from the one before. */
  constructor({ transform, arcs, objects, buildings }) {
    this.arcs = arcs.map((arc) => projected(arc, transform));
    this.objects = objects;
    this.zooms = new Map();
    this.buildings = buildings ? stood(buildings) : [];
  }

  /** West, south, east, north of an area or a grid in degrees. */
  bounds(id) {
    const one = [...this.objects.areas.geometries, ...this.objects.grids.geometries].find((shape) => shape.id === id);
    return degrees(boxed(one.arcs.flat(2).map((name) => this.arcs[name < 0 ? ~name : name])));
  }

  /** Rings of an area or a grid in world coordinates (0..1), every vertex kept; none for an id that is not there. */
  rings(id) {
    const one = [...this.objects.areas.geometries, ...this.objects.grids.geometries].find((shape) => shape.id === id);
    return (one?.arcs.flat() ?? []).map((names) => joined(names.map((name) => (name < 0 ? reversed(this.arcs[~name]) : this.arcs[name]))));
  }

  /** Features of a tile by layer, as mvt.js reads them from a server's: paths in pixels of the tile. */
  tile(layer, z, x, y) {
    const at = { scale: PIXELS * 2 ** z, left: x * PIXELS, top: y * PIXELS };
    if (layer === "buildings") return { buildings: cut(this.buildings, at) };
    const drawn = this.zoom(z);
    if (layer === "base") return { base: cut(drawn.base.filter((one) => one.from <= z), at) };
    const { areas, grids, borders } = drawn;
    const deepest = Math.max(...borders.map((one) => one.level));
    if (layer === "grids") return { ground: cut(grids, at), borders: cut(borders.filter((one) => one.level === deepest), at) };
    return { ground: cut([...areas, ...grids.filter((one) => one.kind === "fallback")], at), borders: cut(borders.filter((one) => one.level < deepest), at) };
  }

  /** Shapes in world coordinates (0..1) with the vertices a zoom can show. */
  zoom(z) {
    if (!this.zooms.has(z)) {
      const arcs = this.arcs.map((arc) => thinned(arc, THIN_PX / (PIXELS * 2 ** z)));
      const line = (names) => joined(names.map((name) => (name < 0 ? reversed(arcs[~name]) : arcs[name])));
      const shape = ({ id, properties, arcs: parts, type }) => {
        const rings = type === "MultiPolygon" ? parts.flat().map(line) : parts.map(line);
        return { ...properties, id, type: type === "MultiPolygon" ? 3 : 2, rings, box: boxed(rings) };
      };
      const of = (name) => (this.objects[name]?.geometries ?? []).map(shape);
      this.zooms.set(z, { areas: of("areas"), grids: of("grids"), borders: of("borders"), base: of("base") });
      if (this.zooms.size > KEPT_ZOOMS) this.zooms.delete(this.zooms.keys().next().value);
    }
    return this.zooms.get(z);
  }
}

// -- buildings ------------------------------------------------------------------------------------------------------
function stood({ id, code, unknown, straddles, rings }) {
  const part = new Set(unknown), across = new Set(straddles);
  return id.map((one, k) => {
    const paths = rings[k].map((ring) => walked(ring, STEPS));
    return { id: one, type: 3, code: code[k] || undefined, has_unknown: part.has(one), straddles: across.has(one), rings: paths, box: boxed(paths) };
  });
}

// -- arcs -----------------------------------------------------------------------------------------------------------
function projected(steps, { scale, translate }) {
  const points = new Float64Array(steps.length * 2);
  let x = 0, y = 0;
  steps.forEach(([dx, dy], k) => {
    x += dx;
    y += dy;
    [points[2 * k], points[2 * k + 1]] = world(translate[0] + x * scale[0], translate[1] + y * scale[1]);
  });
  return points;
}

/** An arc without the points that stand within `near` of the last kept; its ends stay, and a ring keeps four. */
function thinned(arc, near) {
  const last = arc.length - 2;
  if (last < 8) return arc;
  const kept = [arc[0], arc[1]];
  for (let k = 2; k < last; k += 2) {
    if (Math.abs(arc[k] - kept.at(-2)) > near || Math.abs(arc[k + 1] - kept.at(-1)) > near) kept.push(arc[k], arc[k + 1]);
  }
  kept.push(arc[last], arc[last + 1]);
  return kept.length < 8 ? arc : kept;
}

function reversed(arc) {
  const turned = new Float64Array(arc.length);
  for (let k = 0; k < arc.length; k += 2) {
    turned[k] = arc[arc.length - 2 - k];
    turned[k + 1] = arc[arc.length - 1 - k];
  }
  return turned;
}

function joined(arcs) {
  if (arcs.length === 1) return arcs[0];
  const points = [];
  arcs.forEach((arc, k) => { for (let at = k ? 2 : 0; at < arc.length; at++) points.push(arc[at]); });
  return points;
}

// -- tiles ----------------------------------------------------------------------------------------------------------
function cut(shapes, { scale, left, top }) {
  const found = [];
  for (const one of shapes) {
    const box = [one.box[0] * scale - left, one.box[1] * scale - top, one.box[2] * scale - left, one.box[3] * scale - top];
    if (box[2] < -REACH || box[3] < -REACH || box[0] > PIXELS + REACH || box[1] > PIXELS + REACH) continue;
    const whole = box[0] >= -REACH && box[1] >= -REACH && box[2] <= PIXELS + REACH && box[3] <= PIXELS + REACH;
    const path = new Path2D(), points = [], seen = [];
    for (const ring of one.rings) {
      const line = Array.from(ring, (value, k) => value * scale - (k % 2 ? top : left));
      if (one.type === 3) {
        seen.push(whole ? line : clipped(line));
        draw(path, seen.at(-1), true);
      } else for (const stretch of whole ? [line] : stretches(line)) { draw(path, stretch, false); points.push(...stretch); }
    }
    const { rings, ...told } = one;
    found.push({ ...told, box: whole || !seen.length ? box : boxed(seen), path, points });
  }
  return found;
}

function draw(path, line, closes) {
  if (line.length < 4) return;
  path.moveTo(line[0], line[1]);
  for (let k = 2; k < line.length; k += 2) path.lineTo(line[k], line[k + 1]);
  if (closes) path.closePath();
}

/** A ring cut to the tile, side by side (Sutherland and Hodgman): far vertices would cost more than they show. */
function clipped(ring) {
  let points = ring;
  for (const [axis, sign, bound] of [[0, 1, -REACH], [0, -1, -PIXELS - REACH], [1, 1, -REACH], [1, -1, -PIXELS - REACH]]) {
    const kept = [];
    const depth = (k) => sign * points[k + axis] - bound;
    for (let k = 0; k < points.length; k += 2) {
      const before = (k || points.length) - 2;
      const now = depth(k), then = depth(before);
      if ((now >= 0) !== (then >= 0)) {
        const share = then / (then - now);
        kept.push(points[before] + share * (points[k] - points[before]), points[before + 1] + share * (points[k + 1] - points[before + 1]));
      }
      if (now >= 0) kept.push(points[k], points[k + 1]);
    }
    points = kept;
  }
  return points;
}

/** The stretches of a line that may be seen in the tile, whole segments. */
function stretches(line) {
  const found = [];
  let open = null;
  for (let k = 0; k + 3 < line.length; k += 2) {
    const [ax, ay, bx, by] = [line[k], line[k + 1], line[k + 2], line[k + 3]];
    const away = Math.max(ax, bx) < -REACH || Math.max(ay, by) < -REACH || Math.min(ax, bx) > PIXELS + REACH || Math.min(ay, by) > PIXELS + REACH;
    if (away) { open = null; continue; }
    if (!open) found.push(open = [ax, ay]);
    open.push(bx, by);
  }
  return found;
}
