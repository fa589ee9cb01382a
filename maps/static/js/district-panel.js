// The panel of a business district: what it is, how far it is covered, its buildings with the chosen one cut open, and who is there.
import { ICONS, el, find, icon } from "./dom.js";
import { keeping_focus } from "./focus.js";
import { pages, exports } from "./district-doors.js";
import { stack } from "./district-stack.js";
import { UNIT_CODES, filled, pcode } from "./spot-codes.js";
import { Stretch } from "./stretch.js";

export const BADGES = 10;
const PAGE = 10; // rows at first
const BAR = [...UNIT_CODES, "work", "covered"]; // parts of the bar, the unknown after them
const RATES = ["organisational", "work", "standalone", "on_paper", "must_form_gap", "reachable_gap", "surveyed"];

export class DistrictPanel {
  /** `heard`: choose(building), hover(building or null), district(id), drawn(). */
  constructor({ boot, words, heard }) {
    Object.assign(this, { boot, words, heard, stretch: new Stretch(PAGE), lines: new Map(), unit: null });
    this.body = find(".panel .scroll");
    this.foot = find(".panel .foot-bar");
  }

  skeleton() {
    this.foot.hidden = true;
    this.body.replaceChildren(el("div", { class: "sec", role: "status", "aria-label": this.words.t("loading") }, Array.from({ length: 9 }, (_, k) => el("i", { class: "skel", style: { width: `${90 - 7 * (k % 5)}%`, margin: "18px 0" } }))));
  }

  /** What is missing, and the next step. */
  empty(text, action, href) {
    this.lines.clear();
    this.foot.hidden = true;
    this.body.replaceChildren(this.where(), el("div", { class: "empty" }, el("b", {}, text), action ? el("a", { class: "btn", href }, action) : null));
  }

  fail(message, again) {
    this.lines.clear();
    this.foot.hidden = true;
    this.body.replaceChildren(this.where(), el("div", { class: "empty", role: "alert" }, el("b", {}, message), el("button", { class: "btn", type: "button", onclick: again }, this.words.t("error.again"))));
  }

  /** Everything anew; `view` = {district, buildings, points, chosen, full}. */
  draw(view, { keepPlace = false } = {}) {
    if (!keepPlace) this.stretch.reset();
    this.view = view;
    const top = this.body.scrollTop;
    const parts = [this.where(), this.head(), this.buildings(), this.alliances(), this.points(), this.grids(), this.then(), el("section", { class: "sec legend legend-copy only-s" })];
    keeping_focus(this.body, () => this.body.replaceChildren(...parts.filter(Boolean)));
    this.actions();
    if (keepPlace) this.body.scrollTop = top;
  }

  /** A date of which no run tells: why, and the grids of then. */
  bare(district, reason) {
    const { words, boot } = this;
    this.lines.clear();
    this.foot.hidden = true;
    this.view = { district };
    const head = el("div", { class: "sec" }, el("div", { class: "row" }, el("h1", {}, this.named(district.properties)), el("span", { class: "chip info push" }, words.pick(boot.district_kinds[district.properties.kind]))));
    this.body.replaceChildren(this.where(), head, el("div", { class: "empty" }, el("b", {}, reason)), this.grids(), this.then());
  }

  /** What another date changes on this page, and what it does not. */
  then() {
    const { boot, words } = this;
    return boot.at && !boot.kept ? el("div", { class: "sec" }, el("p", { class: "note" }, words.t(boot.forecast ? "bd.then.forecast" : "bd.then", { date: words.date(boot.at) }))) : null;
  }

  // -- head ---------------------------------------------------------------------------------------------------------
  where() {
    const { boot, words } = this;
    const options = () => boot.districts.map((one) => el("option", { value: String(one.id), selected: one.id === boot.district }, this.named(one)));
    const fill = (event) => { if (event.target.length < boot.districts.length) event.target.replaceChildren(...options()); };
    const now = boot.districts.find((one) => one.id === boot.district);
    const picker = boot.districts.length > (now ? 1 : 0) ? el("span", { class: "picker" }, el("span", { "aria-hidden": "true" }, words.t("bd.others", { n: boot.districts.length })), icon(ICONS.down), el("select", { "aria-label": words.t("bd.pick"), onfocus: fill, onpointerdown: fill, onchange: (event) => this.heard.district(Number(event.target.value)) }, el("option", { value: String(boot.district) }, now ? this.named(now) : words.t("bd.pick")))) : null;
    return el("div", { class: "sec where" }, el("nav", { class: "crumb", "aria-label": words.t("crumb") }, pages ? el("a", { href: pages.city }, words.city(boot.city)) : el("span", {}, words.city(boot.city)), el("i", { "aria-hidden": "true" }, "›"), el("span", {}, words.t("bd.districts"))), picker);
  }

