// The page of blind spots: one state, three views of it (panel, map, URL).
import { Atlas } from "./atlas.js";
import { Chosen } from "./buildings.js";
import { find, say } from "./dom.js";
import { Language } from "./i18n.js";
import { keys } from "./keys.js";
import { layers_door } from "./layers-door.js";
import { fit, shell } from "./shell.js";
import { Decisions } from "./spot-acts.js";
import { writes } from "./spot-doors.js";
import { legend } from "./spot-legend.js";
import { SpotList } from "./spot-list.js";
import { SpotMap, is_far } from "./spot-map.js";
import { SpotPanel } from "./spot-panel.js";
import { UNIT_CODES } from "./spot-codes.js";
import { ranked, weights_sheet } from "./spot-weights.js";
import { dated, stale, tools } from "./spot-shell.js";
import { State } from "./state.js";

const SKELETON_MS = 200;

export default function start(map, boot) {
  new BlindSpots(map, boot).begin();
}

class BlindSpots {
  constructor(map, boot) {
    this.map = map;
    this.boot = boot;
    this.words = new Language(boot);
    this.state = new State({ within: boot.scope?.within ?? boot.city.code, district: boot.scope?.district ?? null, by: "building", codes: "", chosen: null, hide: "", view: null });
    if (boot.scope) Object.assign(this.state.values, { within: boot.scope.within ?? boot.city.code, district: boot.scope.district }); // whatever the address says
    if (!["building", "grid"].includes(this.state.get("by"))) this.state.values.by = "building";
    this.list = new SpotList({ boot, state: this.state, words: this.words });
    this.trial = null;
    this.full = null;
    this.hovered = null;
    this.asked = 0;
  }

  begin() {
    const { map, boot, words, state } = this;
    this.panel = new SpotPanel({ boot, words, heard: this.listeners() });
    this.building = new Chosen({ map, boot, words, changed: () => this.mark(), doors: () => [] });
    shell({ map, boot, words, state, go: (place) => this.go(place) });
    this.atlas = new Atlas({ map, boot, state, words, grids: (zoom) => !is_far(boot, state, zoom), heard: {
      hover: (id) => this.hover_area(id), choose: (id) => this.choose_area(id), building: (id, at) => this.choose_building(id, at), over: (id) => this.hover(this.list.building(id)),
      moved: () => this.building.show(), zoomed: () => this.zoomed(), labels: (zoom) => this.drawn.labels(zoom),
    } });
    this.drawn = new SpotMap({ map, boot, words, state, atlas: this.atlas, list: this.list, shaded: () => this.redrawn() });
    this.decisions = new Decisions({ words, list: this.list, changed: (id) => this.decided(id) });
    keys({ words, step: (by) => this.step(by), enter: () => this.act(), up: () => this.up(), names: { enter: "spots.key.enter", up: "spots.key.up" } });
    tools({ words, state, print: () => this.panel.all() });
    layers_door(this);
    state.on((changed) => this.changed(changed));
    if (boot.at && !boot.run && !boot.forecast) this.none();
    else this.fetch(true);
  }

  listeners() {
    const { state } = this;
    return {
      enter: this.boot.scope ? null : (code) => this.enter(code), district: (id) => this.enter_district(id), codes: (code) => this.pick(code), choose: (spot) => this.choose(spot, true), hover: (spot) => this.hover(spot),
      weights: () => this.open_weights(), untry: () => this.tried(null), survey: () => state.set({ codes: state.get("codes") === "U" ? "" : "U", chosen: null }), more: () => this.more(), drawn: () => this.redrawn(),
      accept: (spot, proposal, payload) => this.decisions.accept(spot, proposal, payload), note: (spot, follow, body) => this.decisions.note(spot, follow, body), dismiss: (spot, reason) => this.decisions.dismiss(spot, reason), change: (spot, follow, to) => this.decisions.change(spot, follow, to),
      helper: (one) => this.drawn.bring([this.chosen()?.place, one.place]),
    };
  }

  // -- the list -----------------------------------------------------------------------------------------------------
  async fetch(first = false) {
    const number = ++this.asked;
    const wait = setTimeout(() => this.panel.skeleton(), SKELETON_MS);
    try {
      await this.list.read(() => first && number === this.asked && this.placed());
      if (this.trial) await this.list.rest();
      if (number !== this.asked) return;
      clearTimeout(wait); // the list is here: what its chosen row waits for is no reason to hide it
      this.render();
      await this.follow_chosen();
    } catch (error) {
      if (number === this.asked) this.panel.fail(this.words.t("error.values", { reason: error.message }), this.words.t("error.again"), () => this.fetch());
    } finally {
      clearTimeout(wait);
    }
  }

