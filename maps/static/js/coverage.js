// The coverage page: one state, three views of it (panel, map, URL).
import { Atlas, label } from "./atlas.js";
import { Chosen } from "./buildings.js";
import { card } from "./card.js";
import { find, say } from "./dom.js";
import { download } from "./download.js";
import { GridBuildings } from "./grid-buildings.js";
import { Language } from "./i18n.js";
import { keys } from "./keys.js";
import { layers_door } from "./layers-door.js";
import { KIND_COLOURS, NOTHING, legend } from "./legend.js";
import { BADGES, Panel, level_buttons } from "./panel.js";
import { bounds_of_grid } from "./live.js";
import { Beside, Said } from "./said.js";
import { fit, shell } from "./shell.js";
import { State } from "./state.js";
import { NONE, SCARCE, load } from "./values.js";

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
    this.state = new State({ within: boot.city.code, level: boot.level ?? usual, by: boot.by, chosen: null, view: null });
    if (!boot.indicators.some(({ key }) => key === this.state.get("by"))) this.state.values.by = boot.by;
    if (!this.levels.slice(1).some((level) => level.key === this.state.get("level"))) this.state.values.level = usual;
    this.order = null;
    this.hovered = 0;
    this.asked = 0;
  }

  begin() {
    this.building = new Chosen({ map: this.map, boot: this.boot, words: this.words, changed: () => { this.mark(); this.show_card(); }, doors: ({ properties }) => this.building_doors(properties) });
    this.grid = new GridBuildings({ boot: this.boot, words: this.words, heard: { choose: (id, place) => this.choose_building(id, place), changed: () => this.view && this.render() } });
    this.panel = new Panel({ boot: this.boot, words: this.words, heard: this.listeners() });
    shell({ map: this.map, boot: this.boot, words: this.words, state: this.state, go: (place) => this.go(place) });
    this.atlas = new Atlas({ map: this.map, boot: this.boot, state: this.state, words: this.words, grids: () => this.state.get("level") === this.levels[this.deepest].key, heard: {
      hover: (id) => this.hover(id), choose: (id) => this.choose(this.values?.place.get(id)), building: (id, at) => this.building.choose(id, at),
      moved: () => this.show_card(), zoomed: () => this.zoomed(), labels: (zoom) => this.labels(zoom),
    } });
    layers_door(this);
    keys({ words: this.words, step: (by) => this.step(by), enter: () => this.enter_chosen(), up: () => this.up() });
    find(".tools").hidden = false;
    window.addEventListener("beforeprint", () => this.view && (this.panel.all(), this.mark()));
    matchMedia("(max-width: 700px)").addEventListener("change", () => this.view && this.render());
    this.state.on((changed) => this.changed(changed));
    this.fetch();
  }

  listeners() {
    return {
      enter: (code) => this.enter(code), by: (by) => { this.order = null; this.state.set({ by }); }, level: (key) => this.set_level(key),
      choose: (row) => this.choose(row, true), hover: (row) => this.hover(row?.id ?? 0), turn: () => { this.order = -this.view.order; this.render(); },
      download: () => download({ rows: this.view.ranked, values: this.values, said: this.view.said, boot: this.boot, words: this.words, level: this.levels[this.values.level] }),
      finer: () => this.set_level(this.levels[this.values.level + 1].key), drawn: () => { this.mark(); legend(this.view, this.words); },
    };
  }

  // -- values -------------------------------------------------------------------------------------------------------
  /** Key of the level that can be drawn: grids only when they are large enough to be seen, and none an indicator is not told of. */
  drawable() {
    const lowest = this.boot.indicators.find(({ key }) => key === this.state.get("by"))?.lowest ?? this.deepest;
    const wanted = Math.min(lowest, this.levels.findIndex(({ key }) => key === this.state.get("level")));
    const far = Math.round(this.map.getZoom()) < this.boot.grids_from;
    return this.levels[wanted === this.deepest && far ? this.deepest - 1 : wanted].key;
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
    const kinds = values.is_ground && values.level === deepest;
    const order = this.order ?? (values.about.dark === "low" && !kinds ? 1 : -1);
    const ranked = this.rank(rows, order, kinds);
    const said = new Said(values.about, this.words);
    said.beside = values.beside.map(({ about }) => new Beside(about, this.words));
    const inside = this.can_enter_grids() && place.level === deepest;
    this.grid.open(inside ? place.code : null);
    this.view = {
      values, said, rows, inside: inside ? () => this.grid.section() : null, states: this.grid.found?.counts ?? {}, ranked, place, order, deepest, level: values.level,
      peak: Math.max(0, ...rows.map((row) => (row.class >= 0 ? row.value : 0))),
      reach: reach_of(rows),
      spots: this.spots(place.code),
      buildings: this.with_buildings(),
      zoomed: { level: this.levels[values.level], wanted: this.state.get("level") },
    };
    if (inside) this.grid.reach(this.building.id);
    this.panel.draw(this.view);
    legend(this.view, this.words);
    this.tools();
    this.status();
    this.paint();
    this.mark(true);
    this.show_card();
  }

  /** Rows in order, those without a value last; the first few that say something carry the number the map shows too. */
  rank(rows, order, kinds) {
    const key = kinds ? (row) => row.area_m2 + (row.kind === "fallback" ? 1e12 : 0) : (row) => row.shown;
    const last = (row) => (kinds ? 0 : row.class >= 0 ? 0 : row.class === SCARCE ? 1 : row.class === NONE ? 3 : 2);
    const sorted = [...rows].sort((a, b) => last(a) - last(b) || order * (key(a) - key(b)) || (a.code < b.code ? -1 : 1));
    sorted.forEach((row, k) => {
      row.place_in_list = k + 1;
      const telling = kinds ? row.kind === "fallback" : row.class >= 0 && (order > 0 ? this.values.about.kind !== "share" || row.value < 1 : row.value > 0);
      row.rank = telling && rows.length > 1 && k < BADGES ? k + 1 : Infinity;
    });
    return sorted;
  }

  /** Whether one can go on from a grid to its buildings: on the server's page, of the division in force. */
  can_enter_grids() {
    return Boolean(this.boot.spots) && this.boot.edition.number === this.boot.current;
  }

  /** The page of blind spots of a place; null where there is none, or it has nothing to do with what is shown. */
  spots(code) {
    const { spots_page, at } = this.boot;
    return spots_page && this.values.about.group === "organisations" ? `${spots_page}?in=${code}${at ? `&at=${encodeURIComponent(at)}` : ""}` : null;
  }

  paint() {
    const { values, rows, place } = this.view;
    const kinds = values.is_ground && values.level === this.deepest;
    const classes = values.classes.map((one) => one.colour);
    const colours = kinds ? Object.values(KIND_COLOURS) : [...classes, NOTHING, "dots"];
    const other = { [NONE]: classes.length, [SCARCE]: classes.length + 1 };
    const of = kinds ? (row) => Object.keys(KIND_COLOURS).indexOf(row.kind) : (row) => other[row.class] ?? row.class;
    const inside = new Set(rows.map((row) => row.id));
    const faint = place.level === 0 ? [] : values.rows.filter((row) => !inside.has(row.id)).map((row) => row.id);
    this.atlas.paint({
      level: values.level, levels: this.levels.length, breadths: values.breadths, coloured: true, through: !values.is_ground, colours, faint,
      ids: values.rows.map((row) => row.id), classes: values.rows.map(of),
      ...(this.view.inside ? this.grid.style(this.deepest, place.id) : {}),
    }, this.state.get("level") === this.levels[this.deepest].key);
    this.atlas.ran(this.grid.found?.run);
    const alt = this.words.t("map.alt", { indicator: this.view.said.name, level: this.words.level(this.levels[values.level]) });
    this.map.getContainer().setAttribute("aria-label", alt);
  }

  tools() {
    find(".tools .levels").replaceChildren(...level_buttons(this.boot, this.words, this.state.get("level"), (key) => this.set_level(key), this.values.about.lowest));
  }

  status() {
    const { values, place, said } = this.view, words = this.words;
    const sources = values.dated === "edition" ? [] : values.sources;
    find(".status .data").textContent = [`${words.t("status.data")} ${this.panel.dated()}`, words.sources(sources)].filter(Boolean).join(" · ");
    const ground = { share: `${words.percent(place.area_m2 ? place.fallback_m2 / place.area_m2 : 0)}%`, km2: words.km2(place.fallback_m2) };
    find(".status .unknown").textContent = said.unknown(place) !== null ? words.t("status.not-known", { share: said.unknown_text(place), n: words.n(place.unknown), what: said.word("unknown") })
      : values.is_ground ? words.t("status.unknown", ground) : words.t("status.unplaced", { n: words.n(values.unplaced) });
  }

  labels(zoom) {
    if (!this.view) return [];
    const { values, ranked } = this.view;
    const found = ranked.filter((row) => row.rank <= BADGES).map((row) => ({ badge: row.rank, place: [row.lat, row.lng] }));
    const chosen = this.chosen();
    if (chosen && chosen.rank === Infinity) found.unshift(label(chosen, this.deepest - chosen.level, zoom, { text: values.short(chosen) }));
    for (const row of values.above) if (row.level > 0) found.push(label(row, this.deepest - row.level, zoom, values));
    const sized = [...ranked].sort((a, b) => b.area_m2 - a.area_m2);
    const told = (row) => (row.level === this.deepest ? { text: values.short(row), second: zoom >= 16 && row.value !== null ? this.view.said.full(row.value) : undefined } : values);
    for (const row of sized) if (row.rank === Infinity && row !== chosen) found.push(label(row, this.deepest - row.level, zoom, told(row)));
    return found.filter(Boolean);
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
    this.grid.mark(this.building.id);
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
    const { said } = this.view;
    say(this.words.t("say.chosen", { name: chosen.name, value: said.why(chosen) || said.full(chosen.shown) }));
    this.clear(chosen);
    if (bring && !this.map.getBounds().pad(-0.1).contains([chosen.lat, chosen.lng])) this.map.panTo([chosen.lat, chosen.lng]);
  }

  choose_building(id, [lng, lat]) {
    this.building.choose(id, { lat, lng });
    if (!this.map.getBounds().pad(-0.1).contains([lat, lng])) this.map.panTo([lat, lng]);
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
    if (row && (row.level < this.deepest || this.can_enter_grids()) && row.id !== this.place.id) doors.push([this.words.t("tip.enter", { level: this.words.level(this.levels[row.level]) }), () => this.enter(row.code)]);
    if (row && row.level === this.deepest && level === undefined && !this.can_enter_grids() && this.place.level > 0) doors.push([this.words.t("tip.out", { level: this.place.name }), () => this.choose(null)]);
    if (row && this.spots(row.code)) doors.push([this.words.t("tip.spots"), this.spots(row.code)]);
    card({ row, rank: row?.rank <= BADGES ? row.rank : null, parent: row && this.values.place.get(row.parent), said: this.view?.said, deepest: this.deepest, map: this.map, words: this.words, doors, close: () => this.choose(null) });
  }

  step(by) {
    const { ranked } = this.view;
    const now = ranked.findIndex((row) => row.code === this.state.get("chosen"));
    const next = ranked[now < 0 ? (by > 0 ? 0 : ranked.length - 1) : (now + by + ranked.length) % ranked.length];
    if (next) this.choose(next, true);
  }

  enter_chosen() {
    const row = this.chosen();
    if (row && (row.level < this.deepest || this.can_enter_grids())) this.enter(row.code);
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

  async frame() {
    const place = this.place;
    const box = place.level === 0 ? this.boot.bounds : place.bounds ?? (place.asked_bounds ??= await bounds_of_grid(place.code, this.boot.at));
    if (place.code === this.place.code) fit(this.map, box); // else another place was entered meanwhile
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

/** Ends of the axis of intervals, in tenths around all of them; null where there are none. */
function reach_of(rows) {
  const sure = rows.filter((row) => row.class >= 0 && row.low !== null && row.low !== undefined);
  if (!sure.length) return null;
  return [Math.floor(Math.min(...sure.map((row) => row.low)) * 10) / 10, Math.ceil(Math.max(...sure.map((row) => row.high)) * 10) / 10];
}
