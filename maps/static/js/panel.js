// The panel: where, what, the figure, the ranking, actions.
import { crumb } from "./crumb.js";
import { ICONS, el, find, icon } from "./dom.js";
import { KIND_COLOURS, NOTHING } from "./legend.js";
import { Stretch } from "./stretch.js";
import { sum, value_of } from "./values.js";

export const BADGES = 10;
const PAGE = 10; // rows at first

export class Panel {
  /** `heard`: enter(code), by(indicator), level(key), choose(row), hover(row or null), turn(), download(), finer(). */
  constructor({ boot, words, heard }) {
    Object.assign(this, { boot, words, heard, stretch: new Stretch(PAGE) });
    this.body = find(".panel .scroll");
    this.foot = find(".panel .foot-bar");
    this.lines = new Map();
  }

  /** Grey bars instead of rows, until the values are here. */
  skeleton() {
    if (this.lines.size) return;
    this.body.replaceChildren(el("div", { class: "sec" }, Array.from({ length: 9 }, (_, k) => el("i", { class: "skel", style: { width: `${90 - 7 * (k % 5)}%`, margin: "18px 0" } }))));
  }

  fail(error, again) {
    this.lines.clear();
    this.foot.hidden = true;
    this.body.replaceChildren(el("div", { class: "empty", role: "alert" }, el("b", {}, this.words.t("error.values", { reason: error.message })), el("button", { class: "btn", type: "button", onclick: again }, this.words.t("error.again"))));
  }

  /** Everything anew; `view` = {values, rows, place, level, deepest, order, zoomed}. */
  draw(view, { keepPlace = false } = {}) {
    if (!keepPlace) this.stretch.reset();
    this.view = view;
    const top = this.body.scrollTop;
    const open = document.activeElement?.closest(".panel [id]")?.id;
    this.body.replaceChildren(this.crumb(), this.what(), this.list(), el("section", { class: "sec legend legend-copy only-s" }));
    this.actions();
    if (keepPlace) this.body.scrollTop = top;
    if (open) document.getElementById(open)?.focus({ preventScroll: true });
  }

  crumb() {
    const { values, place } = this.view;
    return el("div", { class: "sec" }, crumb({ levels: this.boot.city.levels, chain: values.chain(place.id), words: this.words, enter: this.heard.enter }));
  }

  what() {
    const { values, rows } = this.view, total = sum(rows), words = this.words;
    const select = el("select", { id: "by", "aria-label": words.t("indicator"), onchange: (event) => this.heard.by(event.target.value) },
      this.boot.indicators.map((one) => el("option", { value: one, selected: one === values.indicator }, words.t(`by.${one}`))));
    const field = el("div", { class: "field" }, el("span", { "aria-hidden": "true" }, el("b", {}, words.t(`by.${values.indicator}`)), el("small", {}, words.t(`by.${values.indicator}.sub`))), icon(ICONS.down), select);
    return el("div", { class: "sec" }, field, this.figure(total), this.facts(total), ...this.bar(total), this.levels("seg wide levels only-s"));
  }

  /** The one large figure, with its denominator and its date. */
  figure(total) {
    const { values } = this.view, words = this.words;
    const value = value_of(values.indicator, total);
    const big = value === null ? "–" : values.share ? words.percent(value) : words.n(value, values.indicator === "incident-density" && value < 100 ? 1 : 0);
    const given = { part: words.km2(total.area_m2 - total.fallback_m2), whole: words.km2(total.area_m2), n: words.n(total.incidents), since: words.date(values.since), until: words.date(values.until) };
    const dated = values.share ? words.t("status.boundaries", { n: this.boot.edition.number }) + ` · ${words.date(this.boot.edition.effective_at)}`
      : values.until ? `${words.date(values.since)} – ${words.date(values.until)}` : words.t("nodata.incidents");
    return el("div", { class: "figure" }, el("b", {}, big, values.share ? el("small", {}, "%") : null),
      el("span", { class: "dim cap" }, words.t(`figure.${values.indicator}`, given), el("br"), dated));
  }

