// Vertices that neighbours share, moved together: twins are known by their coordinates, a new one goes into both edges.
// The server is told the ground that grids gain (`transfer`), and decides what becomes of the rest.
import { edge_key, key_of, rings } from "./planner-geometry.js";
import { lies_in } from "./polygons.js";

const MOST = 30; // leaves loaded, and
const HANDLES = 80; // handles at once: the nearest to the middle of the map
const LONG_PX = 42; // an edge as long can be bent
const NUDGE_PX = 6;

/** The leaves chosen and one ring of neighbours, those that share a vertex with them; at most MOST. */
export function around(features, codes) {
  const chosen = features.filter((one) => codes.includes(one.properties.code));
  const mine = new Set(chosen.flatMap((one) => rings(one.geometry).flat().map(key_of)));
  const beside = features.filter((one) => !chosen.includes(one) && rings(one.geometry).flat().some((point) => mine.has(key_of(point))));
  return [...chosen, ...beside].slice(0, MOST);
}

/** Vertices of the chosen leaves that may be moved, and edges that may be bent: those with a leaf on either side. */
export function handles(features, codes) {
  const count = new Map(), sides = new Map(), places = new Map();
  for (const { properties, geometry } of features) {
    for (const ring of rings(geometry)) {
      for (let k = 0; k + 1 < ring.length; k++) {
        const name = edge_key(ring[k], ring[k + 1]);
        count.set(name, (count.get(name) ?? 0) + 1);
        if (codes.includes(properties.code)) { places.set(key_of(ring[k]), ring[k]); sides.set(name, [ring[k], ring[k + 1]]); }
      }
    }
  }
  const rim = new Set();
  for (const { geometry } of features) for (const ring of rings(geometry)) for (let k = 0; k + 1 < ring.length; k++) if (count.get(edge_key(ring[k], ring[k + 1])) === 1) { rim.add(key_of(ring[k])); rim.add(key_of(ring[k + 1])); }
  return { vertices: [...places].filter(([name]) => !rim.has(name)).map(([, place]) => place), bends: [...sides].filter(([name]) => count.get(name) > 1).map(([, ends]) => ends) };
}

/** Leaves with a vertex at another place, or (`bend`) with one more on the edge between two. */
export function moved(features, { at: place, bend, to }) {
  const made = [];
  for (const one of features) {
    let touched = false;
    const walk = (ring) => ring.flatMap((point, k) => {
      if (place && key_of(point) === key_of(place)) { touched = true; return [to]; }
      if (bend && k + 1 < ring.length && edge_key(point, ring[k + 1]) === edge_key(...bend)) { touched = true; return [point, to]; }
      return [point];
    });
    const { type, coordinates } = one.geometry;
    const found = type === "MultiPolygon" ? coordinates.map((part) => part.map(walk)) : coordinates.map(walk);
    if (touched) made.push({ ...one, geometry: { type, coordinates: found } });
  }
  return made;
}

/** Edges from the neighbours of a vertex to its new place, as lines. */
export function spokes(features, to) {
  const name = key_of(to), found = new Map();
  for (const { geometry } of features) for (const ring of rings(geometry)) for (let k = 0; k + 1 < ring.length; k++) if (key_of(ring[k]) === name || key_of(ring[k + 1]) === name) found.set(edge_key(ring[k], ring[k + 1]), [ring[k], ring[k + 1]]);
  return [...found.values()];
}

/** Changes that bring leaves to their new ground: each that gains some is given all of it. */
export function transfers(before, after, to) {
  const old = new Map(before.map((one) => [one.properties.code, one.geometry]));
  const gains = ({ properties, geometry }) => spokes([{ geometry }], to).some(([[ax, ay], [bx, by]]) => [0.05, 0.3, 0.5, 0.7, 0.95].some((t) => !lies_in({ lng: ax + t * (bx - ax), lat: ay + t * (by - ay) }, old.get(properties.code))));
  return after.filter(gains).map(({ properties, geometry }) => ({ kind: "transfer", drawn: geometry, to: properties.code }));
}

export class Vertices {
  /** `heard.bending(lines)` while something is dragged, `heard.moved(changes)` when it is let go. */
  constructor({ map, words, heard }) {
    Object.assign(this, { map, words, heard, group: L.layerGroup().addTo(map), features: [], codes: [] });
    map.on("moveend", () => this.place());
  }

  show(features, codes) {
    Object.assign(this, { features: around(features, codes), codes });
    this.found = codes.length ? handles(this.features, codes) : { vertices: [], bends: [] };
    this.place();
  }

  hide() {
    this.show([], []);
  }

  place() {
    this.group.clearLayers();
    if (!this.codes.length) return;
    const seen = this.map.getBounds(), middle = this.map.getCenter();
    const nearest = (list, at) => list.map((one) => ({ one, at: L.latLng(at(one)) })).filter((each) => seen.contains(each.at)).sort((a, b) => middle.distanceTo(a.at) - middle.distanceTo(b.at));
    const vertices = nearest(this.found.vertices, ([lng, lat]) => [lat, lng]).slice(0, HANDLES);
    const long = ([a, b]) => this.map.latLngToContainerPoint([a[1], a[0]]).distanceTo(this.map.latLngToContainerPoint([b[1], b[0]])) > LONG_PX;
    const bends = nearest(this.found.bends.filter(long), ([a, b]) => [(a[1] + b[1]) / 2, (a[0] + b[0]) / 2]).slice(0, HANDLES - Math.min(HANDLES, vertices.length));
    vertices.forEach(({ one, at }, k) => this.handle(at, { at: one }, this.words.t("plan.vertex", { n: k + 1 })));
    bends.forEach(({ one, at }, k) => this.handle(at, { bend: one }, this.words.t("plan.bend", { n: k + 1 })));
  }

  handle(at, what, alt) {
    const marker = L.marker(at, { draggable: true, autoPan: true, keyboard: true, pmIgnore: true, alt, title: alt, icon: L.divIcon({ className: `handle ${what.bend ? "bend" : ""}`, iconSize: [what.bend ? 10 : 14, what.bend ? 10 : 14] }) }).addTo(this.group);
    const icon = marker.getElement();
    icon.setAttribute("aria-label", alt);
    const to = () => { const { lat, lng } = marker.getLatLng(); return [Math.round(lng * 1e8) / 1e8, Math.round(lat * 1e8) / 1e8]; };
    const bend = () => { const place = to(); this.heard.bending(spokes(moved(this.features, { ...what, to: place }), place)); };
    const let_go = () => { const place = to(), after = moved(this.features, { ...what, to: place }); this.heard.bending([]); this.heard.moved(transfers(this.features, after, place)); };
    marker.on("drag", bend).on("dragend", let_go);
    let nudged = false;
    icon.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 1 : NUDGE_PX, ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      if (ways[event.key]) {
        marker.setLatLng(this.map.containerPointToLatLng(this.map.latLngToContainerPoint(marker.getLatLng()).add(ways[event.key])));
        nudged = true;
        bend();
      } else if (event.key === "Enter" && nudged) let_go();
      else if (event.key === "Escape" && nudged) { nudged = false; marker.setLatLng(at); this.heard.bending([]); }
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
}
