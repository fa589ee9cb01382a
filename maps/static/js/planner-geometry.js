// Rings, edges and places of GeoJSON polygons, in degrees: pure, and only as exact as drawing needs.

/** Every ring of a polygon or multipolygon; none for anything else. */
export function rings({ type, coordinates }) {
  return type === "MultiPolygon" ? coordinates.flat() : type === "Polygon" ? coordinates : [];
}

/** The polygons a geometry is made of, each a list of rings. */
export function parts({ type, coordinates }) {
  return type === "MultiPolygon" ? coordinates : type === "Polygon" ? [coordinates] : [];
}

export const key_of = ([lng, lat]) => `${lng} ${lat}`;

/** The name of an edge, the same whichever way it is walked. */
export function edge_key(a, b) {
  const [one, other] = [key_of(a), key_of(b)];
  return one < other ? `${one}|${other}` : `${other}|${one}`;
}

/** Edges of features by name: their ends, and the codes of the leaves they border. */
export function edges(features) {
  const found = new Map();
  for (const { properties, geometry } of features) {
    for (const ring of rings(geometry)) {
      for (let k = 0; k + 1 < ring.length; k++) {
        const name = edge_key(ring[k], ring[k + 1]);
        if (!found.has(name)) found.set(name, { ends: [ring[k], ring[k + 1]], codes: [] });
        found.get(name).codes.push(properties.code);
      }
    }
  }
  return found;
}

/** Edges of some features that are not on any edge of others: a border that was merely noded is none of them. */
export function beyond(features, others) {
  const mine = edges(features), theirs = edges(others);
  const left = [...theirs.values()].filter(({ ends }) => !mine.has(edge_key(...ends)));
  return [...mine].filter(([name, { ends }]) => !theirs.has(name) && !covered(ends, left)).map(([, { ends }]) => ends);
}

/** Edges that only one of the leaves has, where they end together (`rim`), and those between leaves of two areas (`between`). */
export function outlines(features) {
  const above = new Map(features.map(({ properties }) => [properties.code, properties.parent])), all = [...edges(features).values()];
  const some = (which) => all.filter(which).map(({ ends }) => ends);
  return { rim: some(({ codes }) => codes.length === 1), between: some(({ codes }) => codes.length > 1 && codes.some((code) => above.get(code) !== above.get(codes[0]))) };
}

const NEAR = 2e-7; // degrees: two centimetres

/** Whether an edge runs along others, however they are cut. */
function covered([a, b], others) {
  return [0.02, 0.25, 0.5, 0.75, 0.98].every((t) => {
    const place = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
    return others.some(({ ends }) => near(place, ...ends));
  });
}

function near([x, y], [ax, ay], [bx, by]) {
  const dx = bx - ax, dy = by - ay, square = dx * dx + dy * dy;
  const t = square ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / square)) : 0;
  return Math.abs(ax + t * dx - x) < NEAR && Math.abs(ay + t * dy - y) < NEAR;
}

/** West, south, east, north of geometries; null for none. */
export function bounds_of(geometries) {
  let box = null;
  const walk = (one) => {
    if (typeof one[0] === "number") {
      box ??= [one[0], one[1], one[0], one[1]];
      box = [Math.min(box[0], one[0]), Math.min(box[1], one[1]), Math.max(box[2], one[0]), Math.max(box[3], one[1])];
    } else one.forEach(walk);
  };
  for (const one of geometries) one.geometries ? one.geometries.forEach(({ coordinates }) => walk(coordinates)) : walk(one.coordinates);
  return box;
}

/** A place well inside a polygon, [lng, lat]: the middle of the widest stretch of a few lines across its largest part. */
export function inner(geometry) {
  let best = null;
  for (const part of parts(geometry)) {
    const [west, south, east, north] = bounds_of([{ coordinates: part }]);
    for (const share of [0.5, 0.35, 0.65]) {
      const y = south + (north - south) * share;
      for (const [from, to] of stretches(part, y)) {
        const room = (to - from) * (share === 0.5 ? 1.25 : 1) * Math.sqrt((east - west) * (north - south));
        if (!best || room > best.room) best = { room, place: [(from + to) / 2, y] };
      }
    }
  }
  return best?.place ?? null;
}

function stretches(part, y) {
  const cuts = [];
  for (const ring of part) {
    for (let k = 0; k + 1 < ring.length; k++) {
      const [ax, ay] = ring[k], [bx, by] = ring[k + 1];
      if (ay > y !== by > y) cuts.push(ax + ((y - ay) / (by - ay)) * (bx - ax));
    }
  }
  cuts.sort((a, b) => a - b);
  return Array.from({ length: cuts.length >> 1 }, (_, k) => [cuts[2 * k], cuts[2 * k + 1]]);
}

/** The place half way along a line, [lng, lat]. */
export function halfway(line) {
  const steps = line.slice(1).map(([x, y], k) => Math.hypot((x - line[k][0]) * Math.cos((y * Math.PI) / 180), y - line[k][1]));
  let left = steps.reduce((sum, one) => sum + one, 0) / 2;
  for (let k = 0; k < steps.length; k++) {
    if (left <= steps[k] && steps[k]) {
      const t = left / steps[k];
      return [line[k][0] + t * (line[k + 1][0] - line[k][0]), line[k][1] + t * (line[k + 1][1] - line[k][1])];
    }
    left -= steps[k];
  }
  return line[0];
}

/** Places along a line, [lng, lat]: enough of them that no grid it crosses is missed. */
export function sampled(line, count = 60) {
  return line.slice(1).flatMap(([x, y], k) => Array.from({ length: count }, (_, n) => [line[k][0] + ((n + 0.5) / count) * (x - line[k][0]), line[k][1] + ((n + 0.5) / count) * (y - line[k][1])]));
}
