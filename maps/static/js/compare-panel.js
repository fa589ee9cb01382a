// The panel of the compare page: which two, the slider through the editions, and what differs, each with its place.
import { metrics } from "./compare-metrics.js";
import { el, find } from "./dom.js";
import { keeping_focus } from "./focus.js";
import { named } from "./when.js";

const MOST = 500; // lines of what differs; more are counted
const STEP_MS = 1600;
const FIRST_DAY = "1900-01-01"; // what is earlier is a year half typed
const CHIPS = { appeared: "good", retired: "bad", changed: "info" };

export class ComparePanel {
  /** heard: pick(k, name), swap(), slide(number), choose(code). `editions` oldest first. */
  constructor({ words, editions, heard }) {
    Object.assign(this, { words, editions, heard, playing: null });
    this.body = find(".panel .scroll");
    this.picks = el("div", { class: "sec lead compare-head" });
    this.coming = el("div", { class: "sec", hidden: true });
    this.told = el("div", { "aria-live": "polite" });
    this.body.replaceChildren(this.picks, this.coming, ...[this.slider()].filter(Boolean), this.told);
  }

  /** `sides` = two names, `plans` those that can be chosen beside the editions. */
  pick(sides, plans) {
    const { words } = this;
    const edition = (one) => el("option", { value: `e${one.number}` }, `${words.t("edition", { n: one.number })} · ${words.date(one.effective_at)}${one.summary ? ` · ${one.summary}` : ""}`);
    const plan = (one) => el("option", { value: `p${one.id}` }, `${one.name} · ${words.t(`compare.state.${one.state}`)}`);
    this.picks.childElementCount || this.picks.replaceChildren(el("div", { class: "row" }, el("h1", {}, words.t("page.compare")), el("button", { class: "btn push", type: "button", id: "swap", onclick: this.heard.swap }, words.t("compare.swap"))), this.chooser(0), this.chooser(1));
    for (const k of [0, 1]) {
      const [select, date] = [`#side-${k}`, `#day-${k}`].map(find), day = /^\d{4}-/.test(sides[k]) ? sides[k] : "";
      select.replaceChildren(el("optgroup", { label: words.t("compare.editions") }, [...this.editions].reverse().map(edition)), plans.length ? el("optgroup", { label: words.t("compare.plans") }, plans.map(plan)) : "");
      if (day) select.prepend(el("option", { value: day }, words.t("compare.day.of", { date: day })));
      select.value = sides[k];
      if (date.value !== day.slice(0, 10)) date.value = day.slice(0, 10); // else it is being typed
    }
  }

  /** A side's two fields, which stay while one is typed in: a year of four figures is a date from the first of them on. */
  chooser(k) {
    const { words } = this;
    const select = el("select", { id: `side-${k}`, onchange: ({ target }) => this.heard.pick(k, target.value) });
    const date = el("input", { type: "date", id: `day-${k}`, "aria-label": words.t(k ? "compare.day.right" : "compare.day.left"), onchange: ({ target }) => target.value >= FIRST_DAY && this.heard.pick(k, target.value) });
    return el("div", { class: "row chooser" }, el("label", { class: "asked" }, words.t(k ? "compare.right" : "compare.left"), select), el("label", { class: "asked day" }, words.t("compare.day"), date));
  }

  /** Through the editions: each beside the one before it. */
  slider() {
    if (this.editions.length < 2) return null;
    const { words } = this;
    this.range = el("input", { type: "range", id: "slide", min: "1", max: String(this.editions.length - 1), step: "1", "aria-label": words.t("compare.slide"), oninput: () => { this.stop(); this.slid(); } });
    this.button = el("button", { class: "btn", type: "button", id: "play", onclick: () => (this.playing ? this.stop() : this.play()) }, words.t("compare.play"));
    const [first, last] = [this.editions[0], this.editions.at(-1)].map((one) => words.date(one.effective_at));
    return el("div", { class: "sec slide" }, el("div", { class: "row" }, el("h2", {}, words.t("compare.slide")), el("span", { class: "push" }, this.button)), this.range, el("div", { class: "row cap dim" }, el("span", {}, first), el("span", { class: "push" }, last)));
  }

  /** What sides of days to come rest on: the answers of both, null for what is no forecast. */
  foretold(both) {
    const { words } = this;
    const said = (told, k) => {
      const rests = told.plans.length ? [words.t("compare.rests", { side: "AB"[k] }), ...named(told.plans, words)] : [words.t("compare.rests.none", { side: "AB"[k], n: told.number })];
      return el("p", { class: "cap" }, el("span", { class: "chip warn" }, words.t("forecast")), " ", rests, told.omitted?.length ? [words.t("forecast.omitted"), ...named(told.omitted, words)] : null);
    };
    this.coming.replaceChildren(...both.map((told, k) => told && said(told, k)).filter(Boolean));
    this.coming.hidden = !this.coming.childElementCount;
  }

