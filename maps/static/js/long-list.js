// A list of any length of which only the rows in sight are elements; all rows have one height.
import { el } from "./dom.js";

const SPARE = 6; // rows beyond the edge of what is seen

export class LongList {
  /** `scroller` is what scrolls; `line(item)` makes the element of a row; heard: choose(item), hover(item or null). */
  constructor({ scroller, label, height, line, heard }) {
    Object.assign(this, { scroller, height, line, heard, items: [], places: new Map(), shown: new Map() });
    this.box = el("ul", { class: "long", role: "listbox", "aria-label": label, tabindex: "0", onmouseleave: () => heard.hover(null) });
    scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(scroller);
    window.addEventListener("beforeprint", () => this.draw(true));
    window.addEventListener("afterprint", () => this.draw());
  }

  /** Other rows, each with a key of its own. */
  of(items) {
    this.items = items;
    this.places = new Map(items.map((item, k) => [item.key, k]));
    this.shown.clear();
    this.box.replaceChildren();
    this.box.style.height = `${items.length * this.height}px`;
    this.draw();
  }

  /** The rows in sight, or `all` of them for paper. */
  draw(all = false) {
    if (!this.box.isConnected) return;
    const above = this.scroller.getBoundingClientRect().top - this.box.getBoundingClientRect().top;
    const first = all ? 0 : Math.max(0, Math.floor(above / this.height) - SPARE);
    const last = all ? this.items.length : Math.min(this.items.length, Math.ceil((above + this.scroller.clientHeight) / this.height) + SPARE);
    for (const [key, line] of this.shown) {
      const at = this.places.get(key);
      if (at === undefined || at < first || at >= last) { line.remove(); this.shown.delete(key); }
    }
    for (let k = first; k < last; k++) if (!this.shown.has(this.items[k].key)) this.add(this.items[k], k);
  }

  add(item, k) {
    const line = this.line(item);
    line.setAttribute("role", "option");
    line.setAttribute("id", `row-${item.key}`);
    line.setAttribute("aria-setsize", this.items.length);
    line.setAttribute("aria-posinset", k + 1);
    Object.assign(line.style, { top: `${k * this.height}px`, height: `${this.height}px` });
    line.addEventListener("click", () => this.heard.choose(item));
    line.addEventListener("mouseenter", () => this.heard.hover(item));
    this.shown.set(item.key, line);
    this.box.append(line);
    this.dress(line, item.key);
  }

  dress(line, key) {
    line.classList.toggle("sel", key === this.chosen);
    line.classList.toggle("hover", key === this.hovered);
    line.setAttribute("aria-selected", String(key === this.chosen));
  }

  /** Mark the rows of what is chosen and hovered; `follow` brings the chosen one into sight. */
  mark(chosen, hovered, follow = false) {
    Object.assign(this, { chosen, hovered });
    for (const [key, line] of this.shown) this.dress(line, key);
    chosen && this.places.has(chosen) ? this.box.setAttribute("aria-activedescendant", `row-${chosen}`) : this.box.removeAttribute("aria-activedescendant");
    if (follow && this.places.has(chosen)) this.reach(this.places.get(chosen));
  }

  reach(k) {
    const { scroller, height } = this;
    const top = this.box.getBoundingClientRect().top - scroller.getBoundingClientRect().top + k * height;
    if (top < 40) scroller.scrollTop += top - 40; // under the head that sticks
    else if (top + height > scroller.clientHeight) scroller.scrollTop += top + height - scroller.clientHeight;
    this.draw();
  }
}