  facts(total) {
    const { values, place } = this.view, words = this.words;
    const km2 = (m2) => [words.km2(m2), el("small", {}, " km²")];
    const all = values.share
      ? [["fact.grids", words.n(total.grids)], ["fact.dedicated", words.n(total.dedicated)], ["fact.fallback", km2(total.fallback_m2)]]
      : [["fact.incidents", words.n(total.incidents)], ["fact.area", words.km2(total.area_m2)], place.level === 0 ? ["fact.unplaced", words.n(values.unplaced)] : ["fact.grids", words.n(total.grids)]];
    return el("dl", { class: "facts" }, all.map(([name, text]) => el("div", {}, el("dt", {}, words.t(name)), el("dd", {}, text))));
  }

  bar(total) {
    const { values, place } = this.view, words = this.words;
    const unplaced = place.level === 0 ? values.unplaced : 0;
    const [part, rest, names] = values.share ? [total.area_m2 - total.fallback_m2, total.fallback_m2, ["bar.named", "bar.fallback"]] : [total.incidents, unplaced, ["bar.placed", "bar.unplaced"]];
    if (!values.share && !unplaced) return [];
    const share = part + rest ? part / (part + rest) : 0;
    const texts = names.map((name, k) => words.t(name, { n: values.share ? words.km2(k ? rest : part) : words.n(k ? rest : part) }));
    return [
      el("div", { class: "known", role: "img", "aria-label": texts.join(words.lang === "en" ? ", " : "，") }, el("i", { class: "known-part", style: { width: `${share * 100}%` } }), el("i", { class: values.share ? "hatch-f" : "hatch-u", style: { flex: "1" } })),
      el("div", { class: "row cap known-text" }, el("span", {}, texts[0]), el("span", { class: "push" }, texts[1])),
    ];
  }

  levels(kind) {
    const { zoomed } = this.view;
    return el("div", { class: kind, role: "group", "aria-label": this.words.t("levels") }, level_buttons(this.boot, this.words, zoomed.wanted, this.heard.level));
  }

  // -- ranking ------------------------------------------------------------------------------------------------------
  list() {
    const { order, rows, zoomed, ranked } = this.view, words = this.words;
    const kinds = this.view.values.share && this.view.level === this.view.deepest;
    const title = words.t(kinds ? "rank.kinds" : order > 0 ? "rank.lowest" : "rank.highest", { level: words.lang === "en" ? zoomed.level.en : zoomed.level.zh });
    const head = el("div", { class: "row" }, el("h2", {}, title), el("span", { class: "en" }, kinds || words.lang === "en" ? "" : words.t(order > 0 ? "rank.lowest.sub" : "rank.highest.sub")), el("span", { class: "push dim cap" }, ranked.some((row) => row.rank <= BADGES) ? words.t("rank.numbered") : ""));
    this.lines.clear();
    if (!rows.length) return el("div", { class: "sec flush" }, head, el("p", { class: "empty" }, words.t("nodata.rows")));
    const columns = this.columns();
    const table = el("table", { class: `tbl${this.view.values.share && this.view.level === this.view.deepest ? " kinds" : ""}` },
      el("thead", {}, el("tr", {}, el("th", {}, el("span", { class: "vh" }, "#")), columns.map(({ name, num, sorted }) => el("th", { class: num ? "num" : null, "aria-sort": sorted ? (order > 0 ? "ascending" : "descending") : null },
        sorted ? el("button", { class: "sort", type: "button", title: words.t("sort.turn"), onclick: this.heard.turn }, `${name} ${order > 0 ? "↑" : "↓"}`) : name)))),
      el("tbody", { onmouseleave: () => this.heard.hover(null) }, this.stretch.of(ranked).map((row) => this.line(row, columns))));
    return el("div", { class: "sec flush" }, head, this.turner(-1), table, this.turner(1));
  }

  turner(way) {
    return this.stretch.turner(way, this.view.ranked.length, this.words, () => {
      this.draw(this.view, { keepPlace: true });
      this.heard.drawn();
    });
  }

