// The coverage page: one state, three views of it (panel, map, URL).
import { Atlas, label } from "./atlas.js";
import { Chosen } from "./buildings.js";
import { card } from "./card.js";
import { find, say } from "./dom.js";
import { download } from "./download.js";
import { Language } from "./i18n.js";
import { keys } from "./keys.js";
import { KIND_COLOURS, NOTHING, legend } from "./legend.js";
import { BADGES, Panel, level_buttons } from "./panel.js";
import { fit, shell } from "./shell.js";
import { State } from "./state.js";
import { load, sum, value_of } from "./values.js";

const SKELETON_MS = 200;

export default function start(map, boot) {
  new Coverage(map, boot).begin();
}

class Coverage {
  constructor(map, boot) {
    this.map = map;
    this.boot = boot;
    this.words = new Language(boot);
    this.levels = boot.city.levels;
    this.deepest = this.levels.length - 1;
    const usual = this.levels[Math.max(1, this.deepest - 1)].key;
    this.state = new State({ within: boot.city.code, level: boot.level ?? usual, by: boot.by ?? boot.indicators[0], chosen: null, view: null });
    if (!boot.indicators.includes(this.state.get("by"))) this.state.values.by = boot.indicators[0];
    if (!this.levels.slice(1).some((level) => level.key === this.state.get("level"))) this.state.values.level = usual;
    this.order = null;
    this.hovered = 0;
    this.asked = 0;
  }

  begin() {
    this.building = new Chosen({ map: this.map, boot: this.boot, words: this.words, changed: () => { this.mark(); this.show_card(); }, doors: ({ properties }) => this.building_doors(properties) });
    this.panel = new Panel({ boot: this.boot, words: this.words, heard: this.listeners() });
    shell({ map: this.map, boot: this.boot, words: this.words, state: this.state, go: (place) => this.go(place) });
    this.atlas = new Atlas({ map: this.map, boot: this.boot, state: this.state, words: this.words, grids: this.state.get("level") === this.levels[this.deepest].key, heard: {
      hover: (id) => this.hover(id), choose: (id) => this.choose(this.values?.place.get(id)), building: (id, at) => this.building.choose(id, at),
      moved: () => this.show_card(), zoomed: () => this.zoomed(), labels: (zoom) => this.labels(zoom),
    } });
    keys({ words: this.words, step: (by) => this.step(by), enter: () => this.enter_chosen(), up: () => this.up() });
    find(".tools").hidden = false;
    window.addEventListener("beforeprint", () => this.view && (this.panel.all(), this.mark()));
    matchMedia("(max-width: 700px)").addEventListener("change", () => this.view && legend(this.view, this.words));
    this.state.on((changed) => this.changed(changed));
    this.fetch();
  }

  listeners() {
    return {
      enter: (code) => this.enter(code), by: (by) => { this.order = null; this.state.set({ by }); }, level: (key) => this.set_level(key),
      choose: (row) => this.choose(row, true), hover: (row) => this.hover(row?.id ?? 0), turn: () => { this.order = -this.view.order; this.render(); },
      download: () => download({ rows: this.view.ranked, values: this.values, boot: this.boot, words: this.words, level: this.levels[this.values.level] }),
      finer: () => this.set_level(this.levels[this.values.level + 1].key), drawn: () => { this.mark(); legend(this.view, this.words); },
    };
  }

  // -- values -------------------------------------------------------------------------------------------------------
  /** Key of the level that can be drawn at this zoom: grids only when they are large enough to be seen. */
  drawable() {
    const wanted = this.state.get("level");
    const far = Math.round(this.map.getZoom()) < this.boot.grids_from;
    return wanted === this.levels[this.deepest].key && far ? this.levels[this.deepest - 1].key : wanted;
  }

  async fetch() {
    const number = ++this.asked;
    const wait = setTimeout(() => this.panel.skeleton(), SKELETON_MS);
    try {
      const values = await load({ boot: this.boot, indicator: this.state.get("by"), level: this.drawable(), city: this.words.city(this.boot.city) });
      if (number !== this.asked) return;
      this.values = values;
      this.render();
    } catch (error) {
      if (number === this.asked) this.panel.fail(error, () => this.fetch());
    } finally {
      clearTimeout(wait);
    }
  }

  zoomed() {
    if (this.values && this.levels[this.values.level].key !== this.drawable()) this.fetch();
    else if (this.view && this.view.buildings !== this.with_buildings()) { this.view.buildings = this.with_buildings(); legend(this.view, this.words); }
  }

  /** Whether buildings are drawn at this zoom. */
  with_buildings() {
    return Boolean(this.boot.buildings) && Math.round(this.map.getZoom()) >= this.boot.buildings.from;
  }

  changed(changed) {
    if (changed.has("level") || changed.has("by")) this.fetch();
    else if (changed.has("within")) this.render();
    else if (changed.has("chosen")) { this.mark(true); this.show_card(); this.atlas.labels.redraw(); }
  }

