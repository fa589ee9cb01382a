// The planner: plans are listed, one is opened, drawn on and looked at. One state, three views of it (panel, map, URL).
import { Atlas, label } from "./atlas.js";
import { el, find, say } from "./dom.js";
import { Language } from "./i18n.js";
import { keys } from "./keys.js";
import * as doors from "./planner-doors.js";
import { Draft } from "./planner-draft.js";
import { Drawing } from "./planner-draw.js";
import { bounds_of } from "./planner-geometry.js";
import { Hand, acts } from "./planner-hand.js";
import { PlanGround, PlanLines } from "./planner-layer.js";
import { legend } from "./planner-legend.js";
import { PlanList } from "./planner-list.js";
import { PlanPanel } from "./planner-panel.js";
import { told_of } from "./planner-said.js";
import { Snapping } from "./planner-snap.js";
import { KEYS, TOOLS, Tools } from "./planner-tools.js";
import { borders_of, colours_of, names_of, shown_of } from "./planner-views.js";
import { lies_in } from "./polygons.js";
import { fit, shell } from "./shell.js";
import { State } from "./state.js";
import { toast } from "./toast.js";
import { load } from "./values.js";

const PHASES = ["before", "after", "only"];
const STILL_MS = 200;
const CLOSE_M = 0.0006; // degrees around a place that is gone to

export default function start(map, boot) {
  new Planner(map, boot).begin();
}

class Planner extends Hand {
  constructor(map, boot) {
    super();
    Object.assign(this, { map, boot, words: new Language(boot), levels: boot.city.levels, deepest: boot.city.levels.length - 1, draft: null, values: null });
    this.state = new State({ within: boot.city.code, plan: null, tool: "", chosen: "", tab: "effects", show: "after", view: null });
    this.reset();
  }

  reset() {
    Object.assign(this, { move: null, check: null, theirs: "both", fault: null, proposals: null, bending: [], pending: [], colours: new Map(), borders: { drawn: [], gone: [], rim: [], between: [] } });
  }

  begin() {
    const { map, boot, words, state } = this;
    this.list = new PlanList({ boot, words, heard: { open: (id) => this.open(id), making: () => this.paint(), file: () => this.from_file(), level: (key) => this.set_level(key), scope: (code) => this.choose_scope(code), named: (code) => this.values?.code.get(code)?.name ?? code } });
    this.list.level = this.levels[Math.max(0, this.deepest - 1)].key;
    this.panel = new PlanPanel({ words, heard: { list: () => this.close(), tab: (tab) => state.set({ tab }), move: (k) => this.choose_move(k), grid: (code) => this.choose([code], true), show: (check) => this.show_check(check), undo: () => this.undo(), redo: () => this.redo(), act: (name) => this.act(name), fork: () => this.fork(), propose: () => this.propose(), share: () => this.tried((all) => all.share(this.draft, this.words)), read: () => this.render(), write: (text) => this.write(text), comment: (text) => this.comment(text), settle: (one) => this.said((id) => doors.settle(id, one.id, !one.settled_at)), theirs: (how) => { this.theirs = how; this.render(); } } });
    this.ground = new PlanGround("plan-ground", map, 420, "multiply").addTo(map);
    this.lines = new PlanLines("plan-lines", map, 430).addTo(map);
    shell({ map, boot, words, state, go: (place) => this.go(place) });
    this.atlas = new Atlas({ map, boot, state, words, grids: () => true, heard: { hover: (id) => this.hover(id), choose: (id) => this.choose_area(id), moved: () => this.moved(), zoomed: () => {}, labels: (zoom) => this.labels(zoom) } });
    const floats = this.atlas.labels.options.obstacles;
    this.atlas.labels.options.obstacles = () => [...floats(), ...(this.draft ? this.lines.taken() : [])];
    this.snapping = new Snapping({ map, words, heard: (is_on) => this.drawing?.snap(is_on) });
    this.tools = new Tools({ words, snapping: this.snapping, heard: { tool: (name) => this.set_tool(name), undo: () => this.undo(), redo: () => this.redo(), pick: (code) => code && this.pick(code), merge: () => this.merge(), typed: () => this.typed(), finish: () => this.drawing.finish(), back: () => this.drawing.back(), cancel: () => this.cancel(), grid: (name, code) => this.of_grid(name, code) } });
    map.on("click", ({ latlng }) => this.clicked(latlng));
    document.addEventListener("keydown", (event) => this.key(event));
    keys({ words, step: (by) => this.step(by), enter: () => this.state.get("tool") === "merge" && this.merge(), up: () => this.up(), names: { rows: "plan.key.rows", enter: "plan.key.enter", up: "plan.key.up" } });
    this.more_keys();
    state.on((changed) => this.changed(changed));
    document.body.classList.add("is-planner");
    map.getContainer().setAttribute("aria-label", words.t("plan.alt"));
    find(".tools .by").hidden = find(".tools hr").hidden = true;
    find(".status .data").textContent = `${words.t("status.data")} ${words.t("status.boundaries", { n: boot.edition.number })}`;
    addEventListener("pageshow", ({ persisted }) => persisted && this.back());
    this.list.draw();
    this.enter();
    this.read_values();
  }

