// The list of plans, and the form a new one is begun with: its name, and the area in which ground may move.
import { el, find } from "./dom.js";
import { keeping_focus } from "./focus.js";
import * as doors from "./planner-doors.js";
import { said } from "./planner-said.js";

export const STATE_CHIP = { draft: "info", checked: "info", submitted: "warn", approved: "good", scheduled: "good", in_force: "good", rejected: "bad", withdrawn: "" };
const LISTED = 120; // areas a list of choices holds; of more, one is pointed at or searched for
const SHOWN = 40; // plans shown at once

export class PlanList {
  /** heard: open(id), making(whether), level(key), scope(code), file(). `other` fills in the form in its place. */
  constructor({ boot, words, heard }) {
    Object.assign(this, { boot, words, heard, plans: null, making: false, scope: null, name: "", shown: SHOWN, problem: null, areas: [] });
    this.body = find(".panel .scroll");
    this.foot = find(".panel .foot-bar");
  }

  async load() {
    try {
      this.plans = await doors.list();
      this.problem = null;
    } catch (error) {
      this.problem = error;
    }
  }

  draw() {
    const { words } = this;
    const head = el("div", { class: "sec head" }, el("div", { class: "row" }, el("h1", {}, words.t("plan.list")), words.lang === "en" ? null : el("span", { class: "en" }, "Plans"), el("span", { class: "push chip info" }, words.t("edition", { n: this.boot.edition.number }))), el("p", { class: "cap dim" }, words.t("plan.list.sub")));
    keeping_focus(this.body, () => this.body.replaceChildren(head, this.making ? (this.other ?? this).form() : this.begin(), ...(this.making ? [] : this.rows())));
    this.foot.hidden = true;
  }

  begin() {
    return el("div", { class: "sec" }, el("button", { class: "btn main wide", type: "button", onclick: () => this.make(true) }, this.words.t("plan.new")), el("button", { class: "btn wide", type: "button", onclick: () => this.heard.file() }, this.words.t("plan.file")), el("p", { class: "cap compare-door" }, el("a", { href: "/maps/compare" }, this.words.t("plan.compare"))));
  }

  make(making) {
    this.making = making;
    this.fault = null;
    this.heard.making(making);
    this.draw();
    if (making) this.body.querySelector("input")?.focus();
  }

  /** The area that was pointed at. */
  choose(row) {
    this.scope = row;
    if (this.making) this.rescope();
  }

  /** The areas that can be chosen are others: that field is drawn anew, and nothing that is being written. */
  rescope() {
    const old = this.making && this.body.querySelector(".scopes"), go = this.body.querySelector(".begin");
    if (!old) { this.draw(); return; }
    keeping_focus(this.body, () => old.replaceWith(this.scope_field(this.hint)));
    if (go) go.disabled = !this.scope;
  }

  form() {
    const { words, scope } = this;
    const name = el("input", { name: "name", value: this.name, maxlength: "200", placeholder: words.t("plan.name.hint"), autocomplete: "off", oninput: (event) => { this.name = event.target.value; } });
    return el("form", { class: "sec plan-new", onsubmit: (event) => { event.preventDefault(); this.start(); } },
      el("h2", {}, words.t("plan.new.title")), el("label", { class: "asked" }, el("span", {}, words.t("plan.name")), name), this.scope_field(words.t("plan.scope.hint")),
      this.fault ? el("p", { class: "fault", role: "alert" }, this.fault) : null,
      el("div", { class: "row" }, el("button", { class: "btn", type: "button", onclick: () => this.make(false) }, words.t("plan.cancel")), el("button", { class: "btn main grow begin", type: "submit", disabled: !scope }, words.t("plan.begin"))));
  }

  /** The area in which ground may move, by level and from a list; `hint` while none is chosen. */
  scope_field(hint) {
    const { words, scope, areas: rows } = this;
    this.hint = hint;
    const options = rows.length <= LISTED ? rows.map((row) => el("option", { value: row.code, selected: row.code === scope?.code || null }, row.name)) : [];
    const select = options.length ? el("select", { "aria-label": words.t("plan.scope"), onchange: (event) => this.heard.scope(event.target.value) }, el("option", { value: "" }, words.t("plan.scope.choose")), options) : null;
    return el("div", { class: "asked scopes" }, el("span", {}, words.t("plan.scope")), el("div", { class: "seg", role: "group", "aria-label": words.t("plan.scope.level") }, this.levels()), select,
      el("p", { class: "note" }, scope ? el("span", {}, el("b", {}, scope.name), " ", el("span", { class: "code" }, scope.code)) : hint));
  }

  levels() {
    const { levels } = this.boot.city;
    return levels.slice(0, -1).reverse().map((level) => el("button", { type: "button", "aria-pressed": String(level.key === this.level), onclick: () => this.heard.level(level.key) }, this.words.level(level)));
  }

  async start() {
    if (this.starting || !this.scope) return;
    this.starting = true;
    const whole = this.scope.code === this.boot.city.code;
    try {
      const plan = await doors.begin(this.name.trim() || this.words.t("plan.name.of", { name: this.scope.name }), whole ? null : this.scope.code);
      Object.assign(this, { making: false, name: "" });
      this.heard.making(false);
      this.heard.open(plan.id);
    } catch (error) {
      this.fault = said(error, this.words);
      this.starting = false;
      this.draw();
    }
  }

  rows() {
    const { words, plans } = this;
    if (this.problem) return [el("p", { class: "empty", role: "alert" }, words.t("error.values", { reason: this.problem.message }))];
    if (!plans) return [el("div", { class: "sec" }, ...[1, 2, 3].map(() => el("i", { class: "skel line" })))];
    if (!plans.length) return [el("div", { class: "empty" }, el("b", {}, words.t("plan.none")), el("p", {}, words.t("plan.none.sub")))];
    const more = plans.length > this.shown ? [el("button", { class: "btn more", type: "button", onclick: () => { this.shown += SHOWN; this.draw(); } }, words.t("plan.more", { n: plans.length - this.shown }))] : [];
    return [el("ul", { class: "plans", "aria-label": words.t("plan.list") }, plans.slice(0, this.shown).map((plan) => this.row(plan))), ...more];
  }

  row(plan) {
    const { words } = this, scope = plan.scope ? this.heard.named(plan.scope) : words.city(this.boot.city);
    return el("li", {}, el("a", { class: "item", href: doors.link_of(plan.id), onclick: (event) => { if (event.ctrlKey || event.metaKey) return; event.preventDefault(); this.heard.open(plan.id); } },
      el("span", { class: "row" }, el("h4", {}, plan.name), el("span", { class: `chip push ${STATE_CHIP[plan.state] ?? ""}` }, words.t(`plan.state.${plan.state}`))),
      el("span", { class: "sub" }, scope, " · ", words.t("plan.base", { n: plan.base_edition }), plan.edition ? ` → ${words.t("edition", { n: plan.edition })}` : "", " · ", plan.made_by, " ", words.date(plan.made_at))));
  }
}
