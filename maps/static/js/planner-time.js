// The planner at another date: the division as it was, or as scheduled plans will have made it. For reading; nothing is drawn.
import { answered } from "./answered.js";
import { Atlas, label } from "./atlas.js";
import { el, find, say } from "./dom.js";
import { keeping_focus } from "./focus.js";
import { Language } from "./i18n.js";
import { keys } from "./keys.js";
import { fit, shell } from "./shell.js";
import { State } from "./state.js";
import { load } from "./values.js";

export default function start(map, boot) {
  new PlannerAt(map, boot).begin();
}

class PlannerAt {
  constructor(map, boot) {
    Object.assign(this, { map, boot, words: new Language(boot), levels: boot.city.levels, deepest: boot.city.levels.length - 1, values: null, grid: null, coming: null, hovered: 0 });
    this.state = new State({ within: boot.city.code, plan: null, chosen: null, view: null });
  }

  begin() {
    const { map, boot, words, state } = this;
    shell({ map, boot, words, state, go: (place) => this.go(place) });
    this.atlas = new Atlas({ map, boot, state, words, grids: () => true, heard: { hover: (id) => this.hover(id), choose: () => {}, moved: () => {}, zoomed: () => {}, labels: (zoom) => this.labels(zoom) } });
    map.on("click", ({ latlng }) => { this.choose_at(latlng); });
    keys({ words, up: () => state.set({ chosen: null }) });
    state.on((changed) => changed.has("chosen") && this.read_grid());
    map.getContainer().setAttribute("aria-label", words.t("plan.alt"));
    find(".status .data").textContent = `${words.t("status.data")} ${words.t("status.boundaries", { n: boot.edition.number })}`;
    this.atlas.paint({ level: this.deepest, levels: this.levels.length, coloured: false, borders: this.deepest, colours: [], ids: [], classes: [] }, true);
    this.draw();
    this.read_grid();
    this.read_coming();
    this.read_values();
  }

  // -- what is read -----------------------------------------------------------------------------------------------------
  async read_values() {
    try {
      this.values = await load({ boot: this.boot, indicator: "grid-coverage", level: this.levels[Math.max(1, this.deepest - 1)].key, city: this.words.city(this.boot.city) });
      this.atlas.labels.redraw();
    } catch (error) {
      say(this.words.t("error.values", { reason: error.message }));
    }
  }

  async read_coming() {
    if (!this.boot.forecast?.plans.length) return;
    try {
      this.coming = await answered(await fetch(`/v1/forecast?at=${encodeURIComponent(this.boot.at)}`));
      this.draw();
    } catch (error) {
      say(this.words.t("error.values", { reason: error.message }));
    }
  }

  async read_grid() {
    const code = this.state.get("chosen");
    this.grid = null;
    if (code) {
      try {
        this.grid = await answered(await fetch(`/v1/grids/${encodeURIComponent(code)}?at=${encodeURIComponent(this.boot.at)}`));
      } catch (error) {
        say(this.words.t("error.values", { reason: error.message }));
      }
    }
    if (code !== this.state.get("chosen")) return;
    this.atlas.mark(this.hovered, this.grid?.id ?? 0);
    this.draw();
  }

  // -- the panel --------------------------------------------------------------------------------------------------------
  draw() {
    const { words, boot, state } = this, { edition, forecast } = boot, date = words.date(boot.at);
    const said = forecast ? el("span", { class: "push chip warn" }, words.t("forecast")) : el("span", { class: "push chip info" }, words.t("edition", { n: edition.number }));
    const head = el("div", { class: "sec head" }, el("div", { class: "row" }, el("h1", {}, words.t("plan.time.grids-of", { date })), said), el("p", { class: "cap dim" }, words.t("plan.time.read")));
    const back = el("div", { class: "sec" }, el("a", { class: "btn main wide", href: state.address({ at: null, sel: null, lang: null }) }, words.t("plan.time.back")));
    const body = find(".panel .scroll");
    keeping_focus(body, () => body.replaceChildren(head, back, ...(forecast ? this.to_come() : [this.facts()]), ...this.chosen()));
  }

  facts() {
    const { words, boot: { edition } } = this;
    const told = [["kept.edition", `${words.t("edition", { n: edition.number })} · ${words.t("edition.since", { date: words.date(edition.effective_at) })}`], ["kept.published", edition.published_by], ["plan.time.why", edition.summary || "–"], ["plan.time.leaves", words.n(edition.leaves)], ["plan.time.changed", words.n(edition.changed)]];
    return el("div", { class: "sec" }, el("dl", { class: "kept-facts" }, told.flatMap(([name, text]) => [el("dt", {}, words.t(name)), el("dd", {}, text)])));
  }

