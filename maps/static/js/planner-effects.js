// What a plan would do, as tables: who moves, what each grid carries, what is to be checked, and which codes follow which.
import { el } from "./dom.js";
import { OUTSIDE } from "./planner-colours.js";
import { said } from "./planner-said.js";

const FIGURES = [["households", "plan.col.households"], ["firms", "plan.col.firms"], ["workers", "plan.col.workers"], ["open_incidents", "plan.col.open"]];
const COUNTS = ["residents", "firms", "workers", "buildings", "open_incidents", "incidents_12m"];
const SIGN = { error: "M8 2.500 14 13.500H2zM8 6.500v3.500M8 11.800v.2", warn: "M8 2.500 14 13.500H2zM8 6.500v3.500M8 11.800v.2", info: "M8 7.500V11M8 5v.2M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0", good: "m5 8.200 2.200 2.200L11 6.500M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0" };
const SVG = "http://www.w3.org/2000/svg";

export class Effects {
  /** heard: move(number), grid(code), show(check). */
  constructor({ words, heard }) {
    Object.assign(this, { words, heard });
  }

  number(value, digits = 0) {
    return value === null || value === undefined ? "–" : this.words.n(value, digits);
  }

  hectares(m2) {
    const value = m2 / 1e4;
    return value && value < 0.05 ? "< 0.1" : this.words.n(value, value >= 100 ? 0 : 1);
  }

