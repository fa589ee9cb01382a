// The panel of blind spots: where, how many, the codes as filters, the ranking with the chosen row open, what to do with all.
import { crumb } from "./crumb.js";
import { ICONS, el, find, icon } from "./dom.js";
import { keeping_focus } from "./focus.js";
import { detail, figure } from "./spot-detail.js";
import { followed } from "./spot-decide.js";
import { GRID_CODES, UNIT_CODES, filled, pcode } from "./spot-codes.js";
import { Stretch } from "./stretch.js";

export const BADGES = 10;
const PAGE = 10; // rows at first
const BAR = [...UNIT_CODES, "work", "covered"]; // parts of the bar, the unknown after them

export class SpotPanel {
  /** `heard`: enter(code), district(id or null), codes(code or null), choose(spot), hover(spot or null), weights(), survey(), more(), drawn(), and what spot-detail.js hears. */
  constructor({ boot, words, heard }) {
    Object.assign(this, { boot, words, heard, stretch: new Stretch(PAGE), lines: new Map() });
    this.body = find(".panel .scroll");
    this.foot = find(".panel .foot-bar");
  }

  /** Grey bars instead of rows, until the list is here. */
  skeleton() {
    this.foot.hidden = true;
    const bars = Array.from({ length: 9 }, (_, k) => el("i", { class: "skel", style: { width: `${90 - 7 * (k % 5)}%`, margin: "18px 0" } }));
    this.body.replaceChildren(el("div", { class: "sec", role: "status", "aria-label": this.words.t("loading") }, bars));
  }

  /** What went wrong, in place of the list, with the way on. */
  fail(message, action, again) {
    this.lines.clear();
    this.foot.hidden = true;
    this.body.replaceChildren(el("div", { class: "empty", role: "alert" }, el("b", {}, message), el("button", { class: "btn", type: "button", onclick: again }, action)));
  }

  /** Everything anew; `view` as blind-spots.js makes it. */
  draw(view, { keepPlace = false } = {}) {
    if (!keepPlace) this.stretch.reset();
    this.view = view;
    const top = this.body.scrollTop;
    keeping_focus(this.body, () => this.body.replaceChildren(this.head(), this.sorted(), this.list(), el("section", { class: "sec legend legend-copy only-s" })));
    this.actions();
    this.body.scrollTop = keepPlace ? top : 0;
  }

  // -- head ---------------------------------------------------------------------------------------------------------
  head() {
    const { words } = this, { blind, total, by } = this.view;
    const title = words.count(`spots.title.${by}`, blind);
    return el("div", { class: "sec head" }, this.where(),
      el("div", { class: "row title" }, el("h1", {}, title), this.boot.forecast ? el("span", { class: "chip info" }, words.t("forecast")) : null, el("span", { class: "en" }, words.lang === "en" ? "" : words.t("spots.title.sub")), el("span", { class: "push dim cap" }, words.t(`spots.of.${by}`, { n: words.n(total) }))),
      this.bar(), this.chips(), this.trial());
  }

  where() {
    const { chain, district } = this.view, { words } = this;
    const levels = this.boot.city.levels;
    const picked = district ? [el("i", { "aria-hidden": "true" }, "›"), el("span", { "aria-current": "true" }, this.named(district), this.heard.enter ? el("button", { class: "x", type: "button", "aria-label": words.t("district.leave"), onclick: () => this.heard.district(null) }, icon(ICONS.close)) : null)].filter(Boolean) : [];
    const found = crumb({ levels: district ? levels.slice(0, chain.length) : levels, chain, words, enter: this.heard.enter, below: this.below(), here: !district });
    found.append(...picked);
    if (district && this.heard.enter) found.append(el("a", { href: `/maps/business-districts/${district.id}` }, words.t("district.page")));
    return el("div", { class: "where" }, found, this.districts());
  }

  named(district) {
    const { name, name_en } = district.properties;
    return (this.words.lang === "en" && name_en) || name;
  }

  /** The level below as a list to choose from, each place with how many blind spots it has. */
  below() {
    const { children, chain, by } = this.view, { words } = this;
    const level = this.boot.city.levels[chain.length];
    if (!children?.length || !level || !this.heard.enter) return null;
    const option = (one) => el("option", { value: one.code }, one.blind === undefined ? one.name : `${one.name} · ${words.t(`spots.of.short.${by}`, { n: words.n(one.blind) })}`);
    return this.picker(words.level(level), words.t("spots.enter", { level: words.level(level) }), "", () => children.map(option), (code) => this.heard.enter(code));
  }

