// The building a reader points at: asked for when it is chosen, shown on the card in the place of an area.
import { place } from "./card.js";
import { ICONS, el, find, icon, say } from "./dom.js";
import { building } from "./live.js";

export class Chosen {
  /** `changed()` is heard when another building, or none, is chosen; `doors(feature)` are the card's buttons. */
  constructor({ map, boot, words, changed, doors }) {
    Object.assign(this, { map, boot, words, changed, doors, id: 0, feature: null, at: null });
  }

  async choose(id, at) {
    if (id === this.id) return this.drop();
    Object.assign(this, { id, at, feature: null });
    this.changed();
    try {
      const feature = await building(id);
      if (id !== this.id) return;
      this.feature = feature;
      say(this.title());
    } catch (error) {
      if (id !== this.id) return;
      say(this.words.t("error.values", { reason: error.message }));
      Object.assign(this, { id: 0, at: null });
    }
    this.changed();
  }

  drop() {
    if (!this.id) return;
    Object.assign(this, { id: 0, at: null, feature: null });
    this.changed();
  }

  title() {
    const { name, address, use, reference } = this.feature.properties;
    return name ?? address ?? (use ? this.use(use) : reference);
  }

  use(code) {
    const known = this.boot.buildings.uses[code];
    return known ? known[this.words.lang === "en" ? 1 : 0] : this.words.t("building.unknown");
  }

  /** Show the card; false when no building is chosen. */
  show() {
    if (!this.feature) return false;
    const box = find(".tip");
    box.hidden = false;
    const { properties } = this.feature;
    const head = el("div", { class: "row" }, el("b", { title: this.title() }, this.title()), el("span", { class: "dim cap push" }, this.words.t("building")),
      el("button", { class: "x", type: "button", "aria-label": this.words.t("tip.close"), onclick: () => this.drop() }, icon(ICONS.close)));
    const lines = el("dl", {}, this.facts(properties).flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]));
    const notes = [properties.straddles && "straddles", properties.pinned && "pinned"].filter(Boolean).map((key) => el("p", { class: "note" }, this.words.t(`building.${key}`)));
    const buttons = el("div", { class: "row doors" }, this.doors(this.feature).map(([text, action]) => el("button", { class: "btn bare", type: "button", onclick: action }, text)));
    box.replaceChildren(head, lines, ...notes, buttons);
    place(box, { lat: this.at.lat, lng: this.at.lng }, this.map);
    return true;
  }

  facts(told) {
    const { words } = this;
    const count = (value) => (value === null ? words.t("building.unknown") : words.n(value));
    const near = told.nearest && `${told.nearest.name} · ${words.t("building.away", { n: words.n(told.nearest.distance_m) })}`;
    const facts = [
      [words.t("building.use"), this.use(told.use)],
      [words.t("building.floors"), count(told.floors)],
      [words.t("building.households"), count(told.households)],
      [words.t("building.firms"), count(told.firms)],
      [words.t("building.workers"), count(told.workers)],
      [words.t("building.grid"), told.grid ? el("span", { class: "code" }, told.grid) : words.t("building.outside")],
      told.grid ? [words.t("building.share"), `${words.percent(told.share)}%`] : [words.t("building.nearest"), near ?? "–"],
    ];
    return told.name && told.address ? [...facts, [words.t("building.address"), told.address]] : facts;
  }
}
