// The page of a business district: one state, three views of it (panel, map, URL).
import { Atlas } from "./atlas.js";
import { Chosen } from "./buildings.js";
import * as doors from "./district-doors.js";
import { DistrictPanel, BADGES } from "./district-panel.js";
import { el, find, say } from "./dom.js";
import { Language } from "./i18n.js";
import { keys } from "./keys.js";
import { layered, layers_door } from "./layers-door.js";
import { bounds_of, lies_in } from "./polygons.js";
import { fit, shell } from "./shell.js";
import { Sketch } from "./sketch.js";
import { COLOURS, UNIT_CODES, filled } from "./spot-codes.js";
import { State } from "./state.js";

const CODES_FROM = 16; // zoom from which a code is written in a building
const ROOM_PX = 22;
const POINT = "#17694a";
const ASIDE_PX = 24;
const SKELETON_MS = 200;

export default function start(map, boot) {
  new District(map, boot).begin();
}

class District {
  constructor(map, boot) {
    Object.assign(this, { map, boot, words: new Language(boot), full: null, hovered: null, view: null, at: boot.kept ? null : boot.at });
    this.state = new State({ within: boot.city.code, chosen: null, view: null });
    this.levels = boot.city.levels;
  }

  begin() {
    const { map, boot, words, state } = this;
    doors.open(boot);
    this.building = new Chosen({ map, boot, words, changed: () => this.mark(), doors: () => [] });
    this.panel = new DistrictPanel({ boot, words, heard: { choose: (one) => this.choose(one), hover: (one) => this.hover(one?.id ?? null), district: (id) => { location.href = doors.pages.district(id); }, drawn: () => this.mark() } });
    shell({ map, boot, words, state, go: (place) => fit(map, place.bounds) });
    this.atlas = new Atlas({ map, boot, state, words, grids: () => true, heard: {
      hover: () => {}, choose: () => this.choose(null), building: (id, at) => this.pick(id, at), over: (id) => this.hover(this.view?.buildings.some((one) => one.id === id) ? id : null),
      moved: () => this.building.show(), zoomed: () => {}, labels: (zoom) => this.labels(zoom),
    } });
    this.sketch = new Sketch(map).addTo(map);
    find(".tools").hidden = false;
    find(".tools .by").hidden = true;
    find(".tools .levels").hidden = true;
    find(".tools hr").hidden = true;
    layers_door(this);
    keys({ words, step: (by) => this.step(by), enter: () => {}, up: () => (this.building.id ? this.building.drop() : this.choose(null)) });
    window.addEventListener("beforeprint", () => this.view && (this.panel.all(), this.mark()));
    state.on((changed) => { if (changed.has("chosen")) this.opened(); });
    if (boot.district) this.fetch();
    else this.panel.empty(words.t("bd.no-districts"), words.t("bd.no-districts.import"), "/maps/import?kind=business-districts");
  }

  async fetch() {
    const wait = setTimeout(() => this.panel.skeleton(), SKELETON_MS);
    try {
      const [district, then] = await Promise.all([this.found(), this.at ? doors.grids(this.boot.district) : null]);
      clearTimeout(wait); // what is around it is no reason to hide it
      if (!district.counted) { this.unfound(then, district.reason); return; }
      if (then) district.leaves = then.leaves;
      const buildings = district.buildings.map((one, k) => ({ ...one, number: k + 1 }));
      this.view = { district, buildings, points: null, full: null, chosen: this.chosen() };
      if (!this.state.get("view_given")) fit(this.map, bounds_of(district.geometry), false);
      this.drawn();
      this.opened();
      this.view.points = await this.points(district.geometry);
      this.drawn();
    } catch (error) {
      this.panel.fail(this.words.t("error.values", { reason: error.message }), () => this.fetch());
    } finally {
      clearTimeout(wait);
    }
  }

