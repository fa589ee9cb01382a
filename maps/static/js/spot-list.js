// What the doors told of blind spots: the rows read so far, their counts, and where in the division the page is.
import * as doors from "./spot-doors.js";
import { bounds_of } from "./polygons.js";
import { GRID_CODES, UNIT_CODES } from "./spot-codes.js";
import { load } from "./values.js";

const PAGES = 25; // of a list that is read to its end

export class SpotList {
  constructor({ boot, state, words }) {
    Object.assign(this, { boot, state, words, spots: [], after: null, answer: null, areas: null, leaves: null, asked_places: {}, districts: [], district: null, children: [], chain: [] });
    doors.open(boot, words);
  }

  asked() {
    const { state } = this;
    return { by: state.get("by"), within: state.get("within") === this.boot.city.code ? null : state.get("within"), district: state.get("district"), codes: state.get("codes").split(",").filter(Boolean) };
  }

  /** Everything the page needs of what its state asks for; `placed()` is called once it is known where the page is. */
  async read(placed) {
    let done;
    this.ready = new Promise((resolve) => { done = resolve; });
    try {
      const asked = this.asked();
      const [answer] = await Promise.all([this.rows(asked), this.where(asked, placed)]);
      Object.assign(this, answer);
    } finally {
      done();
    }
  }

  /** Of grids the rows are grids and, as G3, the buildings that straddle them. */
  async rows(asked) {
    if (asked.by !== "grid") {
      const answer = await doors.spots(asked);
      return { answer, spots: answer.spots, after: answer.next };
    }
    const wanted = new Set(asked.codes.length ? asked.codes : GRID_CODES);
    const [grids, buildings] = await Promise.all([this.whole({ ...asked, codes: ["G1", "G2", "U"] }), this.whole({ ...asked, by: "building", codes: ["G3"] })]);
    const spots = [...grids.spots, ...buildings.spots].filter((spot) => wanted.has(spot.code)).sort((a, b) => (b.score ?? 0) - (a.score ?? 0) || (a.id < b.id ? -1 : 1));
    return { answer: { ...grids, counts: { ...grids.counts, G3: buildings.counts.G3 ?? 0 } }, grids: new Map(grids.spots.map((spot) => [spot.grid, spot.code])), spots: spots.map((spot, k) => ({ ...spot, rank: k + 1 })), after: null };
  }

  /** The first page with the rows of all the others. */
  async whole(asked) {
    const first = await doors.spots(asked, { limit: 1000 });
    let { next } = first;
    for (let page = 1; next && page < PAGES; page++) {
      const answer = await doors.spots(asked, { next });
      first.spots.push(...answer.spots);
      next = answer.next;
    }
    return first;
  }

  /** Places of a level, read once, however many ask. */
  places(level) {
    const { boot, words, asked_places } = this, { key } = boot.city.levels[level];
    const forget = (error) => { delete asked_places[key]; throw error; };
    return (asked_places[key] ??= load({ boot, indicator: "grid-coverage", level: key, city: words.city(boot.city) }).catch(forget));
  }

  get deepest() {
    return this.boot.city.levels.length - 1;
  }

  /** Level of the areas that are shown far away: the one above grids. */
  get usual() {
    return Math.max(1, this.deepest - 1);
  }

  async where({ district }, placed = () => {}) {
    const { boot, state, deepest } = this, code = state.get("within");
    const everywhere = code === boot.city.code ? doors.districts(null) : null; // waits for nothing
    everywhere?.catch(() => {}); // told where it is waited for
    this.areas = await this.places(this.usual);
    if (state.get("by") === "grid") this.leaves = await this.places(deepest);
    const known = this.areas.code.get(code);
    const leaf = known ? null : await doors.place(code, "grid").catch(() => null);
    this.chain = known ? this.areas.chain(known.id) : leaf ? [...this.areas.chain(leaf.parents.at(-1).id), leaf] : this.areas.chain(this.areas.above[0]?.id ?? this.areas.rows[0].id);
    if (!district) { this.district = null; placed(); }
    this.children = known ? await this.below(known) : [];
    this.districts = await (everywhere ?? doors.districts(known && known.level > 0 ? code : null));
    this.district = district ? this.districts.find((one) => String(one.id) === String(district)) ?? await doors.district(district) : null;
    if (district) placed();
  }

  async below(place) {
    const found = [...this.areas.above, ...this.areas.rows].filter((row) => row.parent === place.id);
    return found.length ? found : doors.children(place.code);
  }

  /** Where a view is and what it is by. */
  placed() {
    const { state, chain, children, districts, district } = this;
    return { by: state.get("by"), codes: new Set(state.get("codes").split(",").filter(Boolean)), chain, children, districts, district };
  }

  /** What a view is made of. */
  told() {
    const { answer } = this, placed = this.placed(), { by } = placed;
    const { run, counts, weights, wanted } = answer;
    const blind_codes = by === "grid" ? ["G1", "G2", "G3"] : UNIT_CODES;
    const sum = (wanted) => wanted.reduce((total, code) => total + (counts[code] ?? 0), 0);
    this.left = this.after ? Math.max(0, wanted - this.spots.length) : 0;
    return { ...placed, run: run ?? this.boot.run, counts, weights, blind: sum(blind_codes), total: answer.total, more: this.left, exports: doors.exports(this.asked()) };
  }

  /** Rows further down, until there are none. */
  async next() {
    if (!this.after) return;
    const answer = await doors.spots(this.asked(), { next: this.after });
    this.spots = [...this.spots, ...answer.spots];
    this.after = answer.next;
  }

  async rest() {
    for (let page = 0; this.after && page < PAGES; page++) await this.next();
    this.told();
  }

  /** Read on until a row is there, where the list has it; `drawn()` is called when it grew. */
  async until(id, drawn) {
    const codes = this.state.get("codes");
    const known = await this.full(id).catch(() => null);
    if (!known?.code || (codes && !codes.split(",").includes(known.code))) return;
    const before = this.spots.length;
    for (let page = 0; this.after && page < PAGES && !this.of(id); page++) await this.next();
    if (this.spots.length > before) drawn();
  }

  // -- one of them --------------------------------------------------------------------------------------------------
  of(id) {
    return this.spots.find((spot) => spot.id === id) ?? null;
  }

  building(id) {
    return id ? this.spots.find((spot) => spot.building === id) ?? null : null;
  }

  grid(id) {
    const code = id ? this.leaves?.place.get(id)?.code : null;
    return code ? this.spots.find((spot) => spot.id.endsWith(`/${code}`)) ?? null : null;
  }

  full(id) {
    return doors.spot(id, this.of(id)?.code);
  }

  trend() {
    return doors.trend(this.asked());
  }

  decide(body) {
    return doors.decide(body);
  }

  change(id, body) {
    return doors.change(id, body);
  }

  /** Areas of the level above grids with what their blind spots score. */
  async shaded() {
    const level = this.boot.city.levels[this.usual];
    const [told, areas] = await Promise.all([doors.scored({ by: level.key, codes: [...UNIT_CODES, "work", "covered", "U"] }), this.places(this.usual)]);
    this.areas = areas;
    return { level, ...told };
  }

  /** West, south, east, north of what the page is about. */
  bounds() {
    if (this.district) return bounds_of(this.district.geometry);
    const place = this.chain.at(-1);
    return place?.level === 0 || !place?.bounds ? this.boot.bounds : place.bounds;
  }
}
