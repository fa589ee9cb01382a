// A plan as the page holds it: its changes, its preview and its drawing, always all of one moment. Every act goes to the
// server first; what is shown is what the server answered.
import * as doors from "./planner-doors.js";

const OPEN = ["draft", "checked", "submitted", "approved", "scheduled"];

const BESIDE = 0.1; // of a view that is drawn with it, so that the next step finds it there
const NOTHING = { wanted: 0, verdicts: [], comments: [], locks: [] };

export class Draft {
  /** `heard.changed()` is called when there is something else to show. */
  constructor(id, heard, { read_only = false } = {}) {
    Object.assign(this, { id, heard, read_only, beside: null, plan: null, changes: [], preview: null, drawing: null, problem: null, stale: null, pulled: [], clipped_m2: 0, near: "", view: null, seen: null, busy: 0, loading: 0, settling: false, asked: 0, last: Promise.resolve() });
  }

  get can_draw() {
    return Boolean(this.plan) && !this.read_only && ["draft", "checked"].includes(this.plan.state) && !this.stale;
  }

  get is_open() {
    return Boolean(this.plan) && OPEN.includes(this.plan.state);
  }

  /** Changes in effect, and those that can be done again. */
  get made() {
    return this.changes.filter((one) => !one.is_undone);
  }

  get undone() {
    return this.changes.filter((one) => one.is_undone);
  }

  /** Everything anew. Throws where the plan itself cannot be had, or the server not be reached: then all stays as it was. */
  async load() {
    this.loading++;
    try {
      await this.read();
    } finally {
      this.loading--;
    }
    if (this.view !== this.seen) await this.look(); // the map was moved meanwhile
  }

  async read() {
    const number = ++this.asked, { view } = this;
    const look = () => Promise.allSettled([doors.preview(this.id), doors.drawing(this.id, this.query())]);
    const ahead = this.is_open && !this.settling ? look() : null; // a plan that has ended has no preview
    const said = this.settling || !this.beside ? doors.beside(this.id) : this.beside;
    const { changes, ...told } = await doors.get(this.id);
    const [preview, drawing] = await (ahead ?? (OPEN.includes(told.state) ? look() : this.ended(told)));
    const beside = await said, lost = [preview, drawing].find(({ reason }) => reason?.status === 0);
    if (lost) throw lost.reason;
    if (number !== this.asked) return;
    Object.assign(this, { plan: told, changes, problem: null, stale: null, beside, seen: view });
    this.preview = preview.value ?? null;
    this.drawing = drawing.value ?? null;
    const failed = preview.reason ?? drawing.reason;
    if (failed) await this.failed(failed, number);
    if (number === this.asked) this.heard.changed();
  }

  /** What a plan did that is in force, or was meant to do: on the edition it was begun on. */
  ended({ edition }) {
    return Promise.allSettled([edition ? doors.became(edition) : null, doors.drawing(this.id, { on: "base" })]);
  }

  /** A plan that cannot be worked out on the edition in force is shown on the one it was begun on. */
  async failed(error, number) {
    if (!this.is_open) this.preview = null;
    else if (error.status === 409) this.stale = error;
    else this.problem = error;
    const drawing = await doors.drawing(this.id, { on: "base" }).catch((other) => { this.problem ??= other; return null; });
    if (number === this.asked) this.drawing = drawing;
  }

  /** Which grids are wanted, where the scope is too wide to be drawn whole. */
  query() {
    return { ...(this.near ? { near: this.near } : {}), ...(this.view ? { view: this.view.map((one) => one.toFixed(6)).join(",") } : {}) };
  }

  /** Draw the grids of a view [west, south, east, north] too, where the scope is too wide and they are not too many. */
  async look_at([west, south, east, north]) {
    if (this.drawing?.is_whole) return;
    const [w, s, e, n] = this.view ?? [0, 0, 0, 0];
    if (this.drawing?.is_view_whole && w <= west && s <= south && e >= east && n >= north) return;
    const wide = (east - west) * BESIDE, high = (north - south) * BESIDE;
    this.view = [west - wide, south - high, east + wide, north + high];
    if (this.drawing && !this.busy && !this.loading) await this.look(); // else what is under way asks for it, or looks again
  }

