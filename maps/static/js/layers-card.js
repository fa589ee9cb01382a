// The card of a thing: its name, kind and fields in the page's language, and the others that lie on the same spot.
import { list, place, shut } from "./card.js";
import { el, find, say } from "./dom.js";
import { swatch } from "./layers-menu.js";

const PAGES = { "business-districts": "/maps/business-districts/" }; // kinds of things with a page of their own

export class Card {
  /** `heard`: close(), shown(thing, row), to(thing, opener), taken() → pixels at the right of the map the menu stands on. */
  constructor({ map, words, registry, heard }) {
    Object.assign(this, { map, words, registry, heard, thing: null, row: null });
    this.box = el("section", { class: "tip thing", "aria-label": words.t("layers.chosen"), tabindex: "-1", hidden: true });
    find(".map > .tip").after(this.box);
  }

  /** Show the first of `things`; `at` is where they were pointed at, `opener` what focus goes back to. */
  open(things, at, opener) {
    Object.assign(this, { things, at, opener, number: 0 });
    this.show(Boolean(opener));
  }

  close(otherwise) {
    const { opener } = this;
    Object.assign(this, { thing: null, row: null, opener: null });
    this.box.hidden = true;
    if (opener?.isConnected && opener.offsetParent) opener.focus();
    else if (otherwise && (opener || this.box.contains(document.activeElement) || document.activeElement === document.body)) otherwise.focus();
  }

  step(by) {
    this.number = (this.number + by + this.things.length) % this.things.length;
    this.show(false, by > 0 ? ".next" : ".before");
  }

  /** `then` is what has the focus afterwards, where it is in the card. */
  async show(with_focus, then = null) {
    const thing = (this.thing = this.things[this.number]);
    try {
      const found = await this.registry.row(thing);
      if (thing !== this.thing) return;
      this.row = { ...found, at: this.at ?? middle(found.geometry) };
    } catch (error) {
      if (thing !== this.thing) return;
      say(this.words.t("error.values", { reason: error.message }));
      this.heard.close();
      return;
    }
    const title = this.registry.title(thing.slug, this.row);
    const had_focus = this.box.contains(document.activeElement);
    this.box.hidden = false;
    this.box.replaceChildren(this.head(title), this.others(), el("div", { class: "facts-of" }, list(this.facts())), this.doors());
    this.heard.shown(thing, this.row.at && this.row);
    this.place();
    say(`${this.registry.named(thing.slug)} ${title}`);
    if (then) this.box.querySelector(then)?.focus();
    else if (with_focus || had_focus) this.box.focus({ preventScroll: true });
  }

  place() {
    if (!this.row) return;
    const { lat, lng } = this.row.at ?? this.map.getCenter();
    place(this.box, { lat, lng }, this.map, this.heard.taken());
  }

  head(title) {
    return el("div", { class: "row" }, swatch(this.thing.slug), el("b", { title }, title), el("span", { class: "dim cap push" }, this.registry.named(this.thing.slug)), shut(this.words, () => this.heard.close()));
  }

  /** Where several lie on one spot, which this is and the way to the others. */
  others() {
    const { words, things } = this;
    if (things.length < 2) return "";
    const button = (by, sign, kind) => el("button", { class: `btn ${kind}`, type: "button", "aria-label": words.t(`layers.${kind}`), onclick: () => this.step(by) }, sign);
    return el("div", { class: "row others" }, button(-1, "‹", "before"), el("span", { class: "cap" }, words.t("layers.nth", { k: words.n(this.number + 1), n: words.n(things.length) })), button(1, "›", "next"));
  }

  facts() {
    const { words, registry, thing } = this, { properties } = this.row;
    const { fields } = registry.of(thing.slug);
    const found = fields.filter(({ name }) => name !== "name").map((field) => [words.told(field), this.value(field, properties[field.name])]);
    const ground = properties.area_m2 === undefined ? [] : [[words.t("tip.area"), words.t("unit.km2", { n: words.km2(properties.area_m2) })]];
    const code = (value) => (value ? el("span", { class: "code" }, value) : this.unknown());
    return [...found, ...ground, [words.t("layers.grid"), code(properties.in_grid)], [words.t("layers.reference"), el("span", { class: "code" }, properties.reference)], [words.t("layers.source"), `${properties.source} · ${words.date(properties.stored_at)}`]];
  }

  value(field, value) {
    const text = this.registry.value(field, value);
    if (text === null) return this.unknown();
    if (field.kind === "place") return el("span", { class: "code" }, text);
    if (field.kind !== "reference" || !this.registry.of(field.to)) return text;
    const button = el("button", { class: "link", type: "button", onclick: () => this.heard.to({ slug: field.to, id: value.id }, this.opener ?? null) }, text);
    return button;
  }

  unknown() {
    return el("span", { class: "dim" }, this.words.t("layers.unknown"));
  }

  doors() {
    const { slug, id } = this.thing;
    return el("div", { class: "row doors" }, this.row.at ? null : el("span", { class: "cap dim" }, this.words.t("layers.nowhere")), slug in PAGES ? el("a", { class: "btn bare", href: PAGES[slug] + id }, this.words.t("layers.page")) : null, el("a", { class: "btn bare push", href: `/v1/${slug}/${id}` }, this.words.t("layers.data")));
  }
}

/** A place on a geometry: a point itself, the middle of ground's box; null for none. */
function middle(geometry) {
  if (!geometry) return null;
  const points = geometry.coordinates.flat(Infinity);
  const [lngs, lats] = [0, 1].map((axis) => points.filter((_, k) => k % 2 === axis));
  const half = (found) => (Math.min(...found) + Math.max(...found)) / 2;
  return { lat: half(lats), lng: half(lngs) };
}