  named({ name, name_en }) {
    return (this.words.lang === "en" && name_en) || name;
  }

  head() {
    const { district } = this.view, { words, boot } = this;
    const { properties, counted } = district;
    const rate = counted.rates.organisational, by_workers = counted.rates_by_workers.organisational;
    const percent = (one) => (one.value === null ? "–" : `${words.percent(one.value)}%`);
    const total = Object.values(counted.units).reduce((sum, n) => sum + n, 0), unknown = counted.units.U ?? 0;
    const facts = [[words.t("bd.by-workers"), percent(by_workers)], [words.t("bd.with-work"), percent(counted.rates.work)], [words.t("code.U"), total ? `${words.percent(unknown / total)}%` : "–"]];
    return el("div", { class: "sec" },
      el("div", { class: "row" }, el("h1", {}, this.named(properties)), el("span", { class: "chip info push" }, words.pick(boot.district_kinds[properties.kind]))),
      properties.operator ? el("p", { class: "cap dim" }, words.t("bd.operator", { name: properties.operator })) : null,
      el("div", { class: "figure" }, el("b", {}, rate.value === null ? "–" : words.percent(rate.value), rate.value === null ? null : el("small", {}, "%")), el("span", { class: "dim cap" }, words.t("bd.figure", { of: words.n(rate.of), among: words.n(rate.among) }), el("br"), words.t("bd.dated", { run: district.run.day, survey: district.run.surveyed_until ?? "–" }))),
      el("dl", { class: "facts" }, facts.map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text)))),
      ...this.bar(counted.units, total), this.whole(district), this.rates(counted));
  }

  bar(units, total) {
    const { words } = this;
    if (!total) return [];
    const parts = [...BAR, "U"].map((code) => [code, units[code] ?? 0]).filter(([, n]) => n);
    const texts = parts.map(([code, n]) => `${words.t(`code.${code}`)} ${words.n(n)}`);
    return [
      el("div", { class: "known", role: "img", "aria-label": texts.join(words.lang === "en" ? ", " : "，") }, parts.map(([code, n]) => { const look = filled(code); return el("i", { ...look, style: { ...look.style, width: `${(n / total) * 100}%` } }); })),
      el("div", { class: "row wrap codes" }, parts.map(([code, n]) => el("span", { class: "cap", title: words.t(`code.${code}`) }, this.chip(code), ` ${words.n(n)}`))),
    ];
  }

  /** Chip of a state, in words where it has no letters. */
  chip(code) {
    const kind = { covered: "ok", work: "work" }[code];
    return kind ? el("span", { class: `pcode ${kind}` }, this.words.t(`grid.${code}`)) : pcode(code);
  }

  /** How the whole of it may be organised. */
  whole({ formation }) {
    if (!formation) return null;
    const { words } = this;
    return el("p", { class: "note" }, el("b", {}, words.t("bd.whole")), ` ${words.told(formation)}`, el("span", { class: "dim" }, ` · ${formation.reasons.map((one) => words.told(one)).join(words.lang === "en" ? "; " : "；")}`));
  }

  rates({ rates, rates_by_workers }) {
    const { words } = this;
    const cell = ({ of, among, value }) => el("td", { class: "num", title: `${words.n(of)} / ${words.n(among)}` }, value === null ? "–" : `${words.percent(value)}%`);
    const fill = (event) => { if (event.target.open && event.target.childElementCount === 1) event.target.append(el("table", { class: "tbl tight" }, el("thead", {}, el("tr", {}, ["bd.rate", "bd.rate.parts", "bd.rate.units", "bd.rate.workers"].map((key, k) => el("th", { class: k ? "num" : null }, words.t(key))))), el("tbody", {}, RATES.map((key) => el("tr", {}, el("td", {}, words.t(`bd.rate.${key}`)), el("td", { class: "num" }, `${words.n(rates[key].of)} / ${words.n(rates[key].among)}`), cell(rates[key]), cell(rates_by_workers[key])))))); };
    return el("details", { class: "matrix", ontoggle: fill }, el("summary", {}, words.t("bd.rates")));
  }

  // -- buildings ----------------------------------------------------------------------------------------------------
  buildings() {
    const { words } = this, { buildings, district } = this.view;
    this.lines.clear();
    const more = district.more_buildings ? words.t("bd.more", { n: words.n(district.more_buildings) }) : "";
    const head = el("div", { class: "row" }, el("h2", {}, words.t("bd.buildings")), el("span", { class: "en" }, words.lang === "en" ? "" : "Buildings"), el("span", { class: "push dim cap" }, words.count("bd.buildings.n", buildings.length), more));
    if (!buildings.length) return el("div", { class: "sec flush" }, head, el("div", { class: "empty" }, el("b", {}, words.t("bd.none")), !pages ? null : el("a", { class: "btn", href: "/maps/import?kind=buildings" }, words.t("bd.none.import"))));
    const turner = (way) => this.stretch.turner(way, buildings.length, words, () => { this.draw(this.view, { keepPlace: true }); this.heard.drawn(); });
    return el("div", { class: "sec flush" }, head, turner(-1), el("ol", { class: "houses", onmouseleave: () => this.heard.hover(null) }, this.stretch.of(buildings).map((one) => this.line(one))), turner(1));
  }

  line(one) {
    const { words } = this, { chosen } = this.view;
    const open = one.id === chosen;
    const units = Object.values(one.units).reduce((sum, n) => sum + n, 0);
    const about = [one.use && this.use(one.use), one.floors && words.count("bd.floors", one.floors), units && words.count("bd.units", units), units && words.count("bd.workers", one.workers)].filter(Boolean).join(" · ");
    const number = one.number <= BADGES ? el("span", { class: "rank" }, String(one.number)) : el("span", { class: "place" }, String(one.number));
    const line = el("li", { class: `item${open ? " sel" : ""}`, onmouseenter: () => this.heard.hover(one) },
      el("button", { class: "line", type: "button", "aria-expanded": String(open), onclick: () => this.heard.choose(one) }, number, el("h4", {}, one.name), one.code ? this.chip(one.code) : null),
      el("p", { class: "sub dim" }, about || words.t("bd.no-units")), open ? this.detail(one) : null);
    this.lines.set(one.id, line);
    return line;
  }

  use(code) {
    const known = this.boot.buildings?.uses[code];
    return known ? this.words.pick(known) : code;
  }

  /** One building, one policy: the suggestion with its reasons, then the building cut open. */
  detail(one) {
    const { words } = this, { full } = this.view;
    const parts = [];
    if (one.formation) parts.push(el("div", { class: "policy" }, el("h3", {}, words.t("bd.policy")), el("p", {}, el("b", {}, words.told(one.formation))), el("ul", {}, one.formation.reasons.map((reason) => el("li", {}, words.told(reason))))));
    if (one.straddles) parts.push(el("p", { class: "note" }, words.t("building.straddles")));
    if (full?.failed) parts.push(el("p", { class: "dim cap", role: "alert" }, full.failed));
    else if (full?.units_list?.length) parts.push(...this.cut(one, full));
    else if (one.code && !full) parts.push(el("i", { class: "skel", style: { margin: "12px 0" } }));
    return el("div", { class: "detail" }, parts);
  }

  cut(one, { units_list: units }) {
    const { words } = this;
    const unit = units.find(({ id }) => id === this.unit) ?? null;
    const choose = (picked) => { this.unit = picked.id === this.unit ? null : picked.id; this.draw(this.view, { keepPlace: true }); this.heard.drawn(); this.body.querySelector(".unit-told")?.scrollIntoView({ block: "nearest" }); };
    const floor = (told) => told.floor ?? words.t("bd.floor.unknown");
    const said = unit ? el("p", { class: "note unit-told" }, this.chip(unit.code), el("b", {}, ` ${unit.name}`), el("br"), [floor(unit), words.t("bd.workers", { n: unit.workers === null ? "?" : words.n(unit.workers) }), words.t("bd.members", { n: unit.members === null ? "?" : words.n(unit.members) })].join(" · "), el("br"), words.told(unit.reason)) : el("p", { class: "cap dim" }, words.t("bd.stack.hint"));
    const fill = (event) => { if (event.target.open && event.target.childElementCount === 1) event.target.append(this.units(units, floor)); };
    return [el("h3", {}, words.t("bd.stack")), stack({ units, floors: one.floors, words, chosen: this.unit, choose }), said, el("details", { class: "matrix", ontoggle: fill }, el("summary", {}, words.count("bd.units.list", units.length)))];
  }

  units(units, floor) {
    const { words } = this;
    return el("table", { class: "tbl tight" }, el("thead", {}, el("tr", {}, ["bd.unit", "bd.floor", "bd.unit.workers", "bd.unit.members", "grid.state"].map((key, k) => el("th", { class: k === 2 || k === 3 ? "num" : null }, words.t(key))))),
      el("tbody", {}, units.map((unit) => el("tr", {}, el("td", { class: "clip", title: unit.name }, unit.name), el("td", {}, floor(unit)), el("td", { class: "num" }, unit.workers === null ? "?" : words.n(unit.workers)), el("td", { class: "num" }, unit.members === null ? "?" : words.n(unit.members)), el("td", {}, this.chip(unit.code))))));
  }

  // -- who is there -------------------------------------------------------------------------------------------------
  alliances() {
    const { words } = this, { alliances } = this.view.district;
    const head = el("h2", {}, words.t("bd.alliances"));
    if (!alliances.length) return el("div", { class: "sec" }, head, el("p", { class: "dim" }, words.t("bd.alliances.none")));
    return el("div", { class: "sec" }, head, alliances.map((one) => {
      const fill = (event) => { if (event.target.open && event.target.childElementCount === 1) event.target.append(el("ul", { class: "plain" }, one.members.map((member) => el("li", {}, el("span", { class: "dim cap" }, `${words.t(`bd.member.${member.kind}`)} `), member.name)))); };
      return el("div", { class: "alliance" }, el("b", {}, one.name), el("p", { class: "cap" }, words.t("bd.leader", { name: one.leader?.name ?? "–" }), one.founded_on ? el("span", { class: "dim" }, ` · ${words.t("bd.founded", { day: one.founded_on })}`) : null),
        one.members.length ? el("details", { class: "matrix", ontoggle: fill }, el("summary", {}, words.count("bd.members.n", one.members.length))) : null);
    }));
  }

  points() {
    const { words, boot } = this, { points, lost } = this.view;
    const head = el("h2", {}, words.t("bd.points"));
    if (!points) return lost ? el("div", { class: "sec" }, head, el("p", { class: "dim cap", role: "alert" }, lost)) : null;
    if (!points.length) return el("div", { class: "sec" }, head, el("p", { class: "dim" }, words.t("bd.points.none")));
    return el("div", { class: "sec" }, head, el("ul", { class: "plain" }, points.slice(0, 8).map(({ properties }) => el("li", {}, el("b", {}, properties.name), el("span", { class: "dim cap" }, ` ${words.pick(boot.service_kinds[properties.kind])}${properties.hours ? ` · ${properties.hours}` : ""}`)))), points.length > 8 ? el("p", { class: "cap dim" }, words.t("bd.points.more", { n: points.length - 8 })) : null);
  }

  grids() {
    const { words } = this, { leaves } = this.view.district;
    const link = (leaf) => (pages ? el("a", { href: pages.grid(leaf.code) }, leaf.name || leaf.code) : el("span", {}, leaf.name || leaf.code));
    return el("div", { class: "sec" }, el("h2", {}, words.t("bd.grids")), el("ul", { class: "plain" }, leaves.map((leaf) => el("li", {}, link(leaf), el("span", { class: "dim cap" }, ` ${words.percent(leaf.share)}%`)))));
  }

  actions() {
    const { words } = this, { counted, id } = this.view.district;
    const blind = UNIT_CODES.reduce((sum, code) => sum + (counted.units[code] ?? 0), 0);
    this.foot.hidden = false;
    this.foot.replaceChildren(
      el("a", { class: "btn grow", href: exports(id), download: pages ? "" : `${this.named(this.view.district.properties)}.csv` }, icon(ICONS.download), words.t("bd.download")),
      ...(pages ? [el("a", { class: "btn main grow", href: pages.spots(id) }, words.count("bd.spots", blind))] : []));
  }

  /** Mark the rows of the building that is chosen and the one pointed at. */
  mark(hovered, chosen, follow) {
    for (const [id, line] of this.lines) line.classList.toggle("hover", id === hovered && id !== chosen);
    if (follow) this.lines.get(chosen)?.scrollIntoView({ block: "nearest" });
  }

  /** Every row and everything folded, as paper wants them. */
  all() {
    this.stretch.all();
    this.draw(this.view, { keepPlace: true });
    for (const one of this.body.querySelectorAll("details")) one.open = true;
  }

  reach(id) {
    return this.stretch.reach(this.view.buildings.findIndex((one) => one.id === id));
  }
}