  /** No run had looked at the date of the page: that is told, and borders are all there is to see. */
  none() {
    this.panel.fail(this.words.t("spots.none-then", { date: this.words.date(this.boot.at) }), this.words.t("stale.back"), () => { location.href = this.state.address({ at: null, lang: null }); });
    this.atlas.paint({ level: Math.max(0, this.boot.city.levels.length - 2), levels: this.boot.city.levels.length, coloured: false, borders: this.boot.city.levels.length - 1, colours: [], ids: [], classes: [] }, true);
  }

  /** The map does not wait for the rows: where the page is says what to show, unless rows are what it shows. */
  placed() {
    if (!this.state.get("view_given")) this.frame(false);
    if (this.state.get("by") === "building") this.drawn.draw({ ...this.list.placed(), spots: [] });
  }

  render() {
    const { list, words, state, trial } = this;
    const spots = ranked(list.spots, trial);
    spots.forEach((spot, k) => { spot.place_in_list = k + 1; });
    this.view = { ...list.told(), spots, trial, full: this.full, chosen: state.get("chosen"), unread: trial ? list.left : 0, writes };
    this.panel.draw(this.view);
    this.atlas.ran(this.view.run);
    this.drawn.draw(this.view);
    this.status();
    dated(this.boot, words, this.view.run, () => list.trend());
    stale(this.boot, words, this.view.run, () => this.fetch());
    this.redrawn();
    this.mark();
  }

  /** What the panel shows anew is tied to the map again. */
  redrawn() {
    if (!this.view) return;
    legend({ ...this.view, areas: this.drawn.areas(), group: this.full?.group }, this.words);
    this.panel.mark(this.hovered?.id ?? null);
  }

  async more() {
    await this.list.next();
    const spots = ranked(this.list.spots, this.trial);
    spots.forEach((spot, k) => { spot.place_in_list = k + 1; });
    Object.assign(this.view, this.list.told(), { spots });
    this.panel.again();
    this.drawn.draw(this.view);
  }

  status() {
    const { words, view } = this;
    const { run, total, counts, by } = view;
    find(".status .data").replaceChildren(`${words.t("status.data")} `, run.surveyed_until ? words.t("spots.surveyed", { day: run.surveyed_until }) : words.t("spots.unsurveyed"), run.sources.length ? ` · ${words.sources(run.sources)}` : "", this.boot.forecast ? words.t("spots.then") : "");
    find(".status .unknown").textContent = words.t(`spots.unknown.${by}`, { k: words.n(counts.U ?? 0), n: words.n(total), share: words.percent(total ? (counts.U ?? 0) / total : 0) });
  }

  changed(changed) {
    if (["within", "district", "by", "codes"].some((key) => changed.has(key))) this.fetch();
    else if (changed.has("hide")) { this.drawn.draw(this.view); this.redrawn(); }
    else if (changed.has("chosen")) this.follow_chosen();
  }

  zoomed() {
    if (!this.view) return;
    this.drawn.draw(this.view);
    this.redrawn();
  }

  // -- choice -------------------------------------------------------------------------------------------------------
  chosen() {
    return this.view?.spots.find((spot) => spot.id === this.state.get("chosen")) ?? null;
  }

  /** The chosen row opens, and its own door tells the rest. */
  async follow_chosen() {
    const id = this.state.get("chosen"), before = this.view.chosen;
    Object.assign(this.view, { chosen: id, full: this.full = null });
    if (id && !this.chosen()) await this.list.until(id, () => this.render());
    this.panel.renew([before, id]);
    if (id) this.panel.reach(id);
    this.mark();
    if (!id) return;
    try {
      const { made } = this.decisions, full = await this.list.full(id);
      if (id !== this.state.get("chosen")) return;
      if (made !== this.decisions.made) full.follow_up = this.list.of(id)?.follow_up ?? null; // decided of meanwhile
      this.view.full = this.full = full;
      this.panel.renew([id], false);
      this.panel.reach(id);
    } catch (error) {
      say(this.words.t("error.values", { reason: error.message }));
    }
    this.mark();
  }

