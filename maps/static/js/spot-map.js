// Blind spots on the map: buildings or grids by their state, far away areas by their score; marks, outlines and lines.
import { label } from "./atlas.js";
import { say } from "./dom.js";
import { bounds_of, lies_in } from "./polygons.js";
import { COLOURS, GRID_COLOURS, HELPER, UNIT_CODES } from "./spot-codes.js";
import { CLASSES, class_of } from "./spot-areas.js";
import { NOTHING } from "./legend.js";
import { Sketch } from "./sketch.js";
import { fit } from "./shell.js";
import { letter, nearest } from "./spot-near.js";
import { BADGES } from "./spot-panel.js";
import { METRES_A_PIXEL } from "./values.js";

const CODES_FROM = 16; // zoom from which a code is written in a building
const ROOM_PX = 22;
const NEAR = 17; // zoom at which a building chosen in the list is shown
const GRID_PX = 400;
const ASIDE_PX = 24;
const GAP = 0.00006; // degrees between a shape and what is written beside it

/** Whether a zoom shows areas in place of buildings. */
export function is_far(boot, state, zoom) {
  return state.get("by") === "building" && Math.round(zoom) < boot.spots.from;
}

export class SpotMap {
  /** `shaded()` is called when what is shown far away has come. */
  constructor({ map, boot, words, state, atlas, list, shaded }) {
    Object.assign(this, { map, boot, words, state, atlas, list, heard: shaded, spot: null, shading: null });
    this.sketch = new Sketch(map).addTo(map);
    this.levels = boot.city.levels;
    this.deepest = this.levels.length - 1;
    const alt = words.t("spots.alt");
    map.getContainer().setAttribute("aria-label", alt);
    this.ask();
  }

  /** Whether areas are shown in place of buildings now. */
  is_far() {
    return is_far(this.boot, this.state, this.map.getZoom());
  }

  /** Have what areas are shaded by asked for, where it is shown. */
  ask() {
    if (this.is_far()) this.shading ??= this.shade();
  }

  /** What the areas shown come to, by class; null where buildings or grids are shown. */
  areas() {
    return this.is_far() ? this.shaded ?? null : null;
  }

  draw(view) {
    this.view = view;
    if (view.run?.number > this.shaded?.run) this.shading = null; // another run found something else
    this.ask();
    this.redraw();
  }

  async shade() {
    try {
      this.shaded = this.summed(await this.list.shaded());
      this.redraw();
      this.heard();
    } catch (error) {
      this.shading = null; // asked for again when the map moves
      say(this.words.t("error.values", { reason: error.message }));
      this.redraw();
    }
  }

  redraw() {
    const { view } = this;
    if (!view || (this.is_far() && this.shading && !this.shaded)) return; // what is on its way is painted once, when it is here
    const style = this.is_far() && this.shaded ? this.far() : view.by === "grid" ? this.grids() : this.near();
    const place = view.chain.at(-1);
    this.atlas.paint({ levels: this.levels.length, breadths: this.list.areas.breadths, scope: view.district || !place || place.level === 0 ? 0 : place.id, ...style }, !this.is_far());
    this.outline();
  }

  near() {
    const { codes } = this.view;
    const unlit = codes.size ? Object.keys(COLOURS).filter((code) => !codes.has(code)) : [];
    return { level: this.deepest, borders: this.deepest, coloured: false, colours: [], ids: [], classes: [], codes: COLOURS, unlit };
  }

  grids() {
    const { leaves, grids } = this.list, { codes } = this.view;
    const lit = (code) => !codes.size || codes.has(code);
    const of = ({ code }) => (grids.get(code) === "U" && lit("U") ? -1 : grids.get(code) === "G2" && lit("G2") ? 0 : 1);
    return { level: this.deepest, coloured: true, colours: [GRID_COLOURS.G2, NOTHING], ids: leaves.rows.map((row) => row.id), classes: leaves.rows.map(of) };
  }

  far() {
    const { areas } = this.list;
    return { level: areas.level, coloured: true, through: true, colours: CLASSES.map((one) => one.colour), ids: areas.rows.map((row) => row.id), classes: areas.rows.map((row) => this.shaded.of.get(row.id) ?? 0) };
  }

  summed({ run, level, id, code, score }) {
    const of = new Map(id.map((one, k) => [one, class_of(code[k], score[k])]));
    const rows = this.list.areas.rows;
    const counts = CLASSES.map((_, k) => rows.filter((row) => (of.get(row.id) ?? 0) === k).length);
    return { run, level, of, counts, total: rows.length, unknown: rows.filter((row) => of.get(row.id) === -1).length };
  }

  // -- what is chosen -----------------------------------------------------------------------------------------------
  mark({ chosen, hovered, building }) {
    this.spot = chosen;
    const grids = this.state.get("by") === "grid";
    const id = (spot) => (grids && spot ? this.list.leaves?.code.get(spot.id.split("/")[1])?.id ?? 0 : 0);
    this.marked = [id(hovered), id(chosen), chosen?.building ?? building ?? 0, hovered?.building ?? 0];
    this.atlas.mark(...this.marked);
    this.outline();
    this.atlas.labels.redraw();
  }

