// The menu of layers: what there is by group, with how many of each, and a list of what is in view for those who do not point.
import { ICONS, el, find, icon } from "./dom.js";
import { GROUPS, SHAPES, group_of, look } from "./marks.js";

const LISTED = 30;
const SVG = "http://www.w3.org/2000/svg";

export class Menu {
  /** `heard`: turn(slugs), close(), choose(thing, opener), bounds(). */
  constructor({ registry, words, button, heard }) {
    Object.assign(this, { registry, words, button, heard, listed: null, stepping: false, rows: new Map() });
    this.box = el("section", { class: "float layers", role: "dialog", "aria-label": words.t("layers"), hidden: true });
    this.box.append(this.head(), el("div", { class: "groups" }, Object.keys(GROUPS).map((name) => this.group(name))), this.foot());
    find(".map .tools").after(this.box);
  }

  head() {
    return el("div", { class: "row" }, el("h2", {}, this.words.t("layers")), el("button", { class: "x push", type: "button", "aria-label": this.words.t("layers.close"), onclick: () => this.heard.close() }, icon(ICONS.close)));
  }

  foot() {
    this.off = el("button", { class: "btn bare", type: "button", onclick: () => this.heard.turn([]) }, this.words.t("layers.off"));
    this.note = el("p", { class: "cap dim" }, this.words.t("layers.note"));
    return el("div", { class: "foot" }, this.note, this.off);
  }

  group(name) {
    const found = this.registry.layers.filter(({ slug }) => group_of(slug) === name);
    return found.length ? el("fieldset", {}, el("legend", {}, this.words.t(`layers.group.${name}`)), found.map((layer) => this.row(layer))) : null;
  }

  row({ slug, held }) {
    const { words } = this;
    const box = el("input", { type: "checkbox", value: slug, disabled: !held.placed, onchange: () => this.turned() });
    const list = el("button", { class: "btn bare list", type: "button", "aria-expanded": "false", hidden: true, onclick: () => this.list(slug) }, words.t("layers.list"));
    const rows = el("div", { class: "in-view", hidden: true });
    const unplaced = held.rows - held.placed;
    const label = el("label", { class: held.placed ? null : "none" }, box, swatch(slug), el("span", {}, this.registry.named(slug)), el("span", { class: "num", title: unplaced ? words.t("layers.unplaced", { n: words.n(unplaced) }) : null }, held.rows ? words.n(held.rows) : words.t("layers.none")));
    this.rows.set(slug, { box, list, rows });
    return el("div", { class: "layer" }, label, list, rows);
  }

  turned() {
    this.heard.turn([...this.rows].filter(([, { box }]) => box.checked).map(([slug]) => slug));
  }

  /** Show which layers are on. */
  draw(on) {
    const slugs = new Set(on.map(({ slug }) => slug));
    for (const [slug, { box, list }] of this.rows) {
      box.checked = slugs.has(slug);
      list.hidden = !box.checked;
      if (!box.checked && this.listed === slug) this.list(slug);
    }
    this.off.hidden = !on.length;
  }

  get is_open() {
    return !this.box.hidden;
  }

  open() {
    this.box.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.box.querySelector("input:enabled")?.focus();
    this.moved();
  }

  close() {
    this.box.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    this.button.focus();
  }

  /** Pixels at the right of the map that the menu stands on. */
  taken() {
    const map = find(".map");
    return this.box.hidden || getComputedStyle(this.box).position === "fixed" ? 0 : map.clientWidth - this.box.offsetLeft;
  }

  // -- what is in view ----------------------------------------------------------------------------------------------
  list(slug) {
    const before = this.listed;
    this.listed = before === slug ? null : slug;
    for (const one of [before, slug].filter(Boolean)) {
      const { list, rows } = this.rows.get(one), is_open = this.listed === one;
      list.setAttribute("aria-expanded", String(is_open));
      rows.hidden = !is_open;
    }
    this.moved();
  }

  /** The map has moved: what is listed is read anew. */
  async moved() {
    const slug = this.listed, number = (this.asked = (this.asked ?? 0) + 1);
    if (!slug || !this.is_open) return;
    const { words, registry } = this, { rows } = this.rows.get(slug);
    try {
      const found = await registry.within(slug, this.heard.bounds(), LISTED);
      if (number !== this.asked || this.stepping || rows.contains(document.activeElement)) return; // whoever steps through a list keeps it
      const item = (row) => {
        const button = el("button", { type: "button", onclick: () => { this.stepping = true; this.heard.choose({ slug, id: row.id, name: row.properties.name }, button); } }, registry.title(slug, row));
        return el("li", {}, button);
      };
      rows.replaceChildren(found.rows.length ? el("ul", {}, found.rows.map(item)) : el("p", { class: "cap dim" }, words.t("layers.list.none")), found.more ? el("p", { class: "cap dim" }, words.t("layers.list.more", { n: words.n(LISTED) })) : "");
    } catch (error) {
      rows.replaceChildren(el("p", { class: "cap bad", role: "alert" }, words.t("error.values", { reason: error.message })));
    }
  }
}

/** A mark, or ground, as the map has it. */
export function swatch(slug) {
  const { shape, colour, area } = look(slug);
  const svg = svg_of("svg", { viewBox: "-9 -9 18 18", class: `mark${area ? ` area ${area}` : ""}`, "aria-hidden": "true" });
  if (area) {
    const lines = area === "thin" ? "M-8 0 0-8M-8 8 8-8M0 8 8 0" : "M-8 0 0 8M-8-8 8 8";
    svg.append(svg_of("path", { d: "M-7.5-7.5H7.5V7.5H-7.5Z", fill: colour, "fill-opacity": ".09", stroke: colour, "stroke-width": area === "thin" ? "1.3" : "2.2" }), svg_of("path", { d: lines, stroke: colour, "stroke-opacity": area === "thin" ? ".5" : ".7", fill: "none" }));
  } else svg.append(svg_of("path", { d: SHAPES[shape], fill: colour, "fill-rule": "evenodd" }));
  return svg;
}

function svg_of(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
