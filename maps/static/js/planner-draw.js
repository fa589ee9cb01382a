// Lines and polygons drawn by pointer (Leaflet-Geoman), by a cross-hair that the arrow keys move, or as typed coordinates.
// What is half drawn is kept in the browser, so that who reloads the page or closes it loses nothing.
import { el, find, say } from "./dom.js";
import { SNAP_PX } from "./planner-snap.js";

const STEP_PX = 12, FINE_PX = 1; // of the cross-hair, and with Shift
const ACCENT = "#2f4bb8";

export class Drawing {
  /** `heard.done(geometry)` hears a finished drawing, `heard.points(n)` how many places it has by now, `heard.cancelled()`. */
  constructor({ map, words, plan, snapping, heard }) {
    Object.assign(this, { map, words, heard, snapping, kept: `gridatlas.plan.${plan}.half`, shape: null, cross: null });
    map.createPane("snap").style.pointerEvents = "none";
    this.renderer = L.canvas({ pane: "snap" });
    this.snaps = L.layerGroup().addTo(map);
    map.pm.setGlobalOptions({ snappable: snapping.is_on, snapDistance: SNAP_PX, snapMiddle: false, allowSelfIntersection: true, tooltips: false });
    map.doubleClickZoom.disable(); // the click that ends a line is not meant for the map
    map.on("pm:create", ({ layer }) => this.created(layer));
    map.on("pm:drawstart", ({ workingLayer }) => {
      workingLayer.on("pm:vertexadded pm:vertexremoved", () => this.keep());
    });
    map.on("mousemove", () => this.aim(true)); // before that the library's mark stands somewhere nobody points at
    document.addEventListener("keydown", (event) => this.key(event));
  }

  aim(is) {
    this.map.getContainer().classList.toggle("aiming", is);
  }

  get active() {
    return this.shape !== null;
  }

  /** What a drawing snaps to: these leaves. */
  snap_to(features) {
    this.snaps.clearLayers();
    for (const one of features) L.geoJSON(one, { renderer: this.renderer, pane: "snap", stroke: false, fill: false, interactive: false }).eachLayer((layer) => this.snaps.addLayer(layer));
  }

  /** Snap from now on, or no more, in the middle of a line too. */
  snap(is_on) {
    const draw = this.active && this.draw();
    this.map.pm.setGlobalOptions({ snappable: is_on });
    if (draw && !is_on) draw._cleanupSnapping({ target: draw._hintMarker }); // else the next place is where it snapped last
  }

  /** What was half drawn before the page was left: {tool, shape, points, codes}, or null. */
  get half() {
    return JSON.parse(localStorage.getItem(this.kept) ?? "null");
  }

  /** Begin a `Line` or a `Polygon` for the grids of these codes; what was half drawn of the same before comes back. */
  begin(shape, tool, codes) {
    this.codes = codes;
    if (this.shape === shape && this.tool === tool) return;
    this.stop();
    Object.assign(this, { shape, tool });
    this.aim(false);
    const look = { color: ACCENT, weight: 2.6 };
    this.map.pm.enableDraw(shape, { finishOn: "dblclick", snappable: this.snapping.is_on, templineStyle: look, hintlineStyle: { ...look, dashArray: "5 5" }, pathOptions: look, continueDrawing: false });
    const { half } = this;
    if (half?.tool === tool && half.shape === shape) for (const [lng, lat] of half.points) this.add({ lat, lng });
    this.heard.points(this.points().length);
  }

  /** End without a result. */
  stop(forget = false) {
    if (forget) localStorage.removeItem(this.kept);
    if (!this.shape) return;
    this.shape = null;
    this.hide_cross();
    this.map.pm.disableDraw();
  }

  draw() {
    return this.map.pm.Draw[this.shape];
  }

  points() {
    return this.shape ? this.draw()._layer.getLatLngs().map(({ lat, lng }) => [lng, lat]) : [];
  }

