// Where a vertex that is dragged is pulled: to a vertex of another border within reach, else to an edge.
import { edge_key, edges, key_of } from "./planner-geometry.js";

const METRES = 111319.49; // of a degree of latitude

const rounded = ([lng, lat]) => [Math.round(lng * 1e8) / 1e8, Math.round(lat * 1e8) / 1e8];

/** Borders of leaves but for the edges that a vertex takes along (`at`), or the edge that is bent (`bend`). */
export function borders_beside(features, { at, bend }) {
  const moving = at ? key_of(at) : null, bent = bend ? edge_key(...bend) : null;
  const still = [...edges(features)].filter(([name, { ends }]) => name !== bent && !ends.some((end) => key_of(end) === moving)).map(([, { ends }]) => ends);
  const vertices = new Map([...edges(features).values()].flatMap(({ ends }) => ends).filter((end) => key_of(end) !== moving).map((end) => [key_of(end), end]));
  return { still, vertices: [...vertices.values()] };
}

/** Where a place is pulled within a reach in metres: {place, kind, away_m}; null where nothing is as near, or its `origin` is nearer. */
export function pulled({ still, vertices }, place, origin, reach_m) {
  const flat = (lng) => (lng - place[0]) * Math.cos((place[1] * Math.PI) / 180) * METRES, up = (lat) => (lat - place[1]) * METRES;
  const far = ([lng, lat]) => Math.hypot(flat(lng), up(lat)), most = Math.min(reach_m, far(origin));
  const nearest = (places) => places.reduce((best, one) => { const away_m = far(one); return away_m < (best?.away_m ?? most) ? { place: one, away_m } : best; }, null);
  const vertex = nearest(vertices);
  if (vertex) return { ...vertex, kind: "vertex" };
  const foot = ([[ax, ay], [bx, by]]) => {
    const x = flat(ax), y = up(ay), dx = flat(bx) - x, dy = up(by) - y, square = dx * dx + dy * dy;
    const t = square ? Math.max(0, Math.min(1, -(x * dx + y * dy) / square)) : 0;
    return [ax + t * (bx - ax), ay + t * (by - ay)];
  };
  const near = ([a, b]) => Math.min(flat(a[0]), flat(b[0])) < most && Math.max(flat(a[0]), flat(b[0])) > -most && Math.min(up(a[1]), up(b[1])) < most && Math.max(up(a[1]), up(b[1])) > -most;
  const edge = nearest(still.filter(near).map(foot));
  return edge && { place: rounded(edge.place), away_m: edge.away_m, kind: "edge" };
}