  slid() {
    this.heard.slide(Number(this.range.value));
  }

  play() {
    this.button.textContent = this.words.t("compare.stop");
    if (Number(this.range.value) >= this.editions.length - 1) this.range.value = "0";
    const step = () => {
      if (Number(this.range.value) >= this.editions.length - 1) { this.stop(); return; }
      this.range.value = String(Number(this.range.value) + 1);
      this.slid();
      this.playing = setTimeout(step, STEP_MS);
    };
    this.playing = setTimeout(step, 0);
  }

  stop() {
    clearTimeout(this.playing);
    this.playing = null;
    this.button.textContent = this.words.t("compare.play");
  }

  /** Where the slider stands: the place of the later edition, when the two follow one another. */
  at(place) {
    if (this.range && place > 0) this.range.value = String(place);
  }

  wait() {
    this.told.replaceChildren(el("div", { class: "sec", "aria-label": this.words.t("loading") }, ...[1, 2, 3].map(() => el("i", { class: "skel line" }))));
  }

  fail(error) {
    const { words } = this, is_stale = error.status === 409 && error.plan;
    this.told.replaceChildren(el("div", { class: "empty", role: "alert" }, el("b", {}, words.t("compare.failed")), el("p", {}, is_stale ? words.t("compare.stale") : error.message), is_stale ? el("a", { class: "btn", href: `/maps/planner?plan=${error.plan}` }, words.t("compare.stale.see", { n: error.plan })) : null));
  }

  /** `found` = [{title, rows, moves, noded}], one for editions, one for each plan beside one; `told` = figures of plans, called `titles`. */
  draw(found, chosen, told, titles) {
    const { words } = this;
    keeping_focus(this.told, () => this.told.replaceChildren(...(told ? metrics(told, titles, words, this.heard.choose) : []), ...found.flatMap((one) => this.part(one, found.length > 1, chosen))));
    if (found.every(({ rows }) => !rows.length)) this.told.append(el("div", { class: "empty" }, el("b", {}, words.t("compare.same")), el("p", {}, words.t("compare.same.sub"))));
  }

  part({ title, rows, moves, noded }, is_named, chosen) {
    const { words } = this, count = (what) => rows.filter((one) => one.what === what).length;
    const moved = moves.reduce((sum, one) => sum + one.m2, 0);
    const facts = [["compare.appeared", words.n(count("appeared"))], ["compare.retired", words.n(count("retired"))], ["compare.changed", words.n(count("changed"))], ["compare.moved", words.t("compare.ha", { n: words.n(moved / 1e4, 1) })]];
    return [
      el("div", { class: "sec" }, is_named ? el("h2", {}, title) : null, el("dl", { class: "facts" }, facts.map(([key, text]) => el("div", {}, el("dt", {}, words.t(key)), el("dd", {}, text)))), noded ? el("p", { class: "cap dim" }, words.t("compare.noded", { n: words.n(noded) })) : null),
      rows.length ? el("ol", { class: "differs", "aria-label": `${words.t("compare.list")}${is_named ? ` ${title}` : ""}` }, rows.slice(0, MOST).map((one) => el("li", { "data-id": `${title} ${one.code}` }, this.line(one, chosen)))) : null,
      rows.length > MOST ? el("p", { class: "cap dim sec" }, words.t("compare.more", { n: words.n(rows.length - MOST) })) : null,
    ].filter(Boolean);
  }

  line({ code, what, was, now, moved }, chosen) {
    const { words } = this, name = (one) => (one?.name ? one.name : words.t("compare.unnamed"));
    const text = what === "changed" && was && now && was.name !== now.name ? `${name(was)} → ${name(now)}` : name(now ?? was);
    const more = what !== "changed" ? "" : was && now && was.parent !== now.parent ? words.t("compare.parent") : moved ? words.t("compare.border") : "";
    return el("button", { type: "button", class: "differ", "aria-pressed": String(code === chosen), onclick: () => this.heard.choose(code) }, el("span", { class: `chip ${CHIPS[what]}` }, words.t(`compare.${what}`)), el("span", { class: "clip" }, text, more ? el("small", { class: "dim" }, ` ${more}`) : null), el("span", { class: "code" }, code));
  }
}