  districts() {
    const { districts, district } = this.view, { words } = this;
    if (!districts?.length || !this.heard.enter) return null;
    const option = (one) => el("option", { value: String(one.id), selected: one.id === district?.id }, this.named(one));
    return this.picker(words.t("district.pick", { n: districts.length }), words.t("district"), "district", () => districts.map(option), (id) => this.heard.district(id));
  }

  /** A list to choose from behind a word; it is filled when a person comes to it, for it may be long. */
  picker(text, label, id, options, chosen) {
    const fill = ({ target }) => { if (target.length === 1) target.append(...options()); };
    const select = el("select", { id: id || null, "aria-label": label, onfocus: fill, onpointerdown: fill, onchange: (event) => event.target.value && chosen(event.target.value) }, el("option", { value: "" }, label));
    return el("span", { class: "next picker" }, el("span", { "aria-hidden": "true" }, text), icon(ICONS.down), select);
  }

  bar() {
    const { counts, total, by } = this.view, { words } = this;
    const parts = (by === "grid" ? ["G1", "G2"] : BAR).filter((code) => counts[code]).map((code) => [code, counts[code]]);
    const rest = total - parts.reduce((sum, [, n]) => sum + n, 0) - (counts.U ?? 0);
    const texts = [...parts, ["U", counts.U ?? 0]].map(([code, n]) => `${words.t(`code.${code}`)} ${words.n(n)}`);
    const part = ([code, n]) => { const { style, ...look } = filled(code); return el("i", { ...look, style: { ...style, width: `${(100 * n) / total}%` } }); };
    return el("div", { class: "known", role: "img", "aria-label": texts.join(words.lang === "en" ? ", " : "，") },
      total ? [...parts.map(part), by === "grid" && rest > 0 ? part(["covered", rest]) : null, el("i", { class: "hatch-u", style: { flex: "1" } })] : []);
  }

  chips() {
    const { counts, codes, by, blind } = this.view, { words } = this;
    const chip = (code, n, pressed, title) => el("button", { class: "chip pick", type: "button", "aria-pressed": String(pressed), title, onclick: () => this.heard.codes(code) }, code ?? words.t("spots.all"), " ", el("b", {}, words.n(n)));
    const shown = (by === "grid" ? GRID_CODES : UNIT_CODES).map((code) => chip(code, counts[code] ?? 0, codes.has(code), words.t(`code.${code}`)));
    const unknown = codes.has("U") ? [chip("U", counts.U ?? 0, true, words.t("code.U"))] : [];
    return el("div", { class: "row wrap chips", role: "group", "aria-label": words.t("spots.filter") }, chip(null, blind, !codes.size, words.t("spots.all")), ...shown, ...unknown);
  }

  /** What is tried out, said loudly, with the way back. */
  trial() {
    const { trial, weights, unread } = this.view, { words } = this;
    if (!trial) return null;
    const changed = Object.keys(trial).filter((code) => trial[code] !== weights[code]).map((code) => `${code} ${weights[code]} → ${trial[code]}`);
    return el("p", { class: "note trying", role: "status" }, el("b", {}, words.t("trial")), ` ${changed.join(words.lang === "en" ? ", " : "，")}`, unread ? el("span", {}, ` ${words.t("trial.part", { n: words.n(unread) })}`) : null,
      el("button", { class: "btn bare push", type: "button", onclick: this.heard.untry }, words.t("trial.undo")));
  }

  sorted() {
    const { words } = this, { by } = this.view;
    return el("div", { class: "row cap sorted" }, el("span", {}, words.t("spots.sorted")), el("span", { class: "push" }, words.t(by === "grid" ? "spots.formula.grid" : "spots.formula")), el("button", { class: "link", type: "button", onclick: this.heard.weights }, words.t("spots.weights")));
  }

  // -- list ---------------------------------------------------------------------------------------------------------
  list() {
    const { spots, more, codes, counts, by, chosen } = this.view, { words } = this;
    const written = this.lines.get(chosen), kept = written?.querySelector(".dismissal, input:focus") ? written : null; // what is being written in it is not drawn anew
    this.lines.clear();
    if (!spots.length) return this.empty(codes.size ? "spots.none.filtered" : counts.U ? "spots.none.known" : this.view.total ? "spots.none" : `spots.nothing.${by}`);
    const lines = this.stretch.of(spots).map((spot) => (kept && spot.id === chosen ? this.same(spot, kept) : this.line(spot)));
    const all = this.stretch.from + this.stretch.shown >= spots.length;
    return el("div", {}, this.turner(-1), el("ol", { class: "spots", "aria-label": words.t("spots.list"), onmouseleave: () => this.heard.hover(null) }, lines), this.turner(1),
      all && more ? el("button", { class: "btn bare more", type: "button", onclick: this.heard.more }, words.t("spots.more", { n: words.n(more) })) : null);
  }