  keep() {
    if (!this.shape) return;
    this.keep_half({ tool: this.tool, shape: this.shape, points: this.points(), codes: this.codes });
    this.heard.points(this.points().length);
  }

  keep_half(half) {
    localStorage.setItem(this.kept, JSON.stringify(half));
  }

  /** A drawing that did not reach the server is half drawn again. */
  again(tool, { type, coordinates }, codes) {
    const is_line = type === "LineString";
    this.keep_half({ tool, shape: is_line ? "Line" : "Polygon", points: is_line ? coordinates : coordinates[0].slice(0, -1), codes });
  }

  /** Another place, snapped as the pointer's would be. */
  add(latlng) {
    const draw = this.draw(); // the library has no public way to add a vertex; its version is pinned
    draw._syncHintMarker({ latlng: L.latLng(latlng) });
    draw._createVertex({ latlng: L.latLng(latlng) });
  }

  back() {
    if (this.points().length > 1) this.draw()._removeLastVertex();
    else { const { shape, tool } = this; this.stop(true); this.begin(shape, tool); }
    this.keep();
  }

  finish() {
    const least = this.shape === "Line" ? 2 : 3;
    if (this.points().length >= least) this.draw()._finishShape();
    else say(this.words.t("plan.draw.more"));
  }

  created(layer) {
    const { geometry } = layer.toGeoJSON(8);
    layer.remove();
    this.shape = null;
    this.hide_cross();
    localStorage.removeItem(this.kept);
    queueMicrotask(() => this.heard.done(geometry)); // the library puts its tool away after this, and would put away the next
  }

  // -- keyboard ---------------------------------------------------------------------------------------------------------
  key(event) {
    if (!this.active || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") || event.target.closest("input, textarea, select, .panel, .bar")) return;
    const step = event.shiftKey ? FINE_PX : STEP_PX;
    const ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const acts = { Enter: () => this.cross && this.press(), Backspace: () => this.back(), f: () => this.finish() };
    const on_map = event.target === document.body || event.target.closest(".map") && !event.target.closest("button, a");
    if (ways[event.key] && on_map) this.move(ways[event.key]);
    else if (acts[event.key] && on_map) acts[event.key]();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  /** The cross-hair appears in the middle of the map and goes with the arrow keys; the map follows it. */
  move([x, y]) {
    const { map } = this;
    map.keyboard.disable();
    this.cross ??= { at: map.getCenter(), mark: el("i", { class: "cross", "aria-hidden": "true" }) };
    if (!this.cross.mark.isConnected) {
      find(".map").append(this.cross.mark);
      map.on("move", this.follow, this);
    } else {
      const point = map.latLngToContainerPoint(this.cross.at).add([x, y]), size = map.getSize();
      this.cross.at = map.containerPointToLatLng(point);
      if (point.x < 40 || point.y < 40 || point.x > size.x - 40 || point.y > size.y - 40) map.panTo(this.cross.at, { animate: false });
    }
    this.draw()._syncHintMarker({ latlng: this.cross.at });
    this.follow();
    say(this.words.t("plan.draw.at", { lng: this.cross.at.lng.toFixed(6), lat: this.cross.at.lat.toFixed(6) }));
  }

  follow() {
    const { x, y } = this.map.latLngToContainerPoint(this.cross.at);
    Object.assign(this.cross.mark.style, { left: `${x}px`, top: `${y}px` });
  }

  /** Enter: a place here; at the last place again, the end. */
  press() {
    const last = this.points().at(-1), { at } = this.cross;
    if (last && this.map.latLngToContainerPoint([last[1], last[0]]).distanceTo(this.map.latLngToContainerPoint(at)) < 3) this.finish();
    else this.add(at);
  }

  hide_cross() {
    if (!this.cross) return;
    this.map.off("move", this.follow, this);
    this.cross.mark.remove();
    this.cross = null;
    this.map.keyboard.enable();
  }
}