  /** An area far away that is pointed at. */
  point(id) {
    const there = this.areas() ? id : 0;
    if (there === this.pointed) return;
    this.pointed = there;
    this.map.getContainer().classList.toggle("pointing", Boolean(there));
    const [, chosen = 0, building = 0, over = 0] = this.marked ?? [];
    this.atlas.mark(there, chosen, building, over);
  }

  hidden(what) {
    return this.state.get("hide").split(",").includes(what);
  }

  helpers() {
    return this.spot?.place && !this.hidden("lines") ? nearest(this.spot.helpers).filter((one) => one.place) : [];
  }

  outline() {
    const { spot } = this;
    const from = spot?.place && latlng(spot.place);
    this.sketch.show({
      scope: this.view?.district?.geometry ?? null,
      group: spot && !this.hidden("joint") ? spot.group?.outline ?? null : null,
      lines: this.helpers().map((one) => [from, latlng(one.place)]),
    });
  }

  labels(zoom) {
    if (!this.view) return [];
    const { view, list } = this;
    const numbered = view.spots.slice(0, BADGES).filter((spot) => spot.place).map((spot) => ({ badge: spot.place_in_list, place: latlng(spot.place) }));
    const names = list.areas ? [...list.areas.above.filter((row) => row.level > 0), ...list.areas.rows].map((row) => label(row, this.deepest - row.level, zoom, list.areas)).filter(Boolean) : [];
    return [...numbered, ...this.told(), ...this.scope(), ...this.codes(zoom), ...names];
  }

  /** Who could help, how far away, and whom the proposed joint branch would hold. */
  told() {
    const { words, spot } = this;
    const found = this.helpers();
    const keys = found.map((one, k) => ({ key: letter(words, k), colour: HELPER, place: latlng(one.place), text: one.name, shift: this.aside(one, k) }));
    const metres = found.filter((one) => !this.aside(one, 0)).map((one) => ({ kind: "metres", text: words.t("unit.m", { n: words.n(one.distance_m) }), place: between(spot.place, one.place, 0.58) }));
    const outline = !this.hidden("joint") && spot?.group?.outline;
    const group = outline ? [{ kind: "proposal", text: words.t("spots.joint.label", { members: spot.group.members, units: spot.group.units }), place: below(outline) }] : [];
    return [...keys, ...metres, ...group];
  }

  /** Pixels that a helper's mark stands aside, where it would hide the number of the blind spot itself; 0 elsewhere. */
  aside(one, k) {
    const [from, to] = [this.spot.place, one.place].map((at) => this.map.latLngToContainerPoint(latlng(at)));
    return from.distanceTo(to) < ASIDE_PX ? ASIDE_PX * (k + 1) : 0;
  }

  scope() {
    const { district } = this.view;
    if (!district) return [];
    const { name, name_en } = district.properties;
    return [{ kind: "scope", text: (this.words.lang === "en" && name_en) || name, place: above(district.geometry) }];
  }

  codes(zoom) {
    if (zoom < CODES_FROM || this.view.by === "grid") return [];
    const { codes, spots, district } = this.view;
    const numbered = new Set(spots.slice(0, BADGES).map((spot) => spot.building));
    return this.atlas.tiles.names().filter((one) => one.kind === "state" && UNIT_CODES.includes(one.name) && !numbered.has(one.id) && one.room >= ROOM_PX && (!codes.size || codes.has(one.name)) && (!district || lies_in(one.place, district.geometry)))
      .map((one) => ({ kind: "code", text: one.name, place: one.place, room: one.room }));
  }

  /** Go to a blind spot: near enough to see it, and no nearer than the reader is already. */
  go(spot) {
    if (!spot.place) return;
    const at = latlng(spot.place), zoom = Math.min(NEAR, this.fitting(spot));
    if (this.map.getZoom() < Math.min(zoom, this.boot.spots.from + 2)) this.map.setView(at, zoom, { animate: false });
    else if (!this.map.getBounds().pad(-0.12).contains(at)) this.map.panTo(at);
  }

  /** Zoom at which a grid is about 400 pixels wide; a building fits at any. */
  fitting(spot) {
    const row = spot.building ? null : this.list.leaves?.code.get(spot.grid);
    if (!row) return Infinity;
    const metres = Math.sqrt(row.area_m2) / Math.cos((row.lat * Math.PI) / 180);
    return Math.floor(2 * Math.log2((GRID_PX * METRES_A_PIXEL) / metres)) / 2;
  }

  /** Bring several places [lng, lat] into view together. */
  bring(places) {
    const found = places.filter(Boolean);
    if (!found.length) return;
    const [lngs, lats] = [0, 1].map((axis) => found.map((one) => one[axis]));
    fit(this.map, [Math.min(...lngs), Math.min(...lats), Math.max(...lngs), Math.max(...lats)]);
  }
}

const latlng = ([lng, lat]) => [lat, lng];
const between = (a, b, share) => [a[1] + (b[1] - a[1]) * share, a[0] + (b[0] - a[0]) * share];


/** A place under, or over, the middle of a shape. */
function below(shape) {
  const [west, south, east] = bounds_of(shape);
  return [south - GAP, (west + east) / 2];
}

function above(shape) {
  const [west, , east, north] = bounds_of(shape);
  return [north + GAP, (west + east) / 2];
}
