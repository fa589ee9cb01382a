// The buildings of one grid, each by its state: where the way down through the division ends.
import { el, say } from "./dom.js";
import { buildings_of } from "./live.js";
import { COLOURS, pcode } from "./spot-codes.js";
import { Stretch } from "./stretch.js";

const PAGE = 12; // rows at first

export class GridBuildings {
  /** `heard`: choose(id, place), changed() when they have come or another stretch of them is shown. */
  constructor({ boot, words, heard }) {
    Object.assign(this, { boot, words, heard, code: null, found: null, failed: "", stretch: new Stretch(PAGE), lines: new Map() });
  }

  /** See that the buildings of this grid are here, or (null) that none are. */
  async open(code) {
    if (code === this.code) return;
    Object.assign(this, { code, found: null, failed: "" });
    this.stretch.reset();
    if (!code) return;
    try {
      const found = await buildings_of(this.boot, code);
      if (code !== this.code) return;
      this.found = found;
      say(this.words.t("grid.buildings", { n: found.spots.length }));
    } catch (error) {
      if (code !== this.code) return;
      this.failed = this.words.t("error.values", { reason: error.message });
    }
    this.heard.changed();
  }

  /** How the map paints them: by their states, on plain ground, the grid they are of outlined. */
  style(level, grid) {
    return { level, borders: level, coloured: false, colours: [], ids: [], classes: [], codes: this.found ? COLOURS : undefined, scope: grid };
  }

  section() {
    const { words, found } = this;
    this.lines.clear();
    const head = el("div", { class: "row" }, el("h2", {}, words.t("grid.title")), el("span", { class: "en" }, words.lang === "en" ? "" : "Buildings"), el("span", { class: "push dim cap" }, found ? words.t("grid.count", { n: words.n(found.spots.length) }) : ""));
    if (this.failed) return el("div", { class: "sec flush" }, head, el("p", { class: "empty", role: "alert" }, this.failed));
    if (!found) return el("div", { class: "sec flush" }, head, el("p", { class: "empty dim" }, words.t("grid.reading")));
    if (!found.spots.length) return el("div", { class: "sec flush" }, head, el("p", { class: "empty" }, words.t("grid.none")));
    const turner = (way) => this.stretch.turner(way, found.spots.length, words, () => this.heard.changed());
    return el("div", { class: "sec flush" }, head, turner(-1), this.table(), turner(1));
  }

  table() {
    const { words } = this;
    const heads = [["grid.building", "name"], ["grid.units", "num"], ["grid.workers", "num"], ["grid.uncovered", "num"]];
    return el("table", { class: "tbl inside" },
      el("thead", {}, el("tr", {}, el("th", {}, el("span", { class: "vh" }, words.t("grid.state"))), heads.map(([key, kind]) => el("th", { class: kind }, words.t(key))))),
      el("tbody", {}, this.stretch.of(this.found.spots).map((spot) => this.line(spot))));
  }

  line(spot) {
    const { words } = this;
    const units = Object.values(spot.units).reduce((sum, n) => sum + n, 0);
    const kind = { covered: "ok", work: "work" }[spot.code];
    const state = kind ? el("span", { class: `pcode ${kind}` }, words.t(`grid.${spot.code}`)) : pcode(spot.code);
    const line = el("tr", { tabindex: "-1", onclick: () => this.heard.choose(spot.building, spot.place) },
      el("td", { title: words.t(`code.${spot.code}`) }, state),
      el("td", { class: "name", title: spot.name }, spot.name, el("span", { class: "under" }, words.pick([spot.reason.zh, spot.reason.en]))),
      el("td", { class: "num" }, words.n(units)), el("td", { class: "num" }, words.n(spot.workers)), el("td", { class: "num strong" }, words.n(spot.uncovered_workers)));
    this.lines.set(spot.building, line);
    return line;
  }

  /** Mark the row of the building that is chosen on the map. */
  mark(chosen) {
    for (const [id, line] of this.lines) {
      line.classList.toggle("sel", id === chosen);
      id === chosen ? line.setAttribute("aria-selected", "true") : line.removeAttribute("aria-selected");
    }
    this.lines.get(chosen)?.scrollIntoView({ block: "nearest" });
  }

  /** Bring the row of a building into the list. */
  reach(id) {
    const at = this.found?.spots.findIndex((spot) => spot.building === id) ?? -1;
    return this.stretch.reach(at);
  }
}