  to_come() {
    const { words, boot: { forecast }, coming } = this;
    const plan = (one) => el("li", {}, el("a", { class: "item", href: `/maps/planner?plan=${one.plan}` }, el("span", { class: "row" }, el("h4", {}, one.plan_name), el("span", { class: `chip push ${one.why ? "bad" : "good"}` }, words.t(one.why ? "plan.time.omitted" : "plan.state.scheduled"))), el("span", { class: "sub" }, `${words.date(one.effective_at)} ${words.moment(one.effective_at).slice(6)}`, one.why ? ` · ${one.why}` : "")));
    const rows = [...forecast.plans, ...forecast.omitted];
    const list = rows.length ? el("ul", { class: "plans", "aria-label": words.t("plan.time.plans") }, rows.map(plan)) : el("p", { class: "empty" }, words.t("plan.time.none"));
    const grid = ({ properties: { code, name, is_new } }) => el("li", {}, el("a", { class: "item", href: this.state.address({ sel: code, lang: null }), "aria-current": code === this.grid?.code ? "true" : null, onclick: (event) => { event.preventDefault(); this.go_to(code); } }, el("span", { class: "row" }, el("h4", {}, name || words.t("plan.time.unnamed")), is_new ? el("span", { class: "chip push info" }, words.t("plan.time.new")) : null), el("span", { class: "sub code" }, code)));
    const gone = coming?.retired.length ? el("p", { class: "cap dim" }, words.t("plan.time.gone", { names: coming.retired.map(({ name, code }) => name || code).join(words.t("forecast.and")) })) : null;
    const changed = coming?.features.length ? [el("div", { class: "sec" }, el("h2", {}, words.t("plan.time.grids", { n: coming.features.length })), el("p", { class: "cap dim" }, words.t("plan.time.drawn")), gone), el("ul", { class: "plans" }, coming.features.map(grid))] : [];
    return [el("div", { class: "sec" }, el("h2", {}, words.t("plan.time.plans"))), list, ...changed];
  }

  chosen() {
    const { words, grid } = this;
    if (!grid) return [];
    const kind = words.has(`kind.${grid.kind}`) ? words.t(`kind.${grid.kind}`) : grid.kind;
    return [el("div", { class: "sec" }, el("h2", {}, grid.name || words.t("plan.time.unnamed")), el("p", {}, el("span", { class: "code" }, grid.code), " · ", kind, " · ", words.t("unit.km2", { n: words.km2(grid.area_m2) })), el("p", { class: "cap dim" }, grid.parents.slice(1).map(({ name }) => name).join(" › ")))];
  }

  // -- choice -----------------------------------------------------------------------------------------------------------
  labels(zoom) {
    if (!this.values) return [];
    return [...this.values.above.filter((row) => row.level > 0), ...this.values.rows].map((row) => label(row, this.deepest - row.level, zoom, this.values)).filter(Boolean);
  }

  hover(id) {
    if (id === this.hovered) return;
    this.hovered = id;
    this.map.getContainer().classList.toggle("pointing", Boolean(id));
    this.atlas.mark(id, this.grid?.id ?? 0);
  }

  /** By place, not by what is painted: of two grids on a border the server knows whose it is. */
  async choose_at({ lng, lat }) {
    const number = this.pointed = (this.pointed ?? 0) + 1;
    try {
      const { grid } = await answered(await fetch(`/v1/locate?lon=${lng}&lat=${lat}&at=${encodeURIComponent(this.boot.at)}`));
      if (number !== this.pointed) return; // another place was pointed at meanwhile
      this.state.set({ chosen: grid && grid.code !== this.state.get("chosen") ? grid.code : null });
    } catch (error) {
      say(this.words.t("error.values", { reason: error.message }));
    }
  }

  go_to(code) {
    const feature = this.coming.features.find(({ id }) => id === code);
    const box = L.geoJSON(feature).getBounds().pad(0.6);
    fit(this.map, [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()], true);
    this.state.set({ chosen: code });
  }

  go(place) {
    this.map.stop();
    fit(this.map, place.bounds, false);
    if (place.kind) this.state.set({ chosen: place.code });
  }
}
