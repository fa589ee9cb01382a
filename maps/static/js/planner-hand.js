// What the planner's tools do: which one is in hand, what it has been given so far, and the change that is asked for.
import { say } from "./dom.js";
import * as doors from "./planner-doors.js";
import { halfway } from "./planner-geometry.js";
import { said, told_of } from "./planner-said.js";
import { KEYS, TOOLS, change_of } from "./planner-tools.js";
import { in_view } from "./planner-views.js";
import { toast } from "./toast.js";

/** Dialogs and what is done with a plan as a whole, fetched when one is wanted. */
export const acts = () => import("./planner-acts.js");
const lines_of = ({ type, coordinates }) => (type === "LineString" ? [coordinates] : coordinates);
const LISTED = 60; // grids in the list beside a tool; of more those in view

/** The part of the page that draws: it has the page's `draft`, `drawing`, `state`, `words`, and calls its `render()`. */
export class Hand {
  set_tool(name, again = false) {
    if (!again && name === this.state.get("tool")) name = "";
    if (!(name in TOOLS) || !this.draft.can_draw) name = "";
    this.drawing.stop();
    this.fault = null;
    const [, most] = TOOLS[name]?.grids ?? [0, 1], kept = again || !this.state.get("tool") ? this.codes().slice(0, most) : []; // what was chosen for another tool was not meant for this one
    this.state.set({ tool: name, chosen: kept.join(",") });
    this.ready_to_draw();
    this.render();
    const fold = document.querySelector(".panel:not(.folded) .grab"); // a narrow screen has room for the list or for drawing
    if (name && !again && matchMedia("(max-width: 700px)").matches) fold?.click();
  }

  /** The tool of the address in hand, or the one that something is half drawn with. */
  take_up() {
    const { half } = this.drawing;
    if (!this.state.get("tool") && half?.points.length) this.state.set({ tool: half.tool, chosen: (half.codes ?? []).join(",") });
    this.set_tool(this.state.get("tool"), true);
  }

  /** Begin to draw where the tool has all it needs. */
  ready_to_draw() {
    const name = this.state.get("tool"), tool = TOOLS[name], codes = this.codes();
    if (name === "vertices" && codes.length) this.bend(codes);
    else this.vertices?.hide();
    if (tool?.shape && codes.length >= tool.grids[0] && this.draft.can_draw) this.drawing.begin(tool.shape, name, codes);
    else this.drawing.stop();
    this.tooled();
  }

  /** Show the vertices that can be dragged; what does that is fetched the first time. */
  async bend(codes) {
    if (!this.vertices) {
      const { Vertices } = await import("./planner-vertices.js");
      this.vertices ??= new Vertices({ map: this.map, words: this.words, snapping: this.snapping, heard: { bending: (lines) => { this.bending = lines; this.show(); }, moved: (changes) => this.make(changes) } });
      this.ready_to_draw(); // another tool may have been taken meanwhile
    } else this.vertices.show(this.draft.leaves("after"), codes);
  }

  tooled() {
    const { draft } = this;
    if (!draft?.plan) return;
    this.tools.draw({ tool: this.state.get("tool"), codes: this.codes(), names: (code) => this.full(code), features: draft.leaves("after").length > LISTED ? in_view(draft.leaves("after"), this.map, LISTED) : draft.leaves("after"), points: this.drawing.active ? this.points ?? 0 : 0, drawing: this.drawing.active, can_draw: draft.can_draw, undo: draft.made.length > 0 && draft.can_draw, redo: draft.undone.length > 0 && draft.can_draw, fault: this.fault, locked: this.codes().length === 1 && draft.is_locked(draft.leaf(this.codes()[0])?.properties ?? { code: "", parent: "" }) });
  }

  async drew(geometry) {
    const tool = this.state.get("tool"), features = this.draft.leaves("after");
    const told = tool === "dedicated" ? await (await acts()).ask_dedicated(this.words) : {};
    if (!told) { this.ready_to_draw(); return; }
    const change = change_of(tool, geometry, this.codes(), features, told);
    if (tool === "split" && !change.code) change.code = await this.located(L.latLng(halfway(geometry.coordinates).reverse()));
    await this.make([change], { ...geometry });
  }

  merge() {
    if (this.codes().length > 1) this.make([{ kind: "merge", codes: this.codes(), }]);
  }

  async typed() {
    const shape = TOOLS[this.state.get("tool")].shape, places = await (await acts()).ask_places(this.words, shape === "Line" ? 2 : 3);
    if (!places) return;
    this.drawing.stop(true);
    this.drew(shape === "Line" ? { type: "LineString", coordinates: places } : { type: "Polygon", coordinates: [[...places, places[0]]] });
  }

  async of_grid(name, code) {
    (await acts()).of_grid(this, name, code);
  }

