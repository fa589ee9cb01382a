// The layers menu and what is on: one state (the address), and four views of it: menu, map, legend, card.
import { el, find, say } from "./dom.js";
import { Card } from "./layers-card.js";
import { legend } from "./layers-legend.js";
import { Menu } from "./layers-menu.js";
import { look } from "./marks.js";
import { Registry } from "./registry.js";

const EDGE_PX = 40; // nearer to the map's edge a place counts as out of sight
const NEARER = 2; // zooms that a click on rows counted together goes in, at least

export class Layers {
  /** `page` as layers_door has it, with the legends' elements and the button that opens the menu. */
  constructor({ map, boot, words, state, atlas, legends, button }) {
    Object.assign(this, { map, boot, words, state, atlas, legends, button, pointed: {} });
  }

  /** This, once the registry and the style sheet are here. */
  async begin() {
    const { words } = this;
    [this.registry] = await Promise.all([Registry.read(words), styled()]);
    this.menu = new Menu({ ...this, heard: {
      turn: (slugs) => this.turn(slugs), close: () => this.close(), choose: (thing, opener) => this.choose([thing], null, opener), bounds: () => this.map.getBounds(),
    } });
    this.card = new Card({ ...this, heard: {
      close: () => this.drop(true), shown: (thing, row) => this.shown(thing, row), to: (thing, opener) => this.choose([thing], null, opener), taken: () => this.menu.taken(),
    } });
    this.hint = el("div", { class: "float hint-name", "aria-hidden": "true", hidden: true });
    find(".map").append(this.hint);
    this.atlas.things = this;
    this.state.on((changed) => this.changed(changed));
    this.map.on("moveend zoomend", () => { this.card.place(); this.tell(); });
    document.addEventListener("keydown", (event) => this.key(event), true);
    this.draw();
    const [slug, id] = (this.state.get("thing") ?? "").split("/");
    if (this.registry.of(slug) && Number(id)) this.choose([{ slug, id: Number(id) }], null);
    return this;
  }

  // -- what is on ---------------------------------------------------------------------------------------------------
  /** Layers that are on, in the order of the menu. */
  get on() {
    const asked = new Set((this.state.get("layers") ?? "").split(","));
    return this.registry.layers.filter(({ slug }) => asked.has(slug));
  }

  turn(slugs) {
    this.state.set({ layers: slugs.join(",") || null });
  }

  changed(changed) {
    if (changed.has("layers")) this.draw();
    if (changed.has("chosen") && this.state.get("chosen")) this.drop();
  }

  draw() {
    const { on } = this;
    const slugs = new Set(on.map(({ slug }) => slug));
    if (this.were?.has(this.card.thing?.slug) && !slugs.has(this.card.thing.slug)) this.drop(); // a thing of a layer just turned off
    this.were = slugs;
    this.atlas.tiles.overlay(on.map(({ slug, tiles }) => ({ slug, address: tiles.address, each_from: tiles.each_from, ...look(slug) })));
    this.menu.draw(on);
    this.button.toggleAttribute("data-on", on.length > 0);
    this.tell();
    this.atlas.labels.redraw();
  }

  /** What legend and menu say of this zoom. */
  tell() {
    const far = Math.round(this.map.getZoom());
    for (const box of this.legends) box.replaceChildren(...legend({ on: this.on, zoom: far, past: this.boot.edition?.number !== this.boot.current, words: this.words }));
    this.menu.moved();
  }

  // -- the menu -----------------------------------------------------------------------------------------------------
  toggle() {
    if (this.menu.is_open) this.close();
    else this.menu.open();
  }

  close() {
    this.menu.close();
  }

  key(event) {
    if (event.key !== "Escape" || document.querySelector("dialog[open]") || event.target.closest("select, textarea, input:not([type=checkbox]), .when-drop")) return;
    if (this.card.thing) this.drop(true);
    else if (this.menu.is_open) this.close();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  // -- what is pointed at and chosen --------------------------------------------------------------------------------
  over(things, at) {
    const [first] = things;
    const named = first && { slug: first.slug, id: first.id };
    this.hint.hidden = !first;
    this.map.getContainer().classList.toggle("on-thing", Boolean(first));
    if (first) {
      this.hint.textContent = this.registry.hint(first, things.filter((one) => !one.ground).length);
      const { x, y } = this.map.latLngToContainerPoint(at);
      Object.assign(this.hint.style, { left: `${Math.min(x + 14, this.map.getSize().x - 200)}px`, top: `${y + 16}px` });
    }
    if (named?.slug === this.pointed.slug && named?.id === this.pointed.id) return;
    this.pointed = named?.id ? named : {};
    this.ring();
  }

  ring() {
    this.atlas.tiles.ring(this.pointed, this.card.thing ?? {});
  }

  /** Open the card of what lies in one place, or go nearer to what is counted together there. */
  choose(things, at, opener = null) {
    const [first] = things;
    if (first.count) {
      this.drop();
      const wanted = Math.max(Math.ceil(this.map.getZoom()) + NEARER, this.map.getZoom() + 1);
      this.map.setView(first.latlng, Math.min(wanted, this.map.getMaxZoom()));
      say(this.words.t("layers.nearer", { n: this.words.n(first.count), name: this.registry.named(first.slug) }));
      return;
    }
    this.atlas.heard.choose(0); // a page has one choice at a time
    this.card.open(things.filter((one) => !one.count), at, opener);
  }

  /** The card shows a row: it is ringed, brought into view, and the address holds it. */
  shown(thing, row) {
    this.state.set({ thing: `${thing.slug}/${thing.id}` });
    this.ring();
    if (row) this.bring(row.at);
  }

  /** Move the map only where a place is not seen yet, or the menu, or on a narrow screen the card, stands on it. */
  bring(at) {
    const size = this.map.getSize(), { x, y } = this.map.latLngToContainerPoint(at), right = size.x - this.menu.taken();
    const low = matchMedia("(max-width: 700px)").matches ? size.y - this.card.box.offsetHeight - EDGE_PX / 2 : size.y;
    const is_seen = x > EDGE_PX && x < right - EDGE_PX && y > EDGE_PX && y < low - EDGE_PX;
    if (!is_seen) this.map.panBy([x - right / 2, y - low / 2]);
  }

  drop(with_focus = false) {
    if (!this.card.thing) return;
    this.card.close(with_focus ? this.button : null);
    this.menu.stepping = false;
    this.state.set({ thing: null });
    this.ring();
  }
}

/** Once the menu's own sheet is here. */
function styled() {
  return new Promise((done, failed) => {
    document.head.append(el("link", { rel: "stylesheet", href: "/static/css/layers.css", onload: done, onerror: () => failed(new Error("layers.css")) }));
  });
}
