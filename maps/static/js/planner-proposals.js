// Proposals: by how few moves the load of grids comes into its band, each to be looked at on the map, and taken or edited.
import { el } from "./dom.js";
import * as doors from "./planner-doors.js";

const LOADS = ["households", "workers", "incidents"];

export class Proposals {
  /** heard: drawn() when there is something else to show, take(number) → the page's own way of changing a plan. */
  constructor({ draft, words, heard }) {
    Object.assign(this, { draft, words, heard, load: "households", found: null, chosen: null, problem: null, waiting: false });
    const [low, high] = draft.preview?.balance?.band ?? [300, 500];
    this.band = [low, high];
  }

  wishes() {
    return { weights: { [this.load]: 1 }, band: this.band, locks: this.draft.beside.locks.map(({ code }) => code) };
  }

  async ask() {
    Object.assign(this, { waiting: true, problem: null, found: null, chosen: null });
    this.heard.drawn();
    try {
      this.found = await doors.propose(this.draft.id, this.wishes());
      this.chosen = this.found.proposals[0]?.number ?? null;
    } catch (error) {
      this.problem = error;
    }
    this.waiting = false;
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
      this.problem ? el("p", { class: "fault", role: "alert" }, words.t("plan.refused", { reason: this.problem.message })) : null, ...(this.found ? this.list() : []));
  }

  form() {
    const { words } = this, number = (k) => el("input", { type: "number", min: "0", name: `band${k}`, required: true, value: String(this.band[k]), "aria-label": words.t(k ? "plan.proposals.most" : "plan.proposals.least") });
    return el("form", { class: "row wrap", onsubmit: (event) => {
      event.preventDefault();
      const told = new FormData(event.target);
      Object.assign(this, { load: told.get("load"), band: [Number(told.get("band0")), Number(told.get("band1"))] });
      this.ask();
    } }, el("select", { name: "load", "aria-label": words.t("plan.proposals.load") }, LOADS.map((one) => el("option", { value: one, selected: one === this.load || null }, words.t(`plan.proposals.${one}`)))), number(0), "–", number(1), el("button", { class: "btn", type: "submit", disabled: this.waiting }, words.t("plan.proposals.ask")));
  }

  list() {
    const { words, found } = this, said = (one) => one[words.lang] ?? one.zh ?? one.en;
    const none = found.proposals.length ? [] : [el("p", { class: "dim" }, words.t("plan.proposals.none"))];
    const card = (one) => el("li", { class: `card ${one.number === this.chosen ? "sel" : ""}` }, el("div", { class: "row" }, el("b", {}, said(one.name)), el("span", { class: "push cap dim" }, words.t("plan.proposals.figures", { a: words.n(found.before.in_band), b: words.n(one.after.in_band), n: words.n(one.after.grids), share: words.percent(one.after.moved_share) }))),
      el("p", { class: "cap" }, said(one.explanation).replace(/ \d{9,}/g, "")), el("div", { class: "row" }, el("button", { class: "btn", type: "button", "aria-pressed": String(one.number === this.chosen), onclick: () => { this.chosen = one.number === this.chosen ? null : one.number; this.heard.drawn(); } }, words.t("plan.proposals.see")), el("button", { class: "btn main push", type: "button", onclick: () => this.heard.take(() => doors.take(this.draft.id, this.wishes(), one.number)) }, words.t("plan.proposals.take"))));
    return [...found.remarks.map((one) => el("p", { class: "cap dim" }, said(one))), ...none, el("ol", {}, found.proposals.map(card))];
  }
}
