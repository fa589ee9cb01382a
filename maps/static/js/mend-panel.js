// The panel of the mends: what was read, the figure, ground by reason, two lists with their filters, and how to commit.
import { el, find } from "./dom.js";
import { LongList } from "./long-list.js";
import { swatch } from "./place-brushes.js";

const ROW = 66;
const KM2_FROM = 100_000; // square metres told as km²

export class MendPanel {
  /** `heard`: tab(name), kinds(name), choose(item), hover(item or null). */
  constructor({ boot, words, looks, heard }) {
    Object.assign(this, { boot, words, looks, heard });
    this.body = find(".panel .scroll");
    this.list = new LongList({ scroller: this.body, label: words.t("mends.list"), height: ROW, line: (item) => this.line(item), heard });
    this.foot();
  }

  /** Everything anew: `view` = {tab, picked (kinds), items, mends, findings}. */
  draw(view) {
    this.view = view;
    const words = this.words, mends = Boolean(this.boot.repair);
    const head = el("div", { class: "list-head" }, this.tabs(), this.chips());
    const empty = view.items.length ? null : el("p", { class: "empty" }, el("b", {}, words.t(this.nothing())), view.tab === "mends" ? words.t("mends.none.sub") : "");
    this.body.replaceChildren(this.title(), ...(mends && view.mends.length ? [this.figure()] : []), head, ...(empty ? [empty] : []), this.list.box);
    this.list.of(view.items);
  }

  nothing() {
    return this.view.tab === "mends" ? "mends.none" : "mends.found.none";
  }

  title() {
    const { boot, words } = this, { repair } = boot;
    const state = { dry: "warn", refused: "bad", published: "good", same: "good" }[boot.state];
    const levels = repair?.authority.map((key) => words.level(boot.city.levels.find((level) => level.key === key))).join(" › ");
    const facts = repair ? [["mends.limits", words.t("mends.limits.are", { w: words.n(repair.width_m, repair.width_m % 1 ? 2 : 0), a: words.n(repair.area_m2) })], ["mends.authority", levels]] : [];
    return el("div", { class: "sec head" },
      el("div", { class: "row" }, el("h1", {}, words.t(repair ? "page.mends" : "mends.findings.title")), words.lang === "en" ? null : el("span", { class: "en" }, repair ? "Ledger of mends" : "Findings"), el("span", { class: `chip push ${state}` }, words.t(`mends.state.${boot.state}`))),
      el("p", { class: "cap dim from" }, el("span", {}, words.city(boot.city)), " · ", el("span", { title: boot.file }, boot.file), " · ", words.t("mends.read", { n: words.n(boot.rows) })),
      el("dl", { class: "terms" }, facts.flatMap(([name, text]) => [el("dt", {}, words.t(name)), el("dd", {}, text)])));
  }

  figure() {
    const { boot, words, view } = this;
    const moved = view.mends.filter((one) => !boot.kinds.no_move.includes(one.kind)), still = view.mends.filter((one) => boot.kinds.no_move.includes(one.kind));
    const sum = (list) => list.reduce((total, one) => total + one.area_m2, 0);
    const [largest] = moved;
    const widest = moved.reduce((most, one) => Math.max(most, one.width_m ?? 0), 0);
    const facts = [["mends.moved", this.ground(sum(moved))], ["mends.largest", largest ? this.ground(largest.area_m2) : "–"], ["mends.widest", `${words.n(widest, widest < 10 ? 2 : 0)} m`]];
    return el("div", { class: "sec" },
      el("div", { class: "figure" }, el("b", {}, words.n(moved.length), el("small", {}, ` ${words.t("mends.places")}`)), el("span", { class: "dim cap" }, words.t("mends.figure"), el("br"), still.length ? words.t("mends.still", { n: words.n(still.length), m2: this.ground(sum(still)) }) : "")),
      el("dl", { class: "facts" }, facts.map(([name, text]) => el("div", {}, el("dt", {}, words.t(name)), el("dd", {}, text)))),
      this.bar(moved, sum(moved)));
  }