  // -- drawing ------------------------------------------------------------------------------------------------------
  get place() {
    return this.values.code.get(this.state.get("within")) ?? this.values.above[0] ?? this.values.rows[0];
  }

  render() {
    const { values, deepest } = this, place = this.place;
    const rows = values.within(place);
    const order = this.order ?? (values.share && values.level < deepest ? 1 : -1);
    const ranked = this.rank(rows, order);
    this.view = {
      values, rows, ranked, place, order, deepest, level: values.level, total: sum(rows),
      peak: Math.max(0, ...rows.map((row) => row.value ?? 0)),
      buildings: this.with_buildings(),
      zoomed: { level: this.levels[values.level], wanted: this.state.get("level") },
    };
    this.panel.draw(this.view);
    legend(this.view, this.words);
    this.tools();
    this.status();
    this.paint();
    this.mark(true);
    this.show_card();
  }

  /** Rows in order; the first few that say something carry the number the map shows too. */
  rank(rows, order) {
    const kinds = this.values.share && this.values.level === this.deepest;
    const key = kinds ? (row) => row.area_m2 + (row.kind === "fallback" ? 1e12 : 0) : (row) => row.value;
    const sorted = [...rows].sort((a, b) => (key(a) === null) - (key(b) === null) || order * (key(a) - key(b)) || (a.code < b.code ? -1 : 1));
    sorted.forEach((row, k) => {
      row.place_in_list = k + 1;
      const telling = kinds ? row.kind === "fallback" : order > 0 && this.values.share ? row.value < 1 : row.value > 0;
      row.rank = telling && rows.length > 1 && k < BADGES ? k + 1 : Infinity;
    });
    return sorted;
  }

  paint() {
    const { values, rows, place } = this.view;
    const kinds = values.share && values.level === this.deepest;
    const colours = kinds ? Object.values(KIND_COLOURS) : [...values.classes.map((one) => one.colour), NOTHING];
    const of = kinds ? (row) => Object.keys(KIND_COLOURS).indexOf(row.kind) : (row) => (row.class === -2 ? colours.length - 1 : row.class);
    const inside = new Set(rows.map((row) => row.id));
    const faint = place.level === 0 ? [] : values.rows.filter((row) => !inside.has(row.id)).map((row) => row.id);
    this.atlas.paint({
      level: values.level, levels: this.levels.length, breadths: values.breadths, coloured: true, through: !values.share, colours, faint,
      ids: values.rows.map((row) => row.id), classes: values.rows.map(of),
    }, this.state.get("level") === this.levels[this.deepest].key);
    const alt = this.words.t("map.alt", { indicator: this.words.t(`by.${values.indicator}`), level: this.words.level(this.levels[values.level]) });
    this.map.getContainer().setAttribute("aria-label", alt);
  }

  tools() {
    find(".tools .levels").replaceChildren(...level_buttons(this.boot, this.words, this.state.get("level"), (key) => this.set_level(key)));
  }

  status() {
    const { values, total } = this.view, words = this.words;
    const sources = values.share ? words.t("status.boundaries", { n: this.boot.edition.number }) : values.sources.join(words.lang === "en" ? ", " : "、");
    find(".status .data").textContent = `${words.t("status.data")} ${sources || "–"}${values.until && !values.share ? ` ${words.date(values.until)}` : ""}`;
    find(".status .unknown").textContent = values.share
      ? words.t("status.unknown", { share: `${words.percent(total.area_m2 ? total.fallback_m2 / total.area_m2 : 0)}%`, km2: words.km2(total.fallback_m2) })
      : words.t("status.unplaced", { n: words.n(values.unplaced) });
  }

  labels(zoom) {
    if (!this.view) return [];
    const { values, ranked } = this.view;
    const found = ranked.filter((row) => row.rank <= BADGES).map((row) => ({ badge: row.rank, place: [row.lat, row.lng] }));
    const chosen = this.chosen();
    if (chosen && chosen.rank === Infinity) found.unshift(label(chosen, this.deepest - chosen.level, zoom, { text: values.short(chosen) }));
    for (const row of values.above) if (row.level > 0) found.push(label(row, this.deepest - row.level, zoom, values));
    const sized = [...ranked].sort((a, b) => b.area_m2 - a.area_m2);
    const told = (row) => (row.level === this.deepest ? { text: values.short(row), second: zoom >= 16 ? this.short(row) : undefined } : values);
    for (const row of sized) if (row.rank === Infinity && row !== chosen) found.push(label(row, this.deepest - row.level, zoom, told(row)));
    return found.filter(Boolean);
  }

  short(row) {
    const { words, values } = this;
    if (values.share) return `${words.km2(row.area_m2)} km²`;
    return values.indicator === "incidents" ? words.t("unit.incidents", { n: words.n(row.incidents) }) : words.t("unit.density", { n: words.n(row.value, 0) });
  }