  /** `view` = {draft, colours, short(code), chosen_move}. */
  who(view) {
    const { words } = this, { draft } = view, moves = draft.moves;
    if (!moves.length) return el("div", { class: "sec" }, el("h2", {}, words.t("plan.who")), el("p", { class: "dim" }, words.t(draft.stale || draft.problem ? "plan.who.stale" : draft.made.length ? "plan.who.none" : "plan.who.begin")));
    const totals = draft.preview?.totals ?? { area_m2: moves.reduce((sum, one) => sum + one.area_m2, 0) };
    const name = (code, told) => (code ? view.brief(code, told) : words.t("plan.outside"));
    const swatch = (code) => el("i", { style: { background: view.colours.get(code) ?? OUTSIDE } });
    const row = (one, k) => el("tr", { class: k === view.chosen_move ? "sel" : "", tabindex: "0", "aria-selected": String(k === view.chosen_move), onclick: () => this.heard.move(k), onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.heard.move(k); } } },
      el("td", {}, el("span", { class: "swap", title: `${one.was_name || one.was || words.t("plan.outside")} → ${one.now_name || one.now || words.t("plan.outside")}` }, swatch(one.was), clip(name(one.was, one.was_name)), "→", swatch(one.now), clip(name(one.now, one.now_name)))), el("td", { class: "num" }, this.hectares(one.area_m2)), FIGURES.map(([key]) => el("td", { class: "num" }, this.number(one[key]))));
    return el("section", { class: "sec flush", "aria-label": words.t("plan.who") }, this.head("plan.who", "Who moves"),
      el("table", { class: "tbl tight moves" }, el("thead", {}, el("tr", {}, el("th", {}, words.t("plan.col.from")), el("th", { class: "num" }, words.t("plan.col.ha")), FIGURES.map(([, key]) => el("th", { class: "num" }, words.t(key))))),
        el("tbody", {}, moves.map(row)), el("tfoot", {}, el("tr", {}, el("td", {}, words.t("plan.total")), el("td", { class: "num" }, this.hectares(totals.area_m2)), FIGURES.map(([key]) => el("td", { class: "num" }, this.number(totals[key])))))));
  }

  head(key, english, aside = null) {
    return el("div", { class: "row head-row" }, el("h2", {}, this.words.t(key)), this.words.lang === "en" ? null : el("span", { class: "en" }, english), aside);
  }

  /** Households of each grid the plan touches, before and after, against the band. */
  load(view) {
    const { words } = this, { preview } = view.draft, grids = preview?.grids ?? [];
    if (!grids.length) return null;
    const [low, high] = preview.balance?.band ?? [null, null], share = (value) => Math.max(2, Math.min(98, 37.5 + ((value - low) / (high - low)) * 25));
    const mark = ({ before, after, kind }) => (low === null || kind !== "comprehensive" ? null : // others have no band
       el("span", { class: "load", title: `${this.number(before?.households)} → ${this.number(after?.households)}` },
      before?.households === undefined || before === null || before.households === null ? null : el("i", { style: { left: `${share(before.households)}%` } }),
      after === null || after?.households === null ? null : el("b", { class: after.households < low || after.households > high ? "over" : "", style: { left: `${share(after.households)}%` } })));
    const row = (one) => el("tr", { tabindex: "0", onclick: () => this.heard.grid(one.code), onkeydown: (event) => { if (event.key === "Enter") this.heard.grid(one.code); } },
      el("td", {}, el("span", { class: "swap" }, el("i", { style: { background: view.colours.get(one.code) ?? OUTSIDE } }), clip(view.short(one.code, one.name)), one.change === "appeared" ? el("small", { class: "dim" }, words.t("plan.new-grid")) : one.change === "retired" ? el("small", { class: "dim" }, words.t("plan.retired-grid")) : null)),
      el("td", { class: "num dim" }, this.number(one.before?.households)), el("td", { class: "num strong" }, this.number(one.after?.households)), el("td", {}, mark(one)));
    const sum = (side) => grids.reduce((total, one) => (one[side]?.households ?? null) === null ? total : (total ?? 0) + one[side].households, null);
    const band = low === null ? null : el("span", { class: "push dim cap" }, words.t("plan.band", { low: words.n(low), high: words.n(high) }));
    return el("section", { class: "sec flush", "aria-label": words.t("plan.load") }, this.head("plan.load", "Load", band),
      el("table", { class: "tbl tight loads" }, el("thead", {}, el("tr", {}, el("th", {}, words.t("plan.col.grid")), el("th", { class: "num" }, words.t("plan.col.before")), el("th", { class: "num" }, words.t("plan.col.after")), el("th", {}, low === null ? "" : `${words.n(low)} – ${words.n(high)}`))),
        el("tbody", {}, grids.map(row)), el("tfoot", {}, el("tr", {}, el("td", {}, words.t("plan.sum", { n: words.n(grids.length) })), el("td", { class: "num" }, this.number(sum("before"))), el("td", { class: "num" }, this.number(sum("after"))), el("td", { class: "dim" }, sum("after") !== null && sum("before") === sum("after") ? words.t("plan.sum.same") : "")))), this.detail(view), this.balance(view));
  }

  /** Every figure of the grid that is chosen, before and after. */
  detail({ draft, chosen, short }) {
    const { words } = this, one = draft.preview.grids.find(({ code }) => code === chosen);
    if (!one) return null;
    const pair = (key) => (one.before?.[key] === one.after?.[key] ? this.number(one.after?.[key]) : `${this.number(one.before?.[key])} → ${this.number(one.after?.[key])}`);
    const told = (write) => ["before", "after"].map((side) => (one[side] ? write(one[side]) : "–")), of = (key, whole) => told((side) => `${this.number(side[key])}/${this.number(side[whole])}`), change = ([a, b]) => (a === b ? a : `${a} → ${b}`);
    const rows = [...COUNTS.map((key) => [`plan.f.${key}`, pair(key)]), ["plan.f.slots", change(of("slots_filled", "slots"))], ["plan.f.units", change(of("covered_units", "units"))], ["plan.f.organisational_share", change(told((side) => (side.organisational_share === null ? "–" : `${words.percent(side.organisational_share)}%`)))], ["plan.f.state", change(told((side) => words.t(`plan.people.${side.state || "there"}`)))], ["plan.f.blind_spots", pair("blind_spots")]];
    return el("section", { class: "detail", "aria-label": words.t("plan.detail", { name: short(one.code, one.name) }) }, el("h3", {}, words.t("plan.detail", { name: short(one.code, one.name) })), el("dl", { class: "parts" }, rows.flatMap(([name, text]) => [el("dt", {}, words.t(name)), el("dd", {}, text)])));
  }

  balance({ draft }) {
    const { words } = this, { balance, stability } = draft.preview;
    if (!balance?.before || !balance.after) return null;
    const pair = (key, write) => [words.t(`plan.balance.${key}`), `${write(balance.before[key])} → ${write(balance.after[key])}`];
    const facts = [[words.t("plan.balance.in_band"), `${words.n(balance.before.in_band)} / ${words.n(balance.before.grids)} → ${words.n(balance.after.in_band)} / ${words.n(balance.after.grids)}`], ...(balance.before.cv === null && balance.after.cv === null ? [] : [pair("cv", (value) => this.number(value, 2)), pair("max_min", (value) => this.number(value, 1))]), pair("compactness", (value) => this.number(value, 2)), ...(stability?.households_share === null || stability?.households_share === undefined ? [] : [[words.t("plan.stability"), `${words.percent(stability.households_share)}%`]])];
    return el("dl", { class: "parts balance" }, facts.flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]));
  }

  // -- checks ---------------------------------------------------------------------------------------------------------
  checks(view, most = Infinity) {
    const { words } = this, found = view.draft.preview?.checks ?? [], { problem } = view.draft, passed = found.filter(is_passed);
    if (!view.draft.preview && !problem) return null;
    const order = { error: 0, warn: 1, info: 2 }, sorted = found.filter((one) => !is_passed(one)).sort((a, b) => order[a.severity] - order[b.severity]);
    const count = (severity) => sorted.filter((one) => one.severity === severity).length;
    const chip = count("error") ? ["bad", words.count("plan.errors", count("error"))] : count("warn") ? ["warn", words.count("plan.warns", count("warn"))] : null;
    const broken = problem ? [el("li", {}, sign("error"), el("span", { role: "alert" }, said(problem, words, view.called)), problem.where ? this.show({ where: problem.where, severity: "error" }) : null)] : most === Infinity && passed.length ? [] : [this.good(words.t("plan.sound"))];
    return el("section", { class: "sec", "aria-label": words.t("plan.checks") }, this.head("plan.checks", "Checks", chip ? el("span", { class: `chip push ${chip[0]}` }, chip[1]) : null),
      el("ul", { class: "checks" }, ...broken, sorted.slice(0, most).map((one, k) => el("li", { class: one === view.chosen_check ? "sel" : "", "data-id": `check-${k}` }, sign(one.severity), el("span", {}, this.text(one, view)), one.where ? this.show(one) : null)), most === Infinity && !problem ? passed.map((one) => this.good(this.text(one, view))) : null));
  }

  good(text) {
    return el("li", {}, sign("good"), el("span", {}, text));
  }

  /** What a check says, grids by their names. */
  text({ text }, view) {
    return (text[this.words.lang] ?? text.en).replace(/[\w-]{6,}/g, (code) => (view.draft.leaf(code) || view.draft.leaf(code, "before") ? view.short(code) : code));
  }

  show(check) {
    return el("button", { class: "link", type: "button", onclick: () => this.heard.show(check) }, this.words.t("plan.show"));
  }

}

/** Whether a check found nothing to tell of. */
export const is_passed = ({ severity, count, where }) => severity === "info" && !count && !where;

/** The sign of how grave a finding is, each of another shape. */
export function sign(severity) {
  const svg = document.createElementNS(SVG, "svg"), line = document.createElementNS(SVG, "path");
  svg.setAttribute("class", `ic ${severity === "error" ? "bad" : severity}`);
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("d", SIGN[severity] ?? SIGN.info);
  svg.append(line);
  return svg;
}

const clip = (text) => el("span", { class: "clip" }, text);