  /** Service points inside a shape; why, where they did not arrive: what was read stays. */
  async points(shape) {
    const inside = ({ geometry }) => geometry && lies_in({ lng: geometry.coordinates[0], lat: geometry.coordinates[1] }, shape);
    try {
      return (await doors.service_points(bounds_of(shape))).filter(inside);
    } catch (error) {
      this.view.lost = this.words.t("error.values", { reason: error.message });
      return null;
    }
  }

  /** The district as a run found it; at another date, where none did, why. */
  async found() {
    const { boot, words } = this;
    if (this.at && !boot.forecast && !boot.run) return { reason: words.t("bd.none-then", { date: words.date(boot.at) }) };
    return doors.district(boot.district).catch((error) => {
      if (!this.at) throw error;
      return { reason: error.message };
    });
  }

  /** At a date of which no run tells: its ground and the grids it lies in. */
  unfound(district, reason) {
    if (!this.state.get("view_given")) fit(this.map, bounds_of(district.geometry), false);
    this.panel.bare(district, reason);
    this.atlas.paint({ level: this.levels.length - 1, levels: this.levels.length, borders: this.levels.length - 1, coloured: false, colours: [], ids: [], classes: [] }, true);
    this.sketch.show({ scope: district.geometry, group: null, lines: [] });
    find(".status .data").textContent = `${this.words.t("status.data")} ${this.words.t("status.boundaries", { n: district.edition.number })}`;
  }

  /** Panel, map, legend and status line of what is known. */
  drawn() {
    const { district } = this.view, { words } = this;
    this.panel.draw(this.view, { keepPlace: true });
    this.atlas.ran(district.run);
    this.atlas.paint({ level: this.levels.length - 1, levels: this.levels.length, borders: this.levels.length - 1, coloured: false, colours: [], ids: [], classes: [], codes: COLOURS }, true);
    this.sketch.show({ scope: district.geometry, group: null, lines: [] });
    this.legend();
    find(".status .data").textContent = [words.t("bd.status", { run: district.run.day, survey: district.run.surveyed_until ?? "–" }), words.sources(district.run.sources)].filter(Boolean).join(" · ");
    const { units } = district.counted, total = Object.values(units).reduce((sum, n) => sum + n, 0);
    find(".status .unknown").textContent = total ? words.t("status.not-known", { share: `${words.percent((units.U ?? 0) / total)}%`, n: words.n(units.U ?? 0), what: words.t("code.U") }) : "";
    this.map.getContainer().setAttribute("aria-label", words.t("bd.alt", { name: this.name() }));
    this.mark();
  }

  name() {
    const { name, name_en } = this.view.district.properties;
    return (this.words.lang === "en" && name_en) || name;
  }

  legend() {
    const { words, view } = this;
    const counts = {};
    for (const { code } of view.buildings) counts[code ?? "none"] = (counts[code ?? "none"] ?? 0) + 1;
    const item = (swatch, text, n) => el("li", {}, swatch, el("span", {}, text), el("span", {}, n));
    const rows = Object.keys(COLOURS).reverse().filter((code) => counts[code]).map((code) => item(el("i", filled(code)), words.t(`code.${code}`), words.n(counts[code])));
    if (counts.none) rows.push(item(el("i", { style: { background: "#e0ddd5" } }), words.t("bd.no-units"), words.n(counts.none)));
    const marks = view.points?.length ? el("ul", {}, item(el("i", { class: "lg-point", style: { background: POINT } }), words.t("bd.points"), words.n(view.points.length))) : null;
    for (const box of [find(".map .legend"), find(".legend-copy")]) {
      if (!box || (box.classList.contains("legend-copy") && !matchMedia("(max-width: 700px)").matches)) continue;
      box.hidden = false;
      box.replaceChildren(...[el("h3", {}, words.t("legend.states")), el("ul", {}, rows), marks, el("p", {}, words.t("legend.states.note"))].filter(Boolean).map((one) => one.cloneNode(true)), layered(box));
    }
  }