  async look() {
    if (this.drawing?.is_whole) return;
    const asked = this.view, number = this.asked, on = this.is_open && !this.stale ? {} : { on: "base" };
    const drawing = await doors.drawing(this.id, { ...this.query(), ...on }).catch(() => null); // what is drawn stays
    if (!drawing || number !== this.asked || asked !== this.view) return;
    Object.assign(this, { drawing, seen: asked });
    this.heard.changed();
  }

  /** Draw grids near some others too, where the scope is too wide to be drawn whole. */
  async look_near(codes) {
    if (!this.drawing || this.drawing.is_whole || this.near === codes.join(",")) return;
    this.near = codes.join(",");
    await this.load();
  }

  /** One change, or several that are one act, as data or worked out of the leaves as they then are; answers how long it took in seconds.
   *  Throws what the server refuses. */
  async change(asked) {
    return this.turn(async () => {
      const bodies = typeof asked === "function" ? asked(this.leaves("after")) : asked;
      if (!bodies.length) return;
      const made = bodies.length > 1 ? (await doors.together(this.id, bodies)).changes : [await this.kept(bodies[0])];
      this.pulled = made.flatMap(({ pulled }) => pulled?.coordinates ?? []);
      this.clipped_m2 = made.reduce((sum, one) => sum + (one.clipped_m2 ?? 0), 0);
    });
  }

  /** A change, kept; where a line makes more pieces than there are names for, it is kept without. */
  async kept({ names, ...body }) {
    if (!names) return doors.change(this.id, body);
    try {
      return await doors.change(this.id, { ...body, names });
    } catch (error) {
      if (!/pieces and there are/.test(error.message)) throw error;
      return doors.change(this.id, body);
    }
  }

  async undo() {
    if (this.busy || this.made.length) await this.turn(() => this.made.length && doors.undo(this.id, this.made.at(-1).seq));
  }

  async redo() {
    if (this.busy || this.undone.length) await this.turn(() => this.undone.length && doors.redo(this.id));
  }

  /** Something that is said of the plan or done with it as a whole; answers what the server told. */
  async act(what) {
    let told = null;
    await this.turn(async () => { told = await what(this.id); }, true);
    return told;
  }

  /** Do something and show what came of it; what is asked for meanwhile waits for its turn. */
  turn(what, settles = false) {
    this.busy++;
    this.heard.waiting(true);
    const turn = this.last.then(() => this.taken(what, settles)).finally(() => this.heard.waiting(--this.busy > 0));
    this.last = turn.catch(() => null); // what was refused is told to whoever asked for it
    return turn;
  }

  async taken(what, settles) {
    const begun = performance.now();
    this.settling = settles;
    try {
      await what();
      await this.load();
    } finally {
      this.settling = false;
    }
    return (performance.now() - begun) / 1000;
  }

  /** Whether a grid is to be left as it is, by itself or in an area that is. */
  is_locked({ code, parent }) {
    return (this.beside ?? NOTHING).locks.some((one) => one.code === code || parent === one.code || parent.startsWith(one.code));
  }

  // -- what is drawn --------------------------------------------------------------------------------------------------
  leaves(phase) {
    return this.drawing?.[phase]?.features ?? [];
  }

  leaf(code, phase = "after") {
    return this.leaves(phase).find((one) => one.properties.code === code) ?? null;
  }

  /** What a code is called, whichever side of the plan it is on. */
  name(code) {
    const told = this.preview?.grids?.find((one) => one.code === code)?.name ?? this.leaf(code)?.properties.name ?? this.leaf(code, "before")?.properties.name;
    return told || code;
  }

  /** Ground that goes from one grid to another, with figures where there are any. */
  get moves() {
    if (this.preview?.moves) return this.preview.moves;
    return (this.preview?.crossings ?? []).filter(({ old, new: now }) => old !== now).map(({ old, new: now, area_m2 }) => ({ was: old, now, was_name: this.name(old), now_name: this.name(now), area_m2 }));
  }
}
