// The panel of a plan: what it is, tabs of what it does, and at the foot what can be done with it.
import { el, find, icon } from "./dom.js";
import { keeping_focus } from "./focus.js";
import { Effects, is_passed } from "./planner-effects.js";
import { STATE_CHIP } from "./planner-list.js";
import { said } from "./planner-said.js";

const TABS = ["effects", "changes", "checks", "codes", "review"];
/** What can be done with a plan in a state, the main thing last. */
const ACTS = { submitted: ["revise", "reject", "approve"], approved: ["revise", "schedule", "publish"], scheduled: ["unschedule", "publish"], rejected: ["revise"] };
const BACK = "M9.500 3.500 5 8l4.500 4.500";

export class PlanPanel {
  /** heard: list(), tab(name), move(k), grid(code), show(check), undo(), redo(), act(name), again(), theirs(how), read() when there is more to show. */
  constructor({ words, heard }) {
    Object.assign(this, { words, heard, effects: new Effects({ words, heard }) });
    this.body = find(".panel .scroll");
    this.foot = find(".panel .foot-bar");
  }

  skeleton() {
    this.body.replaceChildren(el("div", { class: "sec", "aria-label": this.words.t("loading") }, ...[1, 2, 3, 4].map(() => el("i", { class: "skel line" }))));
    this.foot.hidden = true;
  }

  fail(error) {
    this.body.replaceChildren(el("div", { class: "empty", role: "alert" }, el("b", {}, this.words.t("plan.lost")), el("p", {}, said(error, this.words)), el("button", { class: "btn", type: "button", onclick: this.heard.list }, this.words.t("plan.back"))));
    this.foot.hidden = true;
  }

  /** `view` = {draft, tab, colours, short, scope, chosen_move, chosen_check, theirs}. */
  draw(view) {
    const { scrollTop } = this.body;
    const inside = { effects: () => [this.effects.who(view), this.effects.load(view), view.proposals ?? null, this.effects.checks(view, 4), this.doors(view)], changes: () => this.later("changes", view), checks: () => [this.effects.checks(view), ...this.later("spots", view)], codes: () => this.later("codes", view), review: () => this.later("review", view) };
    const tab = TABS.includes(view.tab) ? view.tab : TABS[0];
    keeping_focus(this.body, () => this.body.replaceChildren(...[this.head(view), ...(view.draft.stale ? this.later("stale", view) : []), this.tabs(view, tab), el("div", { role: "tabpanel", "aria-label": this.words.t(`plan.tab.${tab}`) }, inside[tab]().filter(Boolean))].filter(Boolean)));
    this.body.scrollTop = scrollTop;
    keeping_focus(this.foot, () => this.acts(view));
  }

  /** A part that is not looked at first; what shows it is fetched when it is. */
  later(part, view) {
    if (this.tabs_of) return this.tabs_of[part](view, this.effects, this.heard);
    import("./planner-tabs.js").then((tabs) => { this.tabs_of = tabs; this.heard.read(); });
    return [el("div", { class: "sec" }, el("i", { class: "skel line" }))];
  }

  head({ draft: { plan, drawing }, scope, saved }) {
    const { words } = this;
    return el("div", { class: "sec head plan-head" },
      el("div", { class: "row" }, el("button", { class: "btn bare icon", type: "button", id: "plan-back", "aria-label": words.t("plan.back"), title: words.t("plan.back"), onclick: this.heard.list }, icon(BACK)), el("span", { class: `chip ${STATE_CHIP[plan.state] ?? ""}` }, words.t(`plan.state.${plan.state}`)), el("span", { class: "cap dim" }, saved ? words.t("plan.saved", { when: saved }) : plan.edition ? words.t("edition", { n: plan.edition }) : ""), el("span", { class: "cap dim push" }, words.t("plan.base", { n: plan.base_edition }))),
      el("h1", {}, plan.name), el("p", { class: "cap dim" }, words.t("plan.scope"), words.lang === "en" ? ": " : "：", scope.name, " ", el("span", { class: "code" }, scope.code)), drawing && !drawing.is_whole ? el("p", { class: "note", role: "status" }, words.t(drawing.is_view_whole ? "plan.wide" : "plan.wide.far")) : null);
  }

  tabs({ draft }, tab) {
    const counts = { changes: draft.made.length, checks: draft.preview?.checks?.filter((one) => !is_passed(one)).length, review: draft.beside.comments.filter((one) => !one.settled_at).length };
    const step = (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      this.heard.tab(TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length]);
      document.getElementById(`tab-${TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length]}`)?.focus();
    };
    return el("div", { class: "tabs", role: "tablist", onkeydown: step }, TABS.map((name) => el("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-selected": String(name === tab), tabindex: name === tab ? "0" : "-1", onclick: () => this.heard.tab(name) }, this.words.t(`plan.tab.${name}`), counts[name] ? el("span", { class: "dim" }, ` ${counts[name]}`) : null)));
  }

  /** Ways on from what is shown: proposals, and both sides on two maps. */
  doors({ draft, proposals }) {
    const { words, heard } = this;
    return el("div", { class: "sec row wrap" }, draft.can_draw && !proposals ? el("button", { class: "btn", type: "button", onclick: heard.propose }, words.t("plan.propose")) : null, draft.made.length ? el("a", { class: "btn", href: `/maps/compare?a=e${draft.plan.base_edition}&b=p${draft.id}` }, words.t("plan.compare.one")) : null);
  }

  /** What can be done with a plan in its state, and why not. */
  acts({ draft }) {
    const { words, heard } = this, { plan, preview } = draft;
    const errors = (preview?.checks ?? []).filter((one) => one.severity === "error").length;
    const why = draft.stale ? "plan.why.stale" : draft.problem ? "plan.why.problem" : !draft.made.length || preview?.is_same ? "plan.why.nothing" : errors ? "plan.why.errors" : null;
    const drawing = draft.beside.wanted ? ["submit"] : ["submit", "schedule", "publish"], offered = draft.read_only ? [] : ACTS[plan.state] ?? (draft.is_open ? drawing : []);
    this.foot.hidden = !offered.length;
    const waits = ["publish", "submit", "schedule"], button = (name, k) => el("button", { class: `btn ${k === offered.length - 1 ? "main grow" : ""}`, type: "button", id: `act-${name}`, disabled: waits.includes(name) && Boolean(why), onclick: () => heard.act(name) }, words.t(`plan.act.${name}`));
    const edition = (preview?.base ?? plan.base_edition) + 1, hour = plan.effective_at && `${words.date(plan.effective_at)} ${words.moment(plan.effective_at).slice(6)}`;
    this.foot.replaceChildren(el("p", { class: "cap dim" }, why ? words.t(why) : hour ? words.t("plan.next.hour", { hour, n: edition }) : words.t("plan.next", { n: edition })), el("div", { class: "row" }, offered.map(button)));
  }
}