  mark() {
    const spot = this.chosen();
    this.drawn.mark({ chosen: this.full && spot ? { ...spot, ...this.full } : spot, hovered: this.hovered, building: this.building.id });
    this.panel.mark(this.hovered?.id ?? null);
    if (this.view) legend({ ...this.view, areas: this.drawn.areas(), group: this.full?.group }, this.words);
    this.building.show();
    if (!this.building.id) find(".tip").hidden = true;
  }

  hover(spot) {
    if ((spot?.id ?? null) === (this.hovered?.id ?? null)) return;
    this.hovered = spot;
    this.map.getContainer().classList.toggle("pointing", Boolean(spot));
    this.mark();
  }

  choose(spot, bring = false) {
    this.building.drop();
    const same = spot && spot.id === this.state.get("chosen");
    this.state.set({ chosen: spot && !same ? spot.id : null });
    if (!spot || same) return;
    say(this.words.t("spots.say", { name: spot.name, reason: this.words.told(spot.reason) }));
    if (bring) this.drawn.go(spot);
  }

  async choose_building(id, at) {
    const spot = this.list.building(id);
    if (spot) this.choose(spot);
    else if (this.state.get("by") === "grid") this.choose_area(await this.atlas.tiles.at(at));
    else { this.state.set({ chosen: null }); if (!this.boot.kept) this.building.choose(id, at); }
  }

  choose_area(id) {
    const row = this.drawn.areas() && this.list.areas.place.get(id);
    if (row) this.boot.scope || this.enter(row.code);
    else if (this.state.get("by") === "grid") this.choose(this.list.grid(id));
    else { this.building.drop(); this.state.set({ chosen: null }); }
  }

  hover_area(id) {
    if (this.state.get("by") === "grid") this.hover(this.list.grid(id));
    else this.drawn.point(id);
  }

  step(by) {
    const spots = this.view?.spots ?? [];
    if (!spots.length) return;
    const now = spots.findIndex((one) => one.id === this.state.get("chosen"));
    const next = spots[now < 0 ? (by > 0 ? 0 : spots.length - 1) : (now + by + spots.length) % spots.length];
    if (next.id !== this.state.get("chosen")) this.choose(next, true);
  }

  /** Enter: to what can be done about the chosen one; a second Enter does it. */
  act() {
    find(".item.sel .btn.main")?.focus();
  }

  up() {
    if (this.building.id) this.building.drop();
    else if (this.state.get("chosen")) this.state.set({ chosen: null });
    else if (this.state.get("codes")) this.state.set({ codes: "" });
    else if (this.boot.scope) return;
    else if (this.state.get("district")) this.enter_district(null);
    else if (this.view?.chain.length > 1) this.enter(this.view.chain.at(-2).code);
  }

  pick(code) {
    const codes = new Set(this.state.get("codes").split(",").filter(Boolean));
    if (code === null) codes.clear();
    else if (!codes.delete(code)) codes.add(code);
    const order = [...UNIT_CODES, "G1", "G2", "G3", "U"];
    this.state.set({ codes: [...codes].sort((a, b) => order.indexOf(a) - order.indexOf(b)).join(","), chosen: null });
  }

  // -- moving through the division ----------------------------------------------------------------------------------
  async enter(code) {
    this.building.drop();
    this.state.set({ within: code, district: null, chosen: null });
    await this.list.ready;
    this.frame();
  }

  async enter_district(id) {
    this.building.drop();
    this.state.set({ district: id, chosen: null });
    await this.list.ready;
    this.frame();
  }

  frame(animate = true) {
    const bounds = this.list.bounds();
    if (bounds) fit(this.map, bounds, animate);
  }

  async go(found) {
    this.map.stop();
    fit(this.map, found.bounds, false);
    if (!this.boot.scope) this.state.set({ within: found.code, district: null, chosen: null });
  }

  // -- weights and decisions ----------------------------------------------------------------------------------------
  open_weights() {
    weights_sheet({ book: this.boot.rules, trial: this.trial, words: this.words, tried: (weights) => this.tried(weights) });
  }

  async tried(weights) {
    this.trial = weights;
    if (weights) await this.list.rest();
    this.render();
    await this.follow_chosen();
  }

  decided(id) {
    if (this.full && this.full.id === id) this.view.full = this.full = { ...this.full, follow_up: this.list.of(id).follow_up };
    this.panel.renew([id]);
    this.mark();
  }
}
