// The map of a page: painted tiles, labels, hover and choice. What it shows is told to it; what is pointed at it tells.
import { el, find } from "./dom.js";
import { Labels } from "./labels.js";
import { WorkerTiles } from "./tiles.js";
import { fit } from "./shell.js";
import { METRES_A_PIXEL } from "./values.js";

const NAMED_FROM_PX = 24; // a level whose usual area is narrower has no borders in ink, and no names

export class Atlas {
  /** `grids(zoom)` says whether leaves are wanted at first. `heard` has hover(id), choose(id), building(id, place) and over(id) of buildings, moved(), zoomed() and labels(zoom) → labels by priority. */
  constructor({ map, boot, state, words, heard, grids }) {
    Object.assign(this, { map, boot, state, words, heard });
    map.options.zoomAnimation = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    map.createPane("labels").style.zIndex = 450;
    map.getPane("labels").style.pointerEvents = "none";
    const view = state.get("view");
    if (view) map.setView([view.lat, view.lng], view.zoom, { animate: false });
    else fit(map, boot.within ?? boot.bounds, false);
    this.grids = grids(map.getZoom());
    const levels = boot.city.levels.length;
    this.tiles = new WorkerTiles({
      url: boot.tiles, within: boot.ground ? null : boot.bounds, base: boot.base ?? true, buildings: boot.buildings, spots: drawn_of(boot), ground: boot.ground, levels, gridsFrom: boot.grids_from, maxZoom: map.getMaxZoom(), minZoom: 7,
      needsGrids: () => this.grids, failed: (count) => this.failed(count),
    }).addTo(map);
    this.things = null; // the layers menu, once it is there: over(things, place), choose(things, place), drop()
    this.labels = new Labels({ candidates: (zoom) => [...heard.labels(zoom), ...this.names()], obstacles: () => this.obstacles() }).addTo(map);
    this.tiles.on("load repainted", () => this.labels.redraw());
    this.follow();
    this.point();
  }

  follow() {
    const keep = () => {
      const { lat, lng } = this.map.getCenter();
      this.state.set({ view: { lat, lng, zoom: this.map.getZoom() } });
    };
    this.map.on("moveend", () => { keep(); this.heard.moved(); });
    this.map.on("zoomend", () => this.heard.zoomed(this.map.getZoom()));
    new ResizeObserver(() => this.map.invalidateSize({ pan: false })).observe(this.map.getContainer());
    keep();
  }

  point() {
    let waiting = null;
    this.map.on("mousemove", ({ latlng }) => {
      if (this.map.dragging.moving()) return; // the ground goes with the pointer
      if (waiting) { waiting = latlng; return; }
      waiting = latlng;
      requestAnimationFrame(async () => {
        const at = waiting;
        waiting = null;
        if (!at) return;
        this.things?.over(await this.tiles.rows_at(at), at);
        if (this.heard.over) this.heard.over(await this.tiles.at(at, true));
        this.heard.hover(await this.tiles.at(at));
      });
    });
    this.map.on("mouseout", () => { waiting = null; this.things?.over([]); this.heard.over?.(0); this.heard.hover(0); });
    this.map.on("click", async ({ latlng }) => {
      const things = this.things ? await this.tiles.rows_at(latlng) : [];
      if (things.some((one) => !one.ground)) { this.things.choose(things, latlng); return; }
      const building = this.heard.building && (this.boot.buildings || this.boot.spots) ? await this.tiles.at(latlng, true) : 0;
      if (things.length && !building) { this.things.choose(things, latlng); return; }
      this.things?.drop();
      if (building) this.heard.building(building, latlng);
      else this.heard.choose(await this.tiles.at(latlng));
    });
  }

  /** Paint; `grids` says whether leaves are wanted, and fetches them when they were not there before. */
  paint(style, grids) {
    this.tiles.restyle(style);
    if (grids !== this.grids) {
      this.grids = grids;
      this.tiles.redraw();
    }
    this.labels.redraw();
  }

  /** Show what another run found; nothing happens where it is shown already. */
  ran(run) {
    const drawn = drawn_of({ spots: this.boot.spots, run });
    if (drawn?.tiles !== this.tiles.options.spots?.tiles) this.tiles.change("spots", drawn);
  }

  mark(hover, chosen, building = 0, pointed = 0) {
    this.tiles.mark({ hover, chosen, building, pointed });
  }

  names() {
    return this.tiles.names().filter(({ kind }) => kind !== "state").map(({ name, kind, place, angle, room }) => ({ text: name, kind, place, angle, room: kind === "green" ? room : undefined }));
  }

  /** Rectangles, in pixels of the map, of everything that floats above it, and of the marks of layers. */
  obstacles() {
    const home = this.map.getContainer().getBoundingClientRect();
    const floating = [...document.querySelectorAll(".map .float, .map .tip, .map .status")].filter((one) => !one.hidden && one.offsetParent).map((one) => {
      const box = one.getBoundingClientRect();
      return { left: box.left - home.left, right: box.right - home.left, top: box.top - home.top, bottom: box.bottom - home.top };
    });
    return [...floating, ...this.tiles.taken()];
  }

  failed(count) {
    let box = find(".map .failed");
    if (!box) {
      box = el("p", { class: "float at-br failed", role: "alert" });
      find(".map").append(box);
      this.tiles.on("loading", () => box.remove());
    }
    box.textContent = this.words.t("error.tile", { n: count });
  }
}

/** Tiles of what a run found: their address has its number, so there are none before it is known. */
function drawn_of({ spots, run }) {
  return spots && (run || !spots.tiles.includes("{run}")) ? { ...spots, tiles: spots.tiles.replace("{run}", run?.number) } : undefined;
}

/** Label of a place if it is due at this zoom; `below` = levels between it and the grids, `breadths` as the values have them. */
export function label(row, below, zoom, { breadths = [], second, text = row.name } = {}) {
  const [kind, from, to] = [["grid", 15, 22], ["community", 12, 22], ["subdistrict", 10, 22], ["district", 7, 11]][Math.min(below, 3)];
  const narrow = (level) => level > 1 && breadths[level] * 2 ** zoom < NAMED_FROM_PX;
  const last = below === 3 && narrow(row.level + 1) ? 22 : to;
  if (zoom < from || zoom > last || narrow(row.level) || row.kind === "fallback") return null;
  const pixel = (METRES_A_PIXEL * Math.cos((row.lat * Math.PI) / 180)) / 2 ** zoom;
  const width = row.bounds ? ((row.bounds[2] - row.bounds[0]) * 111_320 * Math.cos((row.lat * Math.PI) / 180)) / pixel : Math.sqrt(row.area_m2) / pixel;
  if (kind === "community" && width < 70) return null;
  return { text, kind, place: [row.lat, row.lng], room: below >= 3 ? undefined : width * (below === 2 ? 1.3 : 0.92), second };
}