  empty(key) {
    const { words } = this;
    const way = key === "spots.none.filtered" ? el("button", { class: "btn", type: "button", onclick: () => this.heard.codes(null) }, words.t("spots.all"))
      : key.startsWith("spots.nothing") ? el("a", { class: "btn", href: "/maps/import" }, words.t("empty.page")) : null;
    return el("div", { class: "empty" }, el("b", {}, words.t(key)), el("p", {}, words.t(`${key}.sub`, { n: words.n(this.view.counts.U ?? 0) })), way);
  }

  turner(way) {
    return this.stretch.turner(way, this.view.spots.length, this.words, () => this.again());
  }

  /** The same list once more: another stretch of it, or all of it for paper. */
  again() {
    this.draw(this.view, { keepPlace: true });
    this.heard.drawn();
  }

  line(spot) {
    const { words } = this, { chosen, full, trial, weights, writes } = this.view;
    const open = spot.id === chosen;
    const name = words.t("spots.row", { rank: spot.place_in_list, name: spot.name, code: spot.code, score: figure(words, spot.score ?? 0) });
    const head = el("button", { class: "line", type: "button", "aria-expanded": String(open), "aria-label": name, onclick: () => this.heard.choose(spot) },
      el("span", { class: spot.place_in_list <= BADGES ? "rank" : "place" }, String(spot.place_in_list)), el("span", { class: "clip name", title: spot.name }, spot.name), pcode(spot.code),
      followed(spot.follow_up, words), el("span", { class: "score push" }, spot.score === null ? "–" : figure(words, spot.score)));
    const item = el("li", { class: open ? "item sel" : "item", "aria-current": open ? "true" : null, "data-id": spot.id, onmouseenter: () => this.heard.hover(spot) },
      head, el("p", { class: "sub" }, words.told(spot.reason)), open ? detail({ spot, full, words, weights, trial, heard: this.heard, writes }) : null);
    this.lines.set(spot.id, item);
    return item;
  }

  same(spot, item) {
    this.lines.set(spot.id, item);
    return item;
  }

  /** The rows of these ids drawn anew, in their place; one in which something is being written only where it `is_given`, and never
   *  one in which the next thing is being written while the last is on its way. */
  renew(ids, is_given = true) {
    const spots = new Map(this.view.spots.map((spot) => [spot.id, spot]));
    for (const id of new Set(ids)) {
      const old = this.lines.get(id);
      if (!old || (!is_given && old.querySelector(".dismissal, input:focus")) || old.querySelector(".follow input:focus:not([data-given])")) continue;
      keeping_focus(this.body, () => old.replaceWith(this.line(spots.get(id))));
    }
  }

  actions() {
    const { counts, exports, codes, by } = this.view, { words } = this;
    const unknown = counts.U ?? 0;
    this.foot.hidden = false;
    const files = el("details", { class: "menu" }, el("summary", { class: "btn" }, icon(ICONS.download), words.t("spots.export")),
      el("p", { class: "float" }, exports.map(([name, href]) => el("a", { href, download: true }, name))));
    this.foot.replaceChildren(el("span", { class: "cap dim" }, words.t(`spots.rest.${by}`, { n: words.n(unknown) })),
      el("button", { class: "btn push", type: "button", disabled: !unknown, "aria-pressed": String(codes.has("U")), onclick: this.heard.survey }, words.t(by === "grid" ? "spots.see.unknown" : "do.survey")), files);
  }

  // -- marks --------------------------------------------------------------------------------------------------------
  mark(hover) {
    for (const [id, line] of this.lines) line.classList.toggle("hover", id === hover);
  }

  /** See that a row is in the list and in sight. */
  reach(id) {
    if (this.stretch.reach(this.view.spots.findIndex((spot) => spot.id === id))) this.again();
    this.lines.get(id)?.scrollIntoView({ block: "nearest" });
  }

  /** Every row, as paper wants them. */
  all() {
    this.stretch.all();
    this.again();
  }
}