  // -- choice -------------------------------------------------------------------------------------------------------
  chosen() {
    return this.values?.code.get(this.state.get("chosen")) ?? null;
  }

  mark(follow = false) {
    const chosen = this.chosen()?.id ?? 0;
    this.atlas.mark(this.hovered, chosen, this.building.id);
    if (follow && chosen) this.panel.reach(chosen);
    this.panel.mark(this.hovered, chosen, follow);
  }

  hover(id) {
    if (id === this.hovered) return;
    this.hovered = id;
    this.map.getContainer().classList.toggle("pointing", Boolean(id));
    this.mark();
  }

  choose(row, bring = false) {
    this.building.drop();
    this.state.set({ chosen: row && row.code !== this.state.get("chosen") ? row.code : null });
    const chosen = this.chosen();
    if (!chosen) return;
    const value = value_of(this.values.indicator, chosen);
    say(this.words.t("say.chosen", { name: chosen.name, value: this.values.share ? `${this.words.percent(value)}%` : this.words.n(value, 1) }));
    this.clear(chosen);
    if (bring && !this.map.getBounds().pad(-0.1).contains([chosen.lat, chosen.lng])) this.map.panTo([chosen.lat, chosen.lng]);
  }

  /** On a narrow screen the card lies over the map's foot: bring the chosen ground above it. */
  clear(chosen) {
    const card = find(".tip");
    if (!matchMedia("(max-width: 700px)").matches || card.hidden) return;
    const free = this.map.getSize().y - card.offsetHeight - 24;
    const { y } = this.map.latLngToContainerPoint([chosen.lat, chosen.lng]);
    if (y > free) this.map.panBy([0, y - free / 2]);
  }

  /** From a building to its grid, where the page shows grids. */
  building_doors({ grid }) {
    const row = this.values.code.get(grid);
    return row ? [[this.words.t("building.door", { name: row.name }), () => this.choose(row)]] : [];
  }

  show_card() {
    if (this.building.show()) return;
    const row = this.chosen();
    const level = row && this.levels[row.level + 1];
    const doors = [];
    if (row && row.level < this.deepest && row.id !== this.place.id) doors.push([this.words.t("tip.enter", { level: this.words.level(this.levels[row.level]) }), () => this.enter(row.code)]);
    if (row && row.level === this.deepest && level === undefined && this.place.level > 0) doors.push([this.words.t("tip.out", { level: this.place.name }), () => this.choose(null)]);
    card({ row: row && row.area_m2 !== undefined ? row : null, rank: row?.rank <= BADGES ? row.rank : null, parent: row && this.values.place.get(row.parent), values: this.values, deepest: this.deepest, map: this.map, words: this.words, doors, close: () => this.choose(null) });
  }

  step(by) {
    const { ranked } = this.view;
    const now = ranked.findIndex((row) => row.code === this.state.get("chosen"));
    const next = ranked[now < 0 ? (by > 0 ? 0 : ranked.length - 1) : (now + by + ranked.length) % ranked.length];
    if (next) this.choose(next, true);
  }

  enter_chosen() {
    const row = this.chosen();
    if (row && row.level < this.deepest) this.enter(row.code);
  }

  up() {
    if (this.building.id) { this.building.drop(); return; }
    if (this.state.get("chosen")) { this.state.set({ chosen: null }); return; }
    const above = this.values?.place.get(this.place.parent);
    if (above) this.enter(above.code);
  }

  // -- moving through the division ----------------------------------------------------------------------------------
  enter(code) {
    const row = this.values.code.get(code);
    if (!row) return;
    const level = Math.max(row.level + 1, Math.min(this.levels.findIndex((one) => one.key === this.state.get("level")), this.deepest));
    this.state.set({ within: code, chosen: null, level: this.levels[Math.min(level, this.deepest)].key });
    this.frame();
    say(this.words.t("say.entered", { name: row.name, n: this.view.rows.length, level: this.words.level(this.levels[this.values.level]) }));
  }

  frame() {
    fit(this.map, this.place.level === 0 ? this.boot.bounds : this.place.bounds);
  }

  set_level(key) {
    const level = this.levels.findIndex((one) => one.key === key);
    const chain = this.values.chain(this.place.id);
    const within = this.place.level < level ? this.place : chain[level - 1] ?? chain[0];
    this.state.set({ level: key, within: within.code, chosen: null });
    if (level === this.deepest && Math.round(this.map.getZoom()) < this.boot.grids_from) this.map.setZoom(this.boot.grids_from);
  }

  /** Go to a place found by the search, on whatever level it is. */
  async go(found) {
    const level = this.levels.findIndex((one) => one.key === found.level);
    this.map.stop();
    fit(this.map, found.bounds, false);
    const wanted = this.levels[Math.max(1, level)].key;
    this.state.set({ within: this.boot.city.code, level: wanted, chosen: level > 0 ? found.code : null });
    if (this.values.code.has(found.code)) this.mark(true);
  }
}
