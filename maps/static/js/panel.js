// The panel: where, what, the figure, the ranking, actions.
import { crumb } from "./crumb.js";
import { ICONS, el, find, icon } from "./dom.js";
import { keeping_focus } from "./focus.js";
import { KIND_COLOURS, NOTHING } from "./legend.js";
import { matrix } from "./staffing.js";
import { Stretch } from "./stretch.js";
import { SCARCE, UNKNOWN } from "./values.js";

export const BADGES = 10;
const PAGE = 10; // rows at first
const BARS = { good: "var(--seq-3)", bad: "var(--seq-1)" };

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

  /** Everything anew; `view` = {values, said, rows, place, level, deepest, order, zoomed, inside}. */
  draw(view, { keepPlace = false } = {}) {
    if (!keepPlace) this.stretch.reset();
    this.view = view;
    const top = this.body.scrollTop;
    keeping_focus(this.body, () => this.body.replaceChildren(this.crumb(), this.what(), view.inside?.() ?? this.list(), el("section", { class: "sec legend legend-copy only-s" })));
    this.actions();
    if (keepPlace) this.body.scrollTop = top;
  }

  crumb() {
    const { values, place } = this.view;
    return el("div", { class: "sec" }, crumb({ levels: this.boot.city.levels, chain: values.chain(place.id), words: this.words, enter: this.heard.enter }));
  }

  what() {
    const { said, place, values } = this.view;
    const staff = values.about.group === "staffing" && place.level < this.view.deepest ? matrix({ boot: this.boot, words: this.words, place }) : null;
    return el("div", { class: "sec" }, this.picker(), this.figure(), this.facts(), ...this.bar(), this.told(place, said), staff, matchMedia("(max-width: 700px)").matches ? this.levels("seg wide levels only-s") : null);
  }

  /** The indicators by their groups. */
  picker() {
    const { values, said } = this.view, words = this.words;
    const { indicators, groups } = this.boot;
    const option = (one) => el("option", { value: one.key, selected: one.key === values.indicator }, words.pick([one.zh, one.en]));
    const all = () => groups.map((group) => el("optgroup", { label: words.pick([group.zh, group.en]) }, indicators.filter((one) => one.group === group.key).map(option)));
    const fill = () => { if (select.length === 1) select.replaceChildren(...all()); }; // when it is about to open: a page stays under 500 elements
    const select = el("select", { id: "by", "aria-label": words.t("indicator"), onchange: (event) => this.heard.by(event.target.value), onfocus: fill, onpointerdown: fill },
      option(indicators.find((one) => one.key === values.indicator)));
    const group = groups.find((one) => one.key === values.about.group);
    const under = words.lang === "en" ? group.en : `${values.about.en} · ${group.zh}`;
    return el("div", { class: "field" }, el("span", { "aria-hidden": "true" }, el("b", {}, said.name), el("small", {}, under)), icon(ICONS.down), select);
  }

  /** The one large figure, with its denominator, its date, and how it moved. */
  figure() {
    const { said, place } = this.view, words = this.words;
    const moved = said.moved(place);
    const unit = said.about.kind === "share" ? "%" : said.word("one");
    return el("div", { class: "figure" }, el("b", {}, said.value(place.value), place.value === null ? null : el("small", {}, said.about.kind === "share" ? unit : ` ${unit}`)),
      el("span", { class: "dim cap" }, this.boot.forecast ? [el("span", { class: "chip info" }, words.t("forecast")), " "] : null, said.from(place), el("br"), this.dated(), moved ? [el("br"), el("span", { class: ["worse", "", "better"][moved.better + 1] }, words.t("trend", { day: this.view.values.before.day, moved: moved.text }))] : null));
  }

  dated() {
    const { values } = this.view, words = this.words;
    if (values.dated === "edition") return `${words.t("status.boundaries", { n: this.boot.edition.number })} · ${words.date(this.boot.edition.effective_at)}`;
    if (!values.until) return words.t(values.dated === "survey" && !values.run ? "nodata.run" : `nodata.${values.dated}`);
    const since = values.since && values.since !== values.until ? `${words.date(values.since)} – ` : "";
    return words.t(`dated.${values.dated}`, { days: `${since}${words.date(values.until)}` });
  }

  facts() {
    const { said, place, values } = this.view, words = this.words;
    const found = said.beside.map((one) => [one.short, one.full(one.of(place))]);
    if (values.is_ground) found.push([words.t("fact.grids"), words.n(place.grids)], [words.t("fact.fallback"), words.t("unit.km2", { n: words.km2(place.fallback_m2) })]);
    if (said.unknown(place) !== null) found.push([said.word("unknown"), said.unknown_text(place)]);
    if (!found.length) return null;
    return el("dl", { class: "facts" }, found.slice(0, 3).map(([name, text]) => el("div", {}, el("dt", { title: name }, name), el("dd", {}, text))));
  }

  /** What is, what is not, and what nobody knows: three parts of one bar. */
  bar() {
    const { said, place, values } = this.view, words = this.words;
    const parts = [], unknown = said.unknown(place) ?? 0;
    if (said.about.kind === "share" && place.among) {
      const good = said.about.dark === "low", share = place.of / place.among;
      parts.push([said.word("of"), said.part("of", place), share * (1 - unknown), good ? BARS.good : BARS.bad]);
      parts.push([said.word("rest"), said.part("rest", place), (1 - share) * (1 - unknown), values.is_ground ? "hatch-f" : good ? BARS.bad : BARS.good]);
    } else if (unknown) parts.push([words.t("bar.known"), words.n(place.whole - place.unknown), 1 - unknown, BARS.good]);
    if (said.unknown(place) !== null) parts.push([said.word("unknown"), words.n(place.unknown), unknown, "hatch-u"]);
    if (!parts.length) return [];
    const texts = parts.map(([name, number]) => `${name} ${number}`);
    return [
      el("div", { class: "known", role: "img", "aria-label": texts.join(words.lang === "en" ? ", " : "，") }, parts.map(([, , share, look]) => el("i", { class: look.startsWith("hatch") ? look : null, style: { width: `${share * 100}%`, background: look.startsWith("var") ? look : null } }))),
      el("div", { class: "row cap known-text" }, texts.map((text) => el("span", {}, text))),
    ];
  }

  /** What is told of no place shown: of higher places only, or of none. */
  told(place, said) {
    const { values, zoomed } = this.view, words = this.words;
    if (place.level > 0) return null;
    const lines = [];
    const what = said.word(values.left_over);
    if (values.held) lines.push(words.t("held", { n: words.n(values.held), level: words.level(zoomed.level), what }));
    if (values.unplaced) lines.push(words.t("unplaced", { n: words.n(values.unplaced), what }));
    return lines.length ? el("p", { class: "cap dim told" }, lines.join(" ")) : null;
  }

  levels(kind) {
    const { zoomed } = this.view;
    return el("div", { class: kind, role: "group", "aria-label": this.words.t("levels") }, level_buttons(this.boot, this.words, zoomed.wanted, this.heard.level, this.view.values.about.lowest));
  }

  // -- ranking ------------------------------------------------------------------------------------------------------
  list() {
    const { order, rows, zoomed, ranked, values, level, deepest } = this.view, words = this.words;
    const kinds = values.is_ground && level === deepest;
    const title = words.t(kinds ? "rank.kinds" : order > 0 ? "rank.lowest" : "rank.highest", { level: words.lang === "en" ? zoomed.level.en : zoomed.level.zh });
    const head = el("div", { class: "row" }, el("h2", {}, title), el("span", { class: "en" }, kinds || words.lang === "en" ? "" : words.t(order > 0 ? "rank.lowest.sub" : "rank.highest.sub")), el("span", { class: "push dim cap" }, ranked.some((row) => row.rank <= BADGES) ? words.t("rank.numbered") : ""));
    this.lines.clear();
    if (!rows.length) return el("div", { class: "sec flush" }, head, el("p", { class: "empty" }, words.t("nodata.rows")));
    const columns = this.columns();
    const table = el("table", { class: `tbl${kinds ? " kinds" : " ranked"}` },
      el("thead", {}, el("tr", {}, el("th", {}, el("span", { class: "vh" }, "#")), columns.map(({ name, num, sorted, key }) => el("th", { class: num ? `num ${key ?? ""}` : key ?? null, "aria-sort": sorted ? (order > 0 ? "ascending" : "descending") : null },
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
    const { values, level, deepest, zoomed, said } = this.view, words = this.words;
    const name = { name: words.lang === "en" ? zoomed.level.en : zoomed.level.zh, cell: (row) => this.named(row), key: "name" };
    if (values.is_ground && level === deepest) {
      const incidents = ({ beside: { incidents: told } }) => (told ? words.n(told.of) : "–"); // a forecast has none
      return [name, { name: words.t("col.kind"), cell: (row) => el("span", { class: "kind" }, el("i", { class: row.kind === "fallback" ? "hatch-f" : "", style: { background: KIND_COLOURS[row.kind] } }), words.t(`kind.${row.kind}`).replace(/ grid$| ground$/, "")) },
        { name: words.t("col.area"), num: true, sorted: true, cell: (row) => words.km2(row.area_m2) }, { name: words.t("col.incidents"), num: true, cell: incidents }];
    }
    const share = said.about.kind === "share";
    const columns = [name, { name: this.axis(), cell: (row) => this.mark_of(row), key: "whisker" },
      { name: share ? "%" : words.t("col.value"), num: true, sorted: true, cell: (row) => this.shown(row) }];
    if (said.about.kind !== "count") columns.push({ name: words.t("col.parts"), num: true, key: "frac", cell: (row) => (row.among ? said.parts(row).replaceAll(" ", "") : "–") });
    if (said.about.words.unknown) columns.push({ name: words.t("col.unknown"), num: true, key: "unknown", cell: (row) => (row.whole ? `${words.percent(said.unknown(row), 0)}%` : "–") });
    return columns;
  }

  /** What a row is ranked by; where nothing is shown, why. */
  shown(row) {
    if (row.class === UNKNOWN || row.class === SCARCE) return el("span", { class: "why", title: this.view.said.why(row) }, this.words.t(row.class === UNKNOWN ? "short.unknown" : "short.scarce"));
    return this.view.said.value(row.shown);
  }

  named(row) {
    const above = this.view.values.place.get(row.parent);
    return [this.view.values.short(row), el("span", { class: "under" }, above && above.level > 0 ? above.name : row.code)];
  }

  /** Ends of the axis of intervals, over their column. */
  axis() {
    const { reach } = this.view;
    if (!reach) return "";
    return el("span", { class: "axis", title: this.words.t("tip.interval") }, el("span", {}, String(reach[0] * 100)), el("span", {}, this.words.t("col.interval")), el("span", {}, String(reach[1] * 100)));
  }

  /** A whisker for what is estimated, else a bar. */
  mark_of(row) {
    const { values, peak, reach } = this.view;
    if (row.class === UNKNOWN) return el("i", { class: "meter hatch-u" });
    if (reach && row.low !== null) return whisker(row, reach, values.classes[row.class]?.colour ?? "#8b8a85");
    const share = row.value === null ? 0 : values.about.kind === "share" ? row.value : row.value / (peak || 1);
    return el("i", { class: `meter${values.is_ground && row.value < 1 ? " hatch-f" : ""}`, "aria-hidden": "true" }, el("i", { style: { width: `${share * 100}%`, background: values.classes[row.class]?.colour ?? NOTHING } }));
  }

  line(row, columns) {
    const line = el("tr", { tabindex: "-1", "data-code": row.code, onclick: () => this.heard.choose(row), onmouseenter: () => this.heard.hover(row) },
      el("td", {}, row.rank <= BADGES ? el("span", { class: "rank" }, String(row.rank)) : String(row.place_in_list)),
      columns.map(({ cell, num, key, sorted }) => el("td", { class: sorted ? "num strong" : num ? `num ${key ?? ""}` : key ?? null, title: key === "name" ? row.name : null }, cell(row))));
    this.lines.set(row.id, line);
    return line;
  }

  actions() {
    const { level, deepest, rows, zoomed, spots, values, inside } = this.view, words = this.words;
    const next = this.boot.city.levels[level + 1];
    this.foot.hidden = false;
    this.foot.replaceChildren(
      inside ? "" : el("button", { class: "btn grow", type: "button", onclick: this.heard.download }, icon(ICONS.download), words.t("download", { n: words.n(rows.length), level: words.level(zoomed.level) })),
      ...(spots ? [el("a", { class: "btn main grow", href: spots }, words.t("to.spots"))]
        : level < values.about.lowest && level < deepest ? [el("button", { class: "btn main grow", type: "button", onclick: this.heard.finer }, words.t("finer", { level: words.level(next) }))] : []));
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
    if (this.stretch.reach(this.view.ranked.findIndex((row) => row.id === id))) this.draw(this.view, { keepPlace: true });
  }
}

const WHISKER_PX = 62;

/** An estimate in its interval, drawn by the background of one element: a page stays under 500. */
function whisker(row, [from, to], colour) {
  const at = (share) => Math.max(0, Math.min(1, (share - from) / (to - from))) * WHISKER_PX;
  const flat = (ink, x, width, height) => `linear-gradient(${ink},${ink}) ${x}px 50%/${width}px ${height}px no-repeat`;
  const dot = `radial-gradient(circle at ${at(row.shown).toFixed(1)}px 50%,${colour} 3.5px,#fff 4px 4.7px,rgba(0,0,0,.4) 5.2px,transparent 5.8px)`;
  return el("i", { class: `whisk${row.class === SCARCE ? " scarce" : ""}`, "aria-hidden": "true", style: { background: [dot, flat("#b9bac0", at(row.low).toFixed(1), (at(row.high) - at(row.low)).toFixed(1), 6), flat("#cfcdc7", 0, WHISKER_PX, 1)].join(",") } });
}

/** Buttons of the level switch: every level below the city down to the last an indicator is told of. */
export function level_buttons(boot, words, wanted, choose, lowest = Infinity) {
  return boot.city.levels.slice(1).map((level, k) => el("button", { type: "button", "aria-pressed": String(level.key === wanted), disabled: k + 1 > lowest, onclick: () => choose(level.key) }, words.lang === "en" ? level.en : level.zh));
}
