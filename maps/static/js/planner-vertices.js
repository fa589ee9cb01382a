// Vertices that neighbours share, moved together: twins are known by their coordinates, a new one goes into both edges.
// The server is told the ground that grids gain (`transfer`), and decides what becomes of the rest.
import { el } from "./dom.js";
import { edge_key, edges, key_of, rings } from "./planner-geometry.js";
import { borders_beside, pulled } from "./planner-snapping.js";
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

/** Edges from the neighbours of a vertex to its new place, as lines; those that were there before are none of them. */
export function spokes(before, after, to) {
  const name = key_of(to), old = edges(before);
  return [...edges(after)].filter(([key, { ends }]) => !old.has(key) && ends.some((end) => key_of(end) === name) && key_of(ends[0]) !== key_of(ends[1])).map(([, { ends }]) => ends);
}

/** Changes that bring leaves to their new ground: each that gains some is given all of it. */
export function transfers(before, after, to) {
  const old = new Map(before.map((one) => [one.properties.code, one]));
  const gains = (leaf) => { const was = old.get(leaf.properties.code); return spokes([was], [leaf], to).some(([[ax, ay], [bx, by]]) => [0.05, 0.3, 0.5, 0.7, 0.95].some((t) => !lies_in({ lng: ax + t * (bx - ax), lat: ay + t * (by - ay) }, was.geometry))); };
  return after.filter(gains).map(({ properties, geometry }) => ({ kind: "transfer", drawn: geometry, to: properties.code }));
}

export class Vertices {
  /** `heard.bending(lines)` while something is dragged; when it is let go `heard.moved(changes)`, a function of the leaves as they then are. */
  constructor({ map, words, snapping, heard }) {
    Object.assign(this, { map, words, snapping, heard, group: L.layerGroup().addTo(map), marks: new Map(), features: [], codes: [], in_hand: null });
    map.on("moveend", () => this.place());
  }

  show(features, codes) {
    Object.assign(this, { all: features, features: around(features, codes), codes });
    this.found = codes.length ? handles(this.features, codes) : { vertices: [], bends: [] };
    this.place();
  }

  hide() {
    this.show([], []);
  }

  /** Handles where the vertices are: those that stay are left alone, one that is in hand above all; one with the focus leaves it to the next. */
  place() {
    if (this.codes.length && this.in_hand?.()) return;
    this.in_hand = null;
    const wanted = this.codes.length ? this.wanted() : new Map(), held = [...this.marks.values()].find((one) => one.getElement() === document.activeElement)?.getLatLng();
    for (const [name, mark] of this.marks) {
      if (wanted.has(name) && mark.getLatLng().equals(wanted.get(name).at)) continue;
      this.group.removeLayer(mark);
      this.marks.delete(name);
    }
    for (const [name, { at, what, alt }] of wanted) {
      const mark = this.marks.get(name) ?? this.handle(at, what);
      this.marks.set(name, mark);
      for (const attribute of ["title", "aria-label"]) mark.getElement().setAttribute(attribute, alt);
    }
    const away = (one) => held.distanceTo(one.getLatLng());
    if (held && this.marks.size) [...this.marks.values()].reduce((best, one) => (away(one) < away(best) ? one : best)).getElement().focus({ preventScroll: true });
  }

  /** Handles in view by what they move, the nearest to the middle of the map. */
  wanted() {
    const seen = this.map.getBounds(), middle = this.map.getCenter();
    const nearest = (list, at) => list.map((one) => ({ one, at: L.latLng(at(one)) })).filter((each) => seen.contains(each.at)).sort((a, b) => middle.distanceTo(a.at) - middle.distanceTo(b.at));
    const vertices = nearest(this.found.vertices, ([lng, lat]) => [lat, lng]).slice(0, HANDLES);
    const long = ([a, b]) => this.map.latLngToContainerPoint([a[1], a[0]]).distanceTo(this.map.latLngToContainerPoint([b[1], b[0]])) > LONG_PX;
    const bends = nearest(this.found.bends.filter(long), ([a, b]) => [(a[1] + b[1]) / 2, (a[0] + b[0]) / 2]).slice(0, HANDLES - Math.min(HANDLES, vertices.length));
    return new Map([...vertices.map(({ one, at }, k) => [key_of(one), { at, what: { at: one }, alt: this.words.t("plan.vertex", { n: k + 1 }) }]),
      ...bends.map(({ one, at }, k) => [edge_key(...one), { at, what: { bend: one }, alt: this.words.t("plan.bend", { n: k + 1 }) }])]);
  }

  handle(at, what) {
    const marker = L.marker(at, { draggable: true, autoPan: true, keyboard: true, pmIgnore: true, icon: L.divIcon({ className: `handle ${what.bend ? "bend" : ""}`, iconSize: [what.bend ? 10 : 14, what.bend ? 10 : 14] }) }).addTo(this.group);
    const icon = marker.getElement(), from = placed(at);
    let borders = null, of = null, free = at, nudged = false; // `free` is where the pointer is, whatever the vertex is pulled to
    const bend = (holds) => {
      if (of !== this.all) { of = this.all; borders = borders_beside(of, what); }
      const is_exact = holds || !this.snapping.is_on, reach_m = this.snapping.metres(free), to = is_exact ? null : pulled(borders, placed(free), from, reach_m);
      marker.setLatLng(to ? [to.place[1], to.place[0]] : free);
      icon.classList.toggle("pulled", Boolean(to));
      this.tell(icon, to ? this.words.t(`plan.pulled.${to.kind}`, { m: this.words.n(to.away_m, 1) }) : this.words.t(is_exact ? "plan.pull.off" : "plan.pull", { m: this.words.n(reach_m, reach_m < 10 ? 1 : 0) }));
      const place = placed(marker.getLatLng());
      this.heard.bending(spokes(this.features, moved(this.features, { ...what, to: place }), place));
    };
    const let_go = () => {
      const to = placed(marker.getLatLng()), { codes } = this;
      this.in_hand = null;
      nudged = false;
      this.tell(icon, null);
      this.heard.bending([]);
      this.heard.moved((features) => { const beside = around(features, codes); return transfers(beside, moved(beside, { ...what, to }), to); });
    };
    icon.addEventListener("pointerdown", () => {
      this.in_hand = () => true;
      document.addEventListener("pointerup", () => { this.in_hand = null; }, { once: true });
    });
    marker.on("drag", ({ originalEvent }) => { free = marker.getLatLng(); bend(Boolean(originalEvent?.altKey)); }).on("dragend", let_go);
    icon.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 1 : NUDGE_PX, ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      if (ways[event.key]) {
        free = this.map.containerPointToLatLng(this.map.latLngToContainerPoint(free).add(ways[event.key]));
        nudged = true;
        this.in_hand = () => document.activeElement === icon;
        bend(event.altKey || event.shiftKey);
      } else if (event.key === "Enter" && nudged) let_go();
      else if (event.key === "Escape" && nudged) { nudged = false; free = at; marker.setLatLng(at); this.tell(icon, null); icon.classList.remove("pulled"); this.heard.bending([]); this.in_hand = null; this.place(); }
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return marker;
  }

  /** What happens to the vertex in hand, beside it; nothing when it is let go. */
  tell(icon, text) {
    icon.replaceChildren(...(text ? [el("span", { class: "pull" }, text)] : []));
  }
}

/** A place [lng, lat] to the eighth decimal, as it is sent. */
const placed = (latlng) => { const { lat, lng } = L.latLng(latlng); return [Math.round(lng * 1e8) / 1e8, Math.round(lat * 1e8) / 1e8]; };
