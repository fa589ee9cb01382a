// Proposals: by how few moves the load of grids comes into its band, each to be looked at on the map, and taken or edited.
import { el } from "./dom.js";
import * as doors from "./planner-doors.js";
import { said } from "./planner-said.js";
import { toast } from "./toast.js";

const LOADS = ["households", "workers", "incidents"];

/** Proposals are asked for beside what is drawn; one that is taken is a change as any other. */
export function propose(planner) {
  const { draft, words } = planner, close = () => { planner.proposals = null; planner.render(); };
  const take = async (what) => {
    if (!await planner.turn(() => draft.turn(what), "plan.proposals.taken")) return;
    close();
    toast(words.t("plan.proposals.taken"), words, () => planner.undo());
  };
  planner.proposals = new Proposals({ draft, words, heard: { drawn: () => planner.render(), close, take } });
  planner.proposals.ask();
}

class Proposals {
  /** heard: drawn() when there is something else to show, take(number) → the page's own way of changing a plan. */
  constructor({ draft, words, heard }) {
    Object.assign(this, { draft, words, heard, load: "households", found: null, chosen: null, problem: null, waiting: false, is_old: false });
    const [low, high] = draft.preview?.balance?.band ?? [300, 500];
    this.band = [low, high];
  }

  /** What the plan was when proposals were asked for. */
  changes() {
    return this.draft.made.map(({ seq }) => seq).join();
  }

  /** The plan has been drawn on since: what was proposed for it as it was is proposed no more. */
  held_against() {
    if (!this.found || this.of === this.changes()) return;
    Object.assign(this, { found: null, chosen: null, is_old: true });
  }

  wishes() {
    return { weights: { [this.load]: 1 }, band: this.band.map(Number), locks: this.draft.beside.locks.map(({ code }) => code) };
  }

  async ask() {
    Object.assign(this, { waiting: true, problem: null, found: null, chosen: null, is_old: false, of: this.changes(), asked: this.wishes() });
    this.heard.drawn();
    try {
      this.found = await doors.propose(this.draft.id, this.asked);
      this.chosen = this.found.proposals[0]?.number ?? null;
    } catch (error) {
      this.problem = error;
    }
    this.waiting = false;
    this.held_against();
    this.heard.drawn();
  }

  /** Moves of the proposal that is looked at, as the map draws them; none while none is. */
  moves() {
    const one = this.found?.proposals.find(({ number }) => number === this.chosen);
    return one ? one.moved.features.map(({ properties, geometry }) => ({ ...properties, ground: geometry, households: this.load === "households" ? Math.round(properties.load) : undefined })) : [];
  }

  section() {
    const { words } = this;
    return el("section", { class: "sec proposals", "aria-label": words.t("plan.proposals") }, el("div", { class: "row" }, el("h2", {}, words.t("plan.proposals")), el("button", { class: "link push", type: "button", onclick: () => this.heard.close() }, words.t("plan.close"))), this.form(), this.waiting ? el("p", { class: "dim", role: "status" }, words.t("plan.proposals.waiting")) : null,
      this.is_old ? el("p", { class: "dim", role: "status" }, words.t("plan.proposals.old")) : null, this.problem ? el("p", { class: "fault", role: "alert" }, words.t("plan.refused", { reason: said(this.problem, words) })) : null, ...(this.found ? this.list() : []));
  }

  form() {
    const { words } = this, number = (k) => el("input", { type: "number", min: "0", name: `band${k}`, required: true, value: String(this.band[k]), oninput: (event) => { this.band[k] = event.target.value; }, "aria-label": words.t(k ? "plan.proposals.most" : "plan.proposals.least") });
    return el("form", { class: "row wrap", onsubmit: (event) => {
      event.preventDefault();
      this.ask();
    } }, el("select", { name: "load", onchange: (event) => { this.load = event.target.value; }, "aria-label": words.t("plan.proposals.load") }, LOADS.map((one) => el("option", { value: one, selected: one === this.load || null }, words.t(`plan.proposals.${one}`)))), number(0), "–", number(1), el("button", { class: "btn", type: "submit", disabled: this.waiting }, words.t("plan.proposals.ask")));
  }

  list() {
    const { words, found } = this, told = (one) => one[words.lang] ?? one.zh ?? one.en;
    const none = found.proposals.length ? [] : [el("p", { class: "dim" }, words.t("plan.proposals.none"))];
    const card = (one) => el("li", { class: `card ${one.number === this.chosen ? "sel" : ""}`, "data-id": `proposal-${one.number}` }, el("div", { class: "row" }, el("b", {}, told(one.name)), el("span", { class: "push cap dim" }, words.t("plan.proposals.figures", { a: words.n(found.before.in_band), b: words.n(one.after.in_band), n: words.n(one.after.grids), share: words.percent(one.after.moved_share) }))),
      el("p", { class: "cap" }, told(one.explanation).replace(/ \d{9,}/g, "")), el("div", { class: "row" }, el("button", { class: "btn", type: "button", "aria-pressed": String(one.number === this.chosen), onclick: () => { this.chosen = one.number === this.chosen ? null : one.number; this.heard.drawn(); } }, words.t("plan.proposals.see")), el("button", { class: "btn main push", type: "button", onclick: () => this.heard.take(() => doors.take(this.draft.id, this.asked, one.number)) }, words.t("plan.proposals.take"))));
    return [...found.remarks.map((one) => el("p", { class: "cap dim" }, told(one))), ...none, el("ol", {}, found.proposals.map(card))];
  }
}
