// The page of an import before it is committed: one state, three views of it (panel, map, URL).
import { Atlas, label } from "./atlas.js";
import { place as beside } from "./card.js";
import { ICONS, el, find, icon, say } from "./dom.js";
import { Ground } from "./ground.js";
import { Language } from "./i18n.js";
import { keys } from "./keys.js";
import { SEVERITY, looks } from "./mend-kinds.js";
import { MendPanel, legend_rows, mark } from "./mend-panel.js";
import { Places } from "./places.js";
import { fit, shell } from "./shell.js";
import { State } from "./state.js";

const ANYWHERE = [73, 18, 135, 54]; // of a file of which nothing could be placed
const CARD_PX = 150; // what the card hides of a narrow map

export default function start(map, boot) {
  boot.bounds ??= ANYWHERE;
  new Mends(map, boot).begin();
}

class Mends {
  constructor(map, boot) {
    this.map = map;
    this.boot = boot;
    this.words = new Language(boot);
    this.looks = looks(this.words);
    this.levels = boot.city.levels;
    this.ground = new Ground(boot.ground);
    this.lists = { mends: boot.mends.map((one, k) => ({ ...one, key: `m${k + 1}`, at: [one.lat, one.lon] })), findings: boot.findings.map((one, k) => this.finding(one, k)) };
    this.items = new Map([...this.lists.mends, ...this.lists.findings].map((one) => [one.key, one]));
    this.ids = new Map(this.levels.flatMap(({ key }) => (boot.values.levels[key]?.rows.code ?? []).map((code, k) => [`${key} ${code}`, boot.values.levels[key].rows.id[k]])));
    const grave = boot.findings.some((one) => one.severity !== "info");
    const tab = boot.repair && (boot.mends.length || !grave) ? "mends" : "findings";
    this.state = new State({ within: boot.city.code, tab, kinds: "", show: "after", chosen: null, view: null });
    if (!(this.state.get("tab") in this.lists) || !boot.repair) this.state.values.tab = tab;
    this.hovered = null;
  }

  /** A finding as a place: its kind is how grave it is, its own kind what it is called. */
  finding(one, k) {
    const party = one.codes.filter(Boolean).join(" · "), rows = one.rows.length ? this.words.t("mends.row", { n: one.rows.join("·") }) : "";
    return { ...one, key: `f${k + 1}`, kind: one.severity, called: [one.file, rows, party].filter(Boolean).join(" · ") || this.words.t("mends.whole"), at: one.lat === null ? null : [one.lat, one.lon] };
  }