  more_keys() {
    const box = find(".help dl"), rows = [...Object.entries(KEYS).map(([key, tool]) => [key.toUpperCase(), `plan.tool.${tool}`]), ["Ctrl+Z", "plan.undo"], ["Ctrl+Shift+Z", "plan.redo"], ["N", "plan.snap.hint"], ["← ↑ → ↓", "plan.key.cross"], ["F", "plan.act.finish"]];
    box.append(...rows.flatMap(([key, name]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, this.words.t(name))]));
  }

  async read_values() {
    try {
      this.values = await load({ boot: this.boot, indicator: "grid-coverage", level: this.levels[Math.max(1, this.deepest - 1)].key, city: this.words.city(this.boot.city) });
    } catch (error) {
      say(this.words.t("error.values", { reason: error.message }));
      return;
    }
    this.list_areas();
    this.paint();
    if (!this.draft) this.list.rescope();
    else if (this.draft.plan) this.render();
    this.atlas.labels.redraw();
  }

  // -- which plan -------------------------------------------------------------------------------------------------------
  async enter() {
    const link = new URLSearchParams(location.search).get("link");
    this.reset();
    let id = Number(this.state.get("plan"));
    try {
      if (link) ({ id } = await doors.opened(link));
    } catch (error) {
      this.panel.fail(error);
      return;
    }
    if (!id) {
      await this.list.load();
      if (!this.list.making) this.list.draw();
      this.paint();
      if (localStorage.getItem(doors.FILING)) this.from_file(); // handed in before the page was closed
      return;
    }
    this.draft = new Draft(id, { changed: () => this.drawn(), waiting: (is) => document.body.classList.toggle("is-waiting", is) }, { read_only: Boolean(link) });
    this.drawing = new Drawing({ map: this.map, words: this.words, plan: id, snapping: this.snapping, heard: { done: (geometry) => this.drew(geometry), points: (n) => { this.points = n; this.tooled(); } } });
    this.panel.skeleton();
    if (this.state.get("view_given")) this.look();
    try {
      await this.draft.load();
      if (!this.state.get("view_given")) this.frame();
      this.take_up();
    } catch (error) {
      this.panel.fail(error);
    }
  }

  /** The browser shows a page it has kept: it is as old as when it was left. */
  async back() {
    if (this.draft?.plan) await this.draft.load().catch((error) => this.refused(error));
    else if (!this.draft) { await this.list.load(); if (!this.list.making) this.list.draw(); }
  }

  async from_file() {
    (await import("./planner-upload.js")).begin_from_file(this);
  }

  open(id) {
    location.href = this.state.address({ plan: id, link: null, tool: null, sel: null, tab: null, c: null, z: null, lang: null });
  }

  close() {
    location.href = this.state.address({ plan: null, link: null, tool: null, sel: null, tab: null, show: null, lang: null });
  }

  scope() {
    const code = this.draft.plan.scope ?? this.boot.city.code;
    return this.values?.code.get(code) ?? { code, name: code === this.boot.city.code ? this.words.city(this.boot.city) : code };
  }

  /** The map was moved: of a wide scope the grids in view are drawn, once it stands still. */
  moved() {
    if (!this.draft?.plan) return;
    this.tooled();
    clearTimeout(this.still);
    this.still = setTimeout(() => this.look(), STILL_MS);
  }

  look() {
    const seen = this.map.getBounds();
    this.draft.look_at([seen.getWest(), seen.getSouth(), seen.getEast(), seen.getNorth()]);
  }

  /** Show what the plan changes with the ground around it; of a plan that changes nothing yet, its scope. */
  frame() {
    const leaves = [...this.draft.leaves("before"), ...this.draft.leaves("after")];
    const changed = bounds_of(leaves.filter(({ properties }) => CHANGED.has(properties.status)).map((one) => one.geometry));
    const box = changed ? around(changed) : bounds_of(leaves.map((one) => one.geometry)) ?? this.scope().bounds;
    if (box) fit(this.map, box, false);
  }

  // -- drawing ----------------------------------------------------------------------------------------------------------
  drawn() {
    this.proposals?.held_against();
    this.saved = this.words.moment(new Date().toISOString()).slice(6);
    this.colours = colours_of(this.draft);
    this.borders = borders_of(this.draft);
    this.drawing.snap_to(this.draft.can_draw ? this.draft.leaves("after") : []);
    const there = this.codes().filter((code) => this.draft.leaf(code));
    if (there.length !== this.codes().length) this.state.set({ chosen: there.join(",") });
    this.render();
    this.paint();
  }

  render() {
    if (!this.draft?.plan) return;
    const { draft, words } = this, tab = this.state.get("tab");
    this.panel.draw({ draft, tab, colours: this.colours, short: (code, told) => this.short(code, told), brief: (code, told) => this.brief(code, told), called: (code) => this.called(code), scope: this.scope(), saved: draft.can_draw ? this.saved : "", chosen: this.codes()[0], proposals: this.proposals?.section(), writing: localStorage.getItem(this.writing()) ?? "", chosen_move: this.move, chosen_check: this.check, theirs: this.theirs, told: (change) => told_of(change, words, (code) => this.short(code)) });
    this.phases();
    this.show();
    this.tooled();
    const unknown = draft.preview?.grids?.reduce((sum, one) => sum + (one.after?.unknown_buildings ?? 0), 0);
    find(".status .unknown").textContent = unknown ? words.count("plan.unknown", unknown) : "";
  }

  /** The map's own part: what changes at every gesture. */
  show() {
    const { draft, words } = this;
    if (!draft?.drawing) return;
    const about = { words, short: (code, told) => this.short(code, told), brief: (code, told) => this.brief(code, told), colours: this.colours, borders: this.borders };
    const shown = shown_of(draft, { phase: this.state.get("show"), chosen: this.codes(), place: this.fault?.where ?? this.check?.where ?? null, grave: this.fault ? "error" : this.check?.severity, theirs: draft.stale ? this.theirs : null, bending: [...this.bending, ...this.pending.flat()], move: this.move, proposed: this.proposals?.moves() }, about);
    this.ground.show(shown);
    this.lines.show(shown);
    legend({ draft, moves: shown.told, colours: shown.colours, short: about.short, theirs: draft.stale && this.theirs !== "mine", has_gone: shown.gone.length > 0, has_drawn: shown.drawn.length > 0, has_cut: shown.cut.length > 0 }, words);
    this.atlas.labels.redraw();
  }

  phases() {
    const box = find(".tools .levels"), show = this.state.get("show");
    find(".tools").hidden = !this.draft?.drawing;
    box.setAttribute("aria-label", this.words.t("plan.phase"));
    box.replaceChildren(...PHASES.map((one) => el("button", { type: "button", "aria-pressed": String(one === show), onclick: () => this.state.set({ show: one }) }, this.words.t(`plan.phase.${one}`))));
  }

  /** Tiles beneath: grids in the scope are the plan's to draw. */
  paint() {
    const scope = this.draft?.plan?.scope && this.values?.code.get(this.draft.plan.scope);
    const level = this.draft ? this.deepest - 1 : this.levels.findIndex(({ key }) => key === this.list.level);
    const style = { level: Math.max(0, level), levels: this.levels.length, coloured: false, borders: this.draft ? this.deepest : Math.max(level, 1), colours: [], ids: [], classes: [] };
    this.atlas.paint(scope ? { ...style, scope: scope.id, bare: Boolean(this.draft.drawing?.is_whole) } : style, true);
    this.atlas.mark(this.hovered ?? 0, (!this.draft && this.list.scope?.id) || 0);
  }

  labels(zoom) {
    if (!this.values) return [];
    const areas = [...this.values.above.filter((row) => row.level > 0), ...this.values.rows].filter((row) => row.code !== this.draft?.plan?.scope || zoom < 15);
    const own = this.draft?.drawing ? names_of(this.draft, this.state.get("show"), { words: this.words, short: (code, told) => this.short(code, told) }, zoom) : [];
    return [...own, ...areas.map((row) => label(row, this.deepest - row.level, zoom, this.values)).filter(Boolean)];
  }

  /** A grid's name without its community's; a grid called by its code alone is called by what is its own of it. */
  short(code, told) {
    const leaf = this.draft?.leaf(code) ?? this.draft?.leaf(code, "before"), name = told || this.draft?.name(code) || code;
    const above = leaf && this.values?.code.get(leaf.properties.parent)?.name;
    if (!name || name === code) return code.length > 8 || /^\d{7,}$/.test(code) ? `…${code.slice(/^\d+$/.test(code) ? -3 : -7)}` : code;
    return above && name.startsWith(above) && name.length > above.length ? name.slice(above.length).trim() : name;
  }

  /** A grid in a word, for tables and arrows: 第二网格 is 二. */
  brief(code, told) {
    const name = this.short(code, told), counted = /^第([一二三四五六七八九十]+)网格$/.exec(name);
    if (counted && !this.is_one_community()) return `${this.community(code).replace(/社区$/, "")}${counted[1]}`;
    return counted ? counted[1] : name.length > 4 && name.endsWith("专属网格") ? name.slice(0, -4) : name;
  }

  /** What a code in a refusal stands for, as people call it; the code where they do not. */
  called(code) {
    const name = this.draft?.name(code) ?? code;
    return name === code ? this.values?.code.get(code)?.name ?? code : this.short(code);
  }

  /** A grid with its community, where the plan is of more than one. */
  full(code) {
    return this.is_one_community() ? this.short(code) : this.draft.name(code);
  }

  is_one_community() {
    const row = this.values?.code.get(this.draft.plan.scope);
    return row?.level === this.deepest - 1;
  }

  community(code) {
    const leaf = this.draft.leaf(code) ?? this.draft.leaf(code, "before");
    return (leaf && this.values?.code.get(leaf.properties.parent)?.name) || "";
  }

  // -- choice -----------------------------------------------------------------------------------------------------------
  codes() {
    return (this.state.get("chosen") || "").split(",").filter(Boolean);
  }

  async clicked(latlng) {
    if (!this.draft?.drawing || this.drawing.active) return;
    const leaf = this.draft.leaves("after").find((one) => lies_in(latlng, one.geometry)), before = [this.state.get("tool"), this.state.get("chosen")];
    if (leaf) { this.pick(leaf.properties.code); return; }
    const code = this.draft.drawing.is_whole ? null : await this.located(latlng);
    if (!this.drawing.active && before.join() === [this.state.get("tool"), this.state.get("chosen")].join()) this.pick(code); // else something was done meanwhile
  }

  async located({ lat, lng }) {
    const answer = await fetch(`/v1/locate?lon=${lng}&lat=${lat}`).catch(() => ({})), told = answer.ok ? await answer.json() : {};
    return told.grid?.code ?? null;
  }

  /** Choose a grid, or choose it no more; a tool takes as many as it can use. */
  async pick(code) {
    if (!code) return;
    const now = this.codes(), [, most] = TOOLS[this.state.get("tool")]?.grids ?? [0, 1];
    await this.choose(now.includes(code) ? now.filter((one) => one !== code) : [...now, code].slice(-Math.max(1, most)));
  }

  async choose(codes, bring = false) {
    this.state.set({ chosen: codes.join(",") });
    this.ready_to_draw();
    await this.draft.look_near(codes).catch((error) => this.refused(error));
    if (codes.join() !== this.codes().join()) return; // another was chosen meanwhile
    const leaf = codes.at(-1) && (this.draft.leaf(codes.at(-1)) ?? this.draft.leaf(codes.at(-1), "before"));
    if (codes.length) say(codes.map((code) => this.draft.name(code)).join(", "));
    if (bring && leaf) fit(this.map, bounds_of([leaf.geometry]), true);
    this.ready_to_draw();
  }

  choose_area(id) {
    if (this.draft || !this.list.making) return;
    this.choose_scope(this.values?.place.get(id)?.code);
  }

  choose_scope(code) {
    const row = this.values?.code.get(code);
    if (!row) return;
    this.list.choose(row);
    this.paint();
    if (row.bounds) fit(this.map, row.bounds, true);
  }

  set_level(key) {
    this.list.level = key;
    this.list.scope = key === this.levels[0].key ? this.values?.above[0] ?? null : null;
    this.list_areas();
    this.list.rescope();
    this.paint();
  }

  list_areas() {
    const level = this.levels.findIndex(({ key }) => key === this.list.level);
    this.list.areas = [...this.values?.above ?? [], ...this.values?.rows ?? []].filter((row) => row.level === level).sort((a, b) => a.code.localeCompare(b.code));
  }

  hover(id) {
    if (this.draft || !this.list.making || id === this.hovered) return;
    this.hovered = id;
    this.map.getContainer().classList.toggle("pointing", Boolean(id));
    this.atlas.mark(id, this.list.scope?.id ?? 0);
  }

  go(place) {
    this.map.stop();
    fit(this.map, place.bounds, false);
    if (this.draft && place.kind) this.choose([place.code]);
    else if (!this.draft && this.list.making && !place.kind) this.choose_scope(place.code);
  }

  choose_move(k) {
    this.move = this.move === k ? null : k;
    const one = this.draft.moves[k];
    this.render();
    if (this.move !== null && one.ground) fit(this.map, padded(bounds_of([one.ground])), true);
  }

  show_check(check) {
    this.check = check;
    this.render();
    fit(this.map, padded(bounds_of([check.where])), true);
  }

  step(by) {
    const { length } = this.draft?.moves ?? [];
    if (length) this.choose_move(this.move === null ? (by > 0 ? 0 : length - 1) : (this.move + by + length) % length);
  }

  changed(changed) {
    if (changed.has("chosen") || changed.has("tab") || changed.has("show")) this.render();
  }

  // -- the plan as a whole --------------------------------------------------------------------------------------------
  async act(name) {
    try {
      const told = await (await acts()).act(name, this.draft, this.words);
      if (!told) return;
      toast(this.words.t(`plan.acted.${name}`, { n: told.edition ?? "" }), this.words);
      if (name === "publish") this.cancel();
    } catch (error) {
      await this.refused(error);
    }
    this.render();
  }

  async propose() {
    (await import("./planner-proposals.js")).propose(this);
  }

  async fork() {
    const id = await this.tried((all) => all.fork(this.draft, this.words));
    if (id) this.open(id);
  }

}

const CHANGED = new Set(["changed", "appeared", "retired"]);
/** A box with half of itself on every side. */
const around = ([west, south, east, north]) => [west - (east - west) / 2, south - (north - south) / 2, east + (east - west) / 2, north + (north - south) / 2];
const padded = ([west, south, east, north]) => [west - CLOSE_M, south - CLOSE_M, east + CLOSE_M, north + CLOSE_M];