  /** Ground moved by each reason as one bar; the chips below tell the same in words. */
  bar(moved, whole) {
    const by = Object.keys(this.boot.reasons).map((kind) => [kind, moved.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.area_m2, 0)]).filter(([, m2]) => m2 > 0);
    const told = by.map(([kind, m2]) => `${this.words.t(`mends.kind.${kind}`)} ${this.ground(m2)}`);
    return [
      el("div", { class: "known reasons", role: "img", "aria-label": `${this.words.t("mends.bar")}${told.join(this.words.lang === "en" ? ", " : "，")}` }, by.map(([kind, m2], k) => el("i", { title: told[k], style: { flex: `${m2 / whole} 0 3px`, background: this.looks[kind].colour } }))),
      el("p", { class: "cap dim bar-text" }, told.slice(0, 3).map((text, k) => el("span", {}, el("i", { style: { background: this.looks[by[k][0]].colour } }), text))),
    ];
  }

  tabs() {
    const { view, words } = this, errors = view.findings.filter((one) => one.kind === "error").length;
    const tab = (name, n, bad) => el("button", { type: "button", role: "tab", "aria-selected": String(view.tab === name), onclick: () => this.heard.tab(name) }, words.t(`mends.tab.${name}`), " ", bad ? el("span", { class: "chip bad" }, words.t("mends.errors", { n: words.n(bad) })) : el("span", { class: "dim" }, words.n(n)));
    return el("div", { class: "tabs", role: "tablist" }, this.boot.repair ? tab("mends", view.mends.length) : null, tab("findings", view.findings.length, errors));
  }

  chips() {
    const { view, words } = this, counts = new Map();
    for (const one of view[view.tab]) counts.set(one.kind, (counts.get(one.kind) ?? 0) + 1);
    if (!counts.size) return null;
    const chip = (kind) => el("button", { class: "chip pick", type: "button", "aria-pressed": String(view.picked.has(kind)), title: this.reason(kind), onclick: () => this.heard.kinds(kind) }, mark(kind, this.looks), words.t(`mends.kind.${kind}`), el("b", {}, words.n(counts.get(kind))));
    const all = el("button", { class: "chip pick", type: "button", "aria-pressed": String(!view.picked.size), onclick: () => this.heard.kinds(null) }, words.t("mends.all"), el("b", {}, words.n(view[view.tab].length)));
    const order = Object.keys(this.looks).filter((kind) => counts.has(kind));
    return el("div", { class: "chips", role: "group", "aria-label": words.t("mends.filter") }, all, order.map(chip));
  }

  reason(kind) {
    return this.boot.reasons[kind]?.[this.words.lang === "en" ? "en" : "zh"] ?? null;
  }

  // -- rows -----------------------------------------------------------------------------------------------------------
  line(item) {
    const box = el("li", { class: `spot${item.severity ? " finding" : ""}` }, mark(item.kind, this.looks), item.severity ? this.found(item) : this.mended(item));
    return box;
  }

  mended(item) {
    const words = this.words, { from, to } = item;
    return [
      el("span", { class: "line" }, el("b", { class: "swap" }, this.called(from), el("i", {}, "→"), this.called(to)), el("span", { class: "push strong nowrap" }, this.ground(item.area_m2))),
      el("span", { class: "line under" }, el("span", { class: "code clip" }, [from?.code, to?.code].map((code) => code || "—").join(" → ")), el("span", { class: "push nowrap" }, words.t("mends.wide", { m: this.width(item) }))),
      el("span", { class: "line under" }, el("span", { class: "clip" }, this.rows(item)), el("span", { class: "push show" }, words.t("mends.show"))),
    ];
  }

  found(item) {
    const lang = this.words.lang === "en" ? "en" : "zh";
    return [
      el("span", { class: "line" }, el("b", { class: "clip" }, item.title[lang]), el("span", { class: "push strong nowrap" }, item.area_m2 === null ? "" : this.ground(item.area_m2))),
      el("span", { class: "line under" }, el("span", { class: "clip" }, item.called), item.at ? el("span", { class: "push show" }, this.words.t("mends.show")) : el("span", { class: "push nowrap" }, this.words.t("mends.no-place"))),
      el("span", { class: "line under" }, el("span", { class: "clip" }, item.message[lang])),
    ];
  }

  /** Name of who holds ground, else its code; no one in words. */
  called(party) {
    if (!party) return el("span", { class: "dim" }, this.words.t("mends.no-one"));
    return el("span", { class: "clip", title: `${party.name} ${party.code}`.trim() }, party.name || party.code);
  }

  /** File and row numbers of both parties; a file that both come from is told once. */
  rows({ from, to }) {
    const parts = [from, to].filter((one) => one?.rows.length);
    const row = (one) => this.words.t("mends.row", { n: one.rows.map((n) => this.words.n(n)).join("·") });
    if (parts.length === 2 && parts[0].file === parts[1].file) return `${parts[0].file} ${this.words.t("mends.row", { n: parts.map((one) => this.words.n(one.rows[0])).join(" → ") })}`;
    return parts.map((one) => `${one.file} ${row(one)}`).join(" → ") || this.words.t("mends.no-row");
  }

  ground(m2) {
    const words = this.words;
    if (m2 >= KM2_FROM) return `${words.km2(m2)} km²`;
    return m2 < 0.005 ? "< 0.01 m²" : `${words.n(m2, m2 < 100 ? 2 : 0)} m²`;
  }

  width({ width_m }) {
    return width_m === null ? `> ${this.words.n(this.boot.repair.width_m)}` : this.words.n(width_m, width_m < 10 ? 2 : 0);
  }

  // -- foot -----------------------------------------------------------------------------------------------------------
  foot() {
    const { boot, words } = this, box = find(".panel .foot-bar");
    box.hidden = false;
    const errors = boot.findings.filter((one) => one.severity === "error").length;
    if (boot.state === "refused") {
      box.replaceChildren(el("p", { class: "cap grow" }, el("b", { class: "bad-text" }, words.t("mends.refused", { n: words.n(errors) })), el("br"), words.t("mends.refused.sub")), el("button", { class: "btn main", type: "button", onclick: () => this.heard.tab("findings", "error") }, words.t("mends.see-errors")));
      return;
    }
    if (boot.state !== "dry") { box.replaceChildren(el("p", { class: "cap grow" }, words.lang === "en" ? boot.outcome.en : boot.outcome.zh)); return; }
    const code = el("code", { class: "command", tabindex: "0", "aria-label": words.t("mends.command") }, boot.command.split(" ").flatMap((word, k) => [k ? " " : "", el("span", {}, word)]));
    const copy = el("button", { class: "btn main", type: "button", onclick: () => copied(code, copy, words) }, words.t("mends.copy"));
    box.replaceChildren(el("p", { class: "cap grow" }, el("b", {}, words.t("mends.not-yet")), el("br"), words.t("mends.how")), copy, code);
  }
}

/** The mark of a kind as an element: the letter in its shape. */
export function mark(kind, looks) {
  const look = looks[kind];
  return el("i", { class: `mark ${look.shape}`, "aria-hidden": "true", style: { background: look.colour, color: look.ink ?? "#111111" } }, el("span", {}, look.glyph));
}

/** A row of the legend: pattern, words, count. */
export function legend_rows(kinds, { looks, words, counts }) {
  return kinds.map((kind) => el("li", {}, el("i", { style: { background: swatch(looks[kind]) } }), el("span", {}, words.t(`mends.kind.${kind}`), el("span", { class: "dim" }, ` ${looks[kind].glyph}`)), el("span", {}, words.n(counts.get(kind)))));
}

async function copied(code, button, words) {
  getSelection().selectAllChildren(code);
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    document.execCommand("copy"); // a page without leave for the clipboard still has its selection
  }
  button.textContent = words.t("mends.copied");
}