  begin() {
    const { map, boot, words, state } = this;
    shell({ map, boot, words, state, go: (found) => { map.stop(); fit(map, found.bounds, false); } });
    this.panel = new MendPanel({ boot, words, looks: this.looks, heard: {
      tab: (tab, kinds = "") => state.set({ tab, kinds, chosen: null }), kinds: (kind) => this.pick(kind),
      choose: (item) => this.choose(item, true), hover: (item) => this.hover(item),
    } });
    this.atlas = new Atlas({ map, boot, state, words, grids: () => true, heard: { hover: () => {}, choose: () => {}, moved: () => this.card(), zoomed: () => {}, labels: (zoom) => this.labels(zoom) } });
    this.atlas.paint({ level: this.levels.length - 1, levels: this.levels.length, coloured: false, colours: [], ids: [], classes: [] }, true);
    this.places = new Places({ kinds: this.looks, heard: { choose: (item) => this.choose(item), hover: (item) => this.hover(item) } }).addTo(map);
    const floats = this.atlas.labels.options.obstacles;
    this.atlas.labels.options.obstacles = () => [...floats(), ...this.places.taken()];
    keys({ words, step: (by) => this.step(by), enter: () => this.chosen() && this.go(this.chosen()), up: () => state.set({ chosen: null }), names: { enter: "mends.key.enter", up: "mends.key.up" } });
    document.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() === "b" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest("input, dialog")) this.turn();
    });
    this.tools();
    this.status();
    map.getContainer().setAttribute("aria-label", words.t("mends.alt"));
    state.on((changed) => this.changed(changed));
    this.changed(new Set(["tab", "show", "chosen"]));
  }

  changed(changed) {
    if (changed.has("tab") || changed.has("kinds")) this.draw();
    if (changed.has("show")) { this.places.phase(this.state.get("show")); this.tools(); this.legend(); this.card(); }
    if (changed.has("chosen") || changed.has("tab") || changed.has("kinds")) this.mark();
  }

  // -- drawing --------------------------------------------------------------------------------------------------------
  draw() {
    const tab = this.state.get("tab"), picked = new Set((this.state.get("kinds") || "").split(",").filter(Boolean));
    const items = this.lists[tab].filter((one) => !picked.size || picked.has(one.kind));
    this.view = { tab, picked, items, ...this.lists };
    this.panel.draw(this.view);
    const weight = (one) => (tab === "mends" ? -one.area_m2 : -SEVERITY.indexOf(one.kind)); // findings: the gravest on top
    this.places.show(items.filter((one) => one.at).sort((a, b) => weight(a) - weight(b)));
    this.atlas.labels.redraw();
    this.legend();
  }

  legend() {
    const { words, looks: found, boot } = this, counts = new Map();
    if (!this.view) return;
    for (const one of this.view[this.view.tab]) counts.set(one.kind, (counts.get(one.kind) ?? 0) + 1);
    const kinds = Object.keys(found).filter((kind) => counts.has(kind));
    const box = find(".map .legend");
    box.hidden = !kinds.length && !boot.division?.fallback;
    const patterns = boot.division.fallback ? [el("li", {}, el("i", { class: "hatch-f" }), el("span", {}, words.t("mends.fallback")), el("span", {}, `${words.km2(boot.division.fallback_km2 * 1e6)} km²`))] : [];
    const note = this.view.tab === "mends" ? words.t(this.state.get("show") === "after" ? "mends.note.after" : "mends.note.before") : words.t("mends.note.found");
    box.replaceChildren(el("h3", {}, words.t(this.view.tab === "mends" ? "mends.legend" : "mends.legend.found")), el("ul", {}, legend_rows(kinds, { looks: found, words, counts })), ...(patterns.length ? [el("ul", {}, patterns)] : []), el("p", {}, note));
  }

  tools() {
    find(".tools").hidden = false;
    const box = find(".tools .levels"), show = this.state.get("show");
    find(".tools .by").hidden = true;
    box.hidden = find(".tools hr").hidden = !this.boot.mends.length;
    box.setAttribute("aria-label", this.words.t("mends.phase"));
    box.replaceChildren(...this.phases(show));
  }

  phases(show) {
    return ["before", "after"].map((one) => el("button", { type: "button", "aria-pressed": String(show === one), onclick: () => this.state.set({ show: one }) }, this.words.t(`mends.${one}`)));
  }

  turn() {
    if (this.boot.mends.length) this.state.set({ show: this.state.get("show") === "after" ? "before" : "after" });
  }

  status() {
    const { boot, words } = this;
    find(".status .ed").replaceChildren(el("b", { class: boot.state }, words.t(`mends.state.${boot.state}`)), ` · ${words.lang === "en" ? boot.outcome.en : boot.outcome.zh}`);
    find(".status .data").textContent = words.t("mends.made", { when: `${words.date(boot.made_at)} ${words.moment(boot.made_at).slice(6)}` });
    const { named, named_km2, fallback, fallback_km2 } = boot.division;
    find(".status .unknown").textContent = words.t("mends.division", { named: words.n(named), km2: words.km2(named_km2 * 1e6), fallback: words.n(fallback), fallback_km2: words.km2(fallback_km2 * 1e6) });
  }

  /** Names of areas and, near by, of grids. */
  labels(zoom) {
    this.rows ??= this.levels.slice(1).flatMap(({ key }) => {
      const { rows } = this.boot.values.levels[key];
      return rows.id.map((_, k) => ({ name: rows.name[k], level: rows.level[k], kind: rows.kind?.[k], lat: rows.lat[k], lng: rows.lng[k], bounds: rows.bounds[k] })).sort((a, b) => size(b) - size(a));
    });
    return this.rows.map((row) => label(row, this.levels.length - 1 - row.level, zoom)).filter(Boolean);
  }

  // -- choice ---------------------------------------------------------------------------------------------------------
  chosen() {
    return this.items.get(this.state.get("chosen")) ?? null;
  }

  pick(kind) {
    const picked = new Set(this.view.picked);
    if (kind === null) picked.clear();
    else if (!picked.delete(kind)) picked.add(kind);
    this.state.set({ kinds: [...picked].join(","), chosen: null });
  }

  choose(item, go = false) {
    const same = item && item.key === this.state.get("chosen");
    if (same && go) { this.go(item); return; }
    this.state.set({ chosen: item && !same ? item.key : null });
    if (!this.chosen()) return;
    say(item.severity ? item.message[this.words.lang === "en" ? "en" : "zh"] : this.words.t("mends.say", { from: item.from?.name || item.from?.code || this.words.t("mends.no-one"), to: item.to?.name || item.to?.code || this.words.t("mends.no-one"), m2: this.panel.ground(item.area_m2) }));
    if (go) this.go(item);
  }

  go(item) {
    if (!item.at) return;
    const narrow = matchMedia("(max-width: 700px)").matches;
    this.map.stop();
    this.places.go(item, narrow ? [0, CARD_PX] : [0, 0], false);
  }

  mark() {
    const item = this.chosen(), parties = { lost: this.held(item?.from), got: this.held(item?.to) };
    this.places.choose(item?.at ? item : null, parties);
    this.panel.list.mark(item?.key, this.hovered?.key, true);
    this.card();
  }

  /** Rings of who holds ground; none for no one, the city, and who is not in the division. */
  held(party) {
    if (!party || party.level === this.levels[0].key) return [];
    const id = this.ids.get(`${party.level} ${party.code}`);
    return id ? this.ground.rings(id) : [];
  }

  hover(item) {
    if (item === this.hovered) return;
    this.hovered = item;
    this.places.hover(item?.at ? item : null);
    this.panel.list.mark(this.state.get("chosen"), item?.key);
  }

  step(by) {
    const { items } = this.view, now = items.findIndex((one) => one.key === this.state.get("chosen"));
    const next = items[now < 0 ? (by > 0 ? 0 : items.length - 1) : (now + by + items.length) % items.length];
    if (next) this.choose(next, true);
  }

  // -- card -----------------------------------------------------------------------------------------------------------
  card() {
    const box = find(".tip"), item = this.chosen(), words = this.words;
    box.hidden = !item;
    if (!item) return;
    const title = item.severity ? item.title[words.lang === "en" ? "en" : "zh"] : this.panel.reason(item.kind);
    const close = el("button", { class: "x", type: "button", "aria-label": words.t("tip.close"), onclick: () => this.state.set({ chosen: null }) }, icon(ICONS.close));
    const facts = item.severity ? this.found(item) : this.moved(item);
    const show = item.at ? el("button", { class: "btn bare push", type: "button", onclick: () => this.go(item) }, words.t("mends.show"), el("kbd", {}, "Enter")) : null;
    const phases = item.severity ? null : el("div", { class: "seg", role: "group", "aria-label": words.t("mends.phase") }, this.phases(this.state.get("show")));
    box.replaceChildren(el("div", { class: "row" }, mark(item.kind, this.looks), el("b", { title }, title), close), item.severity ? el("p", { class: "said" }, item.message[words.lang === "en" ? "en" : "zh"]) : "",
      el("dl", {}, facts.filter(([, text]) => text).flatMap(([name, text]) => [el("dt", {}, words.t(name)), el("dd", {}, text)])), el("div", { class: "row doors" }, phases, show));
    if (item.at) beside(box, { lat: item.at[0], lng: item.at[1], bounds: this.places.bounds(item) }, this.map);
  }

  moved(item) {
    const words = this.words;
    const who = (party, lost) => [el("span", { class: party ? (lost ? "lost" : "got") : "no-one" }, party ? party.name || party.code : words.t("mends.no-one")), party?.code && party.name ? el("span", { class: "code" }, party.code) : null, party?.rows.length ? el("small", {}, `${party.file} ${words.t("mends.row", { n: party.rows.join("·") })}`) : null];
    return [["mends.from", who(item.from, true)], ["mends.to", who(item.to, false)], ["mends.area", this.panel.ground(item.area_m2)], ["mends.width", `${this.panel.width(item)} m`], ["mends.place", `${item.lon.toFixed(6)}, ${item.lat.toFixed(6)}`]];
  }

  found(item) {
    const words = this.words;
    return [["mends.about", words.t(`mends.kind.${item.kind}`)], ["mends.file", item.file], ["mends.rows", item.rows.join(" · ")], ["mends.codes", item.codes.filter(Boolean).join(" · ")], ["mends.area", item.area_m2 === null ? "" : this.panel.ground(item.area_m2)], ["mends.place", item.at ? `${item.lon.toFixed(6)}, ${item.lat.toFixed(6)}` : this.words.t("mends.no-place")]];
  }
}

const size = ({ bounds: [west, south, east, north] }) => (east - west) * (north - south);