  labels(zoom) {
    if (!this.view) return [];
    const { district, buildings, points } = this.view;
    const numbered = buildings.slice(0, BADGES).map((one) => ({ badge: one.number, place: latlng(one.place) }));
    const [west, , east, north] = bounds_of(district.geometry);
    const served = (points ?? []).map(({ geometry, properties }) => ({ key: this.words.t("bd.point.letter"), colour: POINT, place: latlng(geometry.coordinates), shift: this.aside(geometry.coordinates), text: zoom >= 16 ? properties.name : undefined }));
    const shown = new Set(buildings.slice(0, BADGES).map((one) => one.id));
    const codes = zoom < CODES_FROM ? [] : this.atlas.tiles.names().filter((one) => one.kind === "state" && UNIT_CODES.includes(one.name) && !shown.has(one.id) && one.room >= ROOM_PX && lies_in(one.place, district.geometry)).map((one) => ({ kind: "code", text: one.name, place: one.place, room: one.room }));
    return [...numbered, ...served, { kind: "scope", text: this.name(), place: [north + 0.00006, (west + east) / 2] }, ...codes];
  }

  /** Pixels that a mark stands aside where it would hide the number of a building. */
  aside(place) {
    const at = (one) => this.map.latLngToContainerPoint(latlng(one));
    return this.view.buildings.slice(0, BADGES).some((one) => at(one.place).distanceTo(at(place)) < ASIDE_PX) ? ASIDE_PX : 0;
  }

  // -- choice -------------------------------------------------------------------------------------------------------
  chosen() {
    return Number(this.state.get("chosen")) || null;
  }

  hover(id) {
    if (id === this.hovered) return;
    this.hovered = id;
    this.map.getContainer().classList.toggle("pointing", Boolean(id));
    this.mark();
  }

  mark(follow = false) {
    const chosen = this.chosen();
    this.atlas.mark(0, 0, chosen ?? this.building.id, this.hovered ?? 0);
    this.panel.mark(this.hovered, chosen, follow);
    this.building.show();
  }

  /** A building of the list is opened there; another one on the map shows its card. */
  pick(id, at) {
    const one = this.view?.buildings.find((known) => known.id === id);
    if (one) this.choose(one, false);
    else if (!this.boot.kept) this.building.choose(id, at); // a file knows no others
  }

  choose(one, bring = true) {
    this.building.drop();
    const next = one && one.id !== this.chosen() ? one.id : null;
    this.state.set({ chosen: next && String(next) });
    if (!next) return;
    say(`${one.name}${one.code ? `，${this.words.t(`code.${one.code}`)}` : ""}`);
    if (bring && !this.map.getBounds().pad(-0.15).contains([one.place[1], one.place[0]])) this.map.panTo([one.place[1], one.place[0]]);
  }

  step(by) {
    const { buildings } = this.view ?? { buildings: [] };
    if (!buildings.length) return;
    const now = buildings.findIndex((one) => one.id === this.chosen());
    this.choose(buildings[now < 0 ? (by > 0 ? 0 : buildings.length - 1) : (now + by + buildings.length) % buildings.length]);
  }

  /** The chosen building with its floors and units, read when it is opened. */
  async opened() {
    if (!this.view) return;
    const id = this.chosen(), one = this.view.buildings.find((known) => known.id === id);
    this.panel.unit = null;
    Object.assign(this.view, { chosen: one?.id ?? null, full: null });
    if (one) this.panel.reach(one.id);
    this.redrawn();
    if (!one?.code) return;
    let full;
    try {
      full = await doors.building(id);
    } catch (error) {
      full = { failed: this.words.t("error.values", { reason: error.message }) };
    }
    if (this.chosen() !== id) return;
    this.view.full = full;
    this.redrawn();
  }

  redrawn() {
    this.panel.draw(this.view, { keepPlace: true });
    this.mark(true);
    this.atlas.labels.redraw();
  }
}

const latlng = ([lng, lat]) => [lat, lng];