  columns() {
    const { values, level, deepest, zoomed } = this.view, words = this.words;
    const density = (row) => (row.area_m2 ? words.n(row.incidents / (row.area_m2 / 1e6), row.incidents / (row.area_m2 / 1e6) < 100 ? 1 : 0) : "–");
    const name = { name: words.lang === "en" ? zoomed.level.en : zoomed.level.zh, cell: (row) => this.named(row), key: "name" };
    const bar = { name: "", cell: (row) => this.meter(row) };
    if (values.share && level === deepest) {
      return [name, { name: words.t("col.kind"), cell: (row) => el("span", { class: "kind" }, el("i", { class: row.kind === "fallback" ? "hatch-f" : "", style: { background: KIND_COLOURS[row.kind] } }), words.t(`kind.${row.kind}`).replace(/ grid$| ground$/, "")) },
        { name: words.t("col.area"), num: true, sorted: true, cell: (row) => words.km2(row.area_m2) }, { name: words.t("col.incidents"), num: true, cell: (row) => words.n(row.incidents) }];
    }
    if (values.share) {
      return [name, bar, { name: words.t("col.share"), num: true, sorted: true, cell: (row) => (row.value === null ? "–" : words.percent(row.value)) },
        { name: words.t("col.fallback"), num: true, cell: (row) => (row.fallback_m2 ? words.km2(row.fallback_m2) : "–") }];
    }
    const two = [{ name: words.t("col.density"), num: true, cell: density }, { name: words.t("col.incidents"), num: true, cell: (row) => words.n(row.incidents) }];
    if (values.indicator === "incidents") two.reverse();
    const [first, second] = two;
    return [name, bar, { ...first, sorted: true }, second];
  }

  named(row) {
    const above = this.view.values.place.get(row.parent);
    return [el("span", { class: "name", title: row.name }, this.view.values.short(row)), el("span", { class: "under" }, above && above.level > 0 ? above.name : row.code)];
  }

  meter(row) {
    const { values, peak } = this.view;
    if (row.value === null) return el("i", { class: "meter hatch-u" });
    const share = values.share ? row.value : row.value / (peak || 1);
    const colour = values.classes[row.class]?.colour ?? NOTHING;
    return el("i", { class: `meter${values.share && row.value < 1 ? " hatch-f" : ""}`, "aria-hidden": "true" }, el("i", { style: { width: `${share * 100}%`, background: colour } }));
  }

  line(row, columns) {
    const line = el("tr", { tabindex: "-1", "data-code": row.code, onclick: () => this.heard.choose(row), onmouseenter: () => this.heard.hover(row) },
      el("td", {}, row.rank <= BADGES ? el("span", { class: "rank" }, String(row.rank)) : String(row.place_in_list)),
      columns.map(({ cell, num, key, sorted }) => el("td", { class: sorted ? "num strong" : num ? "num" : key ?? null }, cell(row))));
    this.lines.set(row.id, line);
    return line;
  }

  actions() {
    const { level, deepest, rows, zoomed } = this.view, words = this.words;
    const next = this.boot.city.levels[level + 1];
    this.foot.hidden = false;
    this.foot.replaceChildren(
      el("button", { class: "btn grow", type: "button", onclick: this.heard.download }, icon(ICONS.download), words.t("download", { n: words.n(rows.length), level: words.level(zoomed.level) })),
      ...(level < deepest ? [el("button", { class: "btn main grow", type: "button", onclick: this.heard.finer }, words.t("finer", { level: words.level(next) }))] : []));
  }

  /** Mark the rows of what is chosen and hovered; the chosen one is brought into sight. */
  mark(hover, chosen, follow) {
    for (const [id, line] of this.lines) {
      line.classList.toggle("sel", id === chosen);
      line.classList.toggle("hover", id === hover);
      id === chosen ? line.setAttribute("aria-selected", "true") : line.removeAttribute("aria-selected");
    }
    if (follow) this.lines.get(chosen)?.scrollIntoView({ block: "nearest" });
  }

  /** Every row, as paper wants them. */
  all() {
    this.stretch.all();
    this.draw(this.view, { keepPlace: true });
  }

  /** See that a row is in the list, however far down it stands: the list moves there, so it stays short. */
  reach(id) {
    if (!this.stretch.reach(this.view.ranked.findIndex((row) => row.id === id))) return;
    this.draw(this.view, { keepPlace: true });
  }
}

/** Buttons of the level switch: every level below the city. */
export function level_buttons(boot, words, wanted, choose) {
  return boot.city.levels.slice(1).map((level) => el("button", { type: "button", "aria-pressed": String(level.key === wanted), onclick: () => choose(level.key) }, words.lang === "en" ? level.en : level.zh));
}
