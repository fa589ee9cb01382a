// The stretch of a long list that is shown: it grows at either end when asked, and moves to a row that lies elsewhere.
import { el } from "./dom.js";

export class Stretch {
  /** `page` rows at first: a page stays under 500 elements. */
  constructor(page) {
    this.page = page;
    this.reset();
  }

  reset() {
    Object.assign(this, { from: 0, shown: this.page });
  }

  of(rows) {
    return rows.slice(this.from, this.from + this.shown);
  }

  /** Every row, as paper wants them. */
  all() {
    Object.assign(this, { from: 0, shown: Infinity });
  }

  /** Whether the stretch had to move so that row number `at` is in it. */
  reach(at) {
    if (at < 0 || (at >= this.from && at < this.from + this.shown)) return false;
    Object.assign(this, { from: Math.max(0, at - this.page / 2), shown: this.page });
    return true;
  }

  /** The button that shows the rows before (-1) or after (1); null where there are none of `total`. */
  turner(way, total, words, turned) {
    const left = way < 0 ? this.from : total - this.from - this.shown;
    if (left <= 0) return null;
    const n = Math.min(left, this.page * 20);
    const turn = () => {
      if (way < 0) this.from -= n;
      this.shown += n;
      turned();
    };
    return el("button", { class: "btn bare more", type: "button", onclick: turn }, words.t(way < 0 ? "rank.before" : "rank.more", { n }));
  }
}