  /** Ask the server for changes, or for what a function makes of the leaves when it is their turn. What is chosen and drawn meanwhile stays. */
  async make(changes, geometry = null) {
    const tool = this.state.get("tool"), chosen = this.state.get("chosen"), { length } = this.draft.made, lines = geometry ? lines_of(geometry) : [];
    this.fault = null;
    this.pending.push(lines);
    if (tool !== "vertices") this.state.set({ chosen: "" });
    this.ready_to_draw();
    this.show();
    try {
      const seconds = await this.draft.change((leaves) => (typeof changes === "function" ? changes(leaves) : changes).map((one) => this.snapping.asked(one)));
      const last = this.draft.made.at(-1);
      if (last && (this.draft.made.length !== length || typeof changes !== "function")) toast(this.words.t("plan.done", { what: told_of(last.change, this.words, (code) => this.short(code)), s: this.words.n(seconds, 2) }) + this.clipped() + this.pulled(), this.words, () => this.undo());
      this.pending = this.pending.filter((one) => one !== lines);
    } catch (error) {
      this.pending = this.pending.filter((one) => one !== lines);
      await this.refused(error, geometry);
      if (tool === this.state.get("tool") && !this.codes().length && !(this.drawing.active && this.points)) this.once_more(error, tool, chosen, geometry);
    }
    this.ready_to_draw();
    this.render();
  }

  /** What was refused can be tried again: the grids are chosen as they were, and what did not reach the server is drawn still. */
  once_more({ status }, tool, chosen, geometry) {
    this.state.set({ chosen });
    if (status || !geometry) return;
    this.drawing.stop();
    this.drawing.again(tool, geometry, this.codes());
  }

  /** A refusal is told where the tool in hand stands, else in passing. What is shown is what the server has, where it may have changed. */
  async refused(error, geometry = null) {
    if (error.status !== 422) await this.draft.load().catch(() => null); // it cannot be asked either: all stays as it is
    this.fault = this.told(error, geometry);
    this.tooled();
    if (!this.draft.stale && !this.tools.is_telling) toast(this.words.t("plan.refused", { reason: this.fault.message }), this.words);
  }

  /** How much of what was drawn lay beyond the scope and was left out. */
  clipped() {
    const m2 = this.draft.clipped_m2;
    return m2 < 0.5 ? "" : this.words.t(this.draft.plan.scope ? "plan.clipped" : "plan.clipped.city", { area: m2 < 1e4 ? this.words.t("plan.m2", { n: this.words.n(m2) }) : this.words.t("plan.ha", { n: this.words.n(m2 / 1e4, 1) }) });
  }

  /** How what was drawn was pulled to borders: where, and how far at most. */
  pulled() {
    const lines = this.draft.pulled;
    if (!lines.length) return "";
    const far = Math.max(...lines.map(([[west, south], [east, north]]) => L.latLng(south, west).distanceTo(L.latLng(north, east))));
    return this.words.t("plan.pulled", { n: this.words.n(lines.length), m: this.words.n(far, 2) });
  }

  /** A refusal in the page's words, with its place and what was drawn. */
  told(error, geometry = null) {
    const geometries = [...(error.where?.geometries ?? [error.where]), geometry].filter(Boolean);
    return { message: said(error, this.words, (code) => this.called(code)), where: geometries.length ? { type: "GeometryCollection", geometries } : null };
  }

  undo() {
    return this.turn(() => this.draft.undo(), "plan.undone.said");
  }

  redo() {
    return this.turn(() => this.draft.redo(), "plan.redone.said");
  }

  /** Do something with the plan and answer whether it came about; what is refused is told. */
  async turn(what, said) {
    if (!this.draft?.plan) return false;
    this.fault = null;
    try {
      await what();
      say(this.words.t(said));
      return true;
    } catch (error) {
      await this.refused(error);
      return false;
    } finally {
      this.ready_to_draw();
      this.render();
    }
  }

  /** Something done beside the plan; what does not come about is told, and null. */
  async tried(what) {
    try {
      return await what(await acts());
    } catch (error) {
      await this.refused(error);
      this.render();
      return null;
    }
  }

  /** Something said of the plan; what is shown of it is what the server keeps. */
  async said(what) {
    return this.turn(() => this.draft.act(what), "plan.said");
  }

  /** Where the browser keeps the comment that is being written, until the server has it. */
  writing() {
    return `gridatlas.plan.${this.draft.id}.comment`;
  }

  write(text) {
    text ? localStorage.setItem(this.writing(), text) : localStorage.removeItem(this.writing());
  }

  comment(text) {
    return this.said(async (id) => { await doors.comment(id, text); this.write(""); });
  }

  cancel() {
    this.drawing.stop(true);
    this.state.set({ chosen: "" });
    this.set_tool("", true);
  }

  up() {
    if (!this.draft) { if (this.list.making) this.list.make(false); return; }
    if (this.fault) { this.fault = null; this.render(); }
    else if (this.state.get("tool")) this.cancel();
    else if (this.codes().length) this.state.set({ chosen: "" });
    else if (this.check || this.move !== null) { Object.assign(this, { check: null, move: null }); this.render(); }
  }

  key(event) {
    if (!this.draft?.plan || event.target.closest("input, textarea, select, dialog")) return;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y")) {
      event.preventDefault();
      if (event.shiftKey || key === "y") this.redo();
      else if (this.drawing.active && this.points) this.drawing.back();
      else this.undo();
    } else if (event.ctrlKey || event.metaKey || event.altKey || !this.draft.can_draw) return;
    else if (key === "n") this.snapping.turn();
    else if (KEYS[key]) {
      this.map.getContainer().focus({ preventScroll: true }); // whose arrow keys now draw
      this.set_tool(KEYS[key]);
    }
  }
}
