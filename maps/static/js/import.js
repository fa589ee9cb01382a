// The import page: a file is handed in, its columns are declared, it is judged on the map, and taken in. The address holds which.
import { Atlas } from "./atlas.js";
import { place as put_card } from "./card.js";
import { ICONS, el, find, icon, say } from "./dom.js";
import { keeping_focus } from "./focus.js";
import { Language } from "./i18n.js";
import * as doors from "./import-doors.js";
import { became, figures, onward } from "./import-ends.js";
import { Findings, MARKS } from "./import-findings.js";
import { bar, called, drop_zone, form, preview, size } from "./import-form.js";
import { ImportMap } from "./import-map.js";
import { keys } from "./keys.js";
import { shell } from "./shell.js";
import { State } from "./state.js";

const RUNNING = ["uploaded", "reading", "judging", "committing"];
const SOON_MS = 300, LATER_MS = 1500, LOST_MS = 2500;
const CHIPS = { committed: "good", judged: "info", refused: "bad", failed: "bad", interrupted: "warn", withdrawn: "" };

export default function start(map, boot) {
  new Imports(map, boot).begin();
}

class Imports {
  constructor(map, boot) {
    Object.assign(this, { map, boot, words: new Language(boot), one: null, listed: [], upload: null, draft: {}, wrong: "", is_editing: false, drawn: "" });
    this.kind = boot.kinds[0];
    this.wanted = null; // id of the import that is looked at: what comes late of another is not shown
    this.state = new State({ within: boot.city?.code ?? "", view: null, chosen: null });
    this.state.values.within = "";
    this.body = find(".panel .scroll");
    this.foot = find(".panel .foot-bar");
    this.findings = new Findings({ words: this.words, heard: { choose: (row) => this.choose(row) } });
  }

  begin() {
    const { map, boot, words, state } = this;
    document.body.classList.toggle("no-city", !boot.city);
    if (!boot.city) map.setView([35, 105], 4, { animate: false });
    else {
      this.atlas = new Atlas({ map, boot, state, words, grids: () => true, heard: { hover: () => {}, choose: () => this.choose(null), moved: () => this.card(), zoomed: () => {}, labels: () => [] } });
      const deepest = boot.city.levels.length - 1;
      this.atlas.paint({ level: Math.max(1, deepest - 1), levels: boot.city.levels.length, coloured: false, borders: deepest, colours: [], ids: [], classes: [] }, true);
      state.set({ within: "" });
    }
    this.over = new ImportMap({ map, heard: { choose: (number) => this.choose_number(number) } });
    shell({ map, boot, words, state, go: (place) => map.fitBounds([[place.bounds[1], place.bounds[0]], [place.bounds[3], place.bounds[2]]]) });
    keys({ words, step: (by) => this.step(by), enter: () => this.choose(this.findings.chosen), up: () => this.choose(null), names: { rows: "import.keys.rows", enter: "import.keys.enter", up: "import.keys.up" } });
    const id = new URLSearchParams(location.search).get("id");
    id ? this.follow(id) : this.anew();
  }

  // -- which import ---------------------------------------------------------------------------------------------------
  at(id) {
    history.replaceState(null, "", this.state.address({ id, lang: null }));
  }

  async anew() {
    clearTimeout(this.timer);
    Object.assign(this, { one: null, wanted: null, wrong: "", draft: {}, is_editing: false, drawn: "" });
    this.at(null);
    this.over.clear();
    this.choose(null);
    this.render();
    this.listed = await doors.list().catch(() => []);
    if (!this.one) this.render();
  }

  /** See how far an import is, and again until it rests. */
  async follow(id) {
    clearTimeout(this.timer);
    this.wanted = id;
    try {
      const one = await doors.get(id);
      if (this.wanted !== id) return;
      this.lost = false;
      this.take(one);
    } catch (error) {
      if (this.wanted !== id) return;
      if (error.status === 404) { await this.anew(); this.wrong = error.message; this.render(); return; }
      this.lost = true;
      this.render();
      this.timer = setTimeout(() => this.follow(id), LOST_MS);
    }
  }

  take(one) {
    const before = this.one;
    const is_new = before?.id !== one.id, is_moved = is_new || before.state !== one.state || before.changed_at !== one.changed_at;
    Object.assign(this, { one, wanted: one.id, kind: one.kind });
    if (is_new) { this.at(one.id); this.since = Date.now(); }
    if (is_new || one.state === "read" && before.state === "reading") this.draft = { ...proposed(one), ...this.draft_of(one, is_new) };
    if (RUNNING.includes(one.state)) this.timer = setTimeout(() => this.follow(one.id), Date.now() - this.since < 10_000 ? SOON_MS : LATER_MS);
    else this.since = Date.now();
    if (one.state === "committed" && before?.state === "committing") { location.reload(); return; }
    if (is_moved) this.render(); else this.tick();
    if (is_moved && one.judged && !RUNNING.includes(one.state)) this.show_ground(one);
  }

  draft_of(one, is_new) {
    return is_new ? one.mapping : { ...one.mapping, ...this.draft };
  }

  async show_ground(one) {
    const key = `${one.id} ${one.judged.at}`;
    if (this.drawn === key) return;
    this.drawn = key;
    try {
      const overlay = await doors.overlay(one.id);
      const { error, warning } = one.judged.counts;
      const has = this.over.draw(overlay, (number) => (number < error ? "error" : number < error + warning ? "warning" : "info"));
      this.cut = overlay.cut;
      if (has && one.kind === "boundaries") this.over.fit(false); // rows may lie anywhere: the city is what is looked at
      this.legend();
    } catch { /* a withdrawn import has no ground */ }
  }

  // -- what is done ---------------------------------------------------------------------------------------------------
  async send(file) {
    this.wrong = "";
    if (file.size > this.boot.max_import_mb * 1e6) { this.wrong = this.words.t("import.too-large", { name: file.name, mb: this.words.n(file.size / 1e6, 1), most: this.words.n(this.boot.max_import_mb) }); this.render(); return; }
    const sent = doors.hand_in(file, this.kind, (done, total) => { this.upload.share = total ? done / total : null; this.tick(); });
    this.upload = { name: file.name, share: 0, abort: sent.abort };
    this.render();
    try {
      const one = await sent.done;
      this.upload = null;
      this.take(one);
      say(this.words.t("import.say.sent", { name: file.name }));
    } catch (error) {
      this.upload = null;
      if (error.name !== "AbortError") this.wrong = error.message || this.words.t("import.cut-off");
      this.render();
    }
  }

  /** Carry out a step; a refusal is shown where it was asked for. */
  async act(step) {
    const { id } = this.one;
    this.wrong = "";
    try {
      const one = await step();
      if (this.wanted !== id) return;
      this.since = Date.now();
      this.take(one);
    } catch (error) {
      if (this.wanted !== id) return;
      this.wrong = error.message || this.words.t("import.cut-off");
      if (error.status === 409) await this.follow(this.one.id);
      this.render();
    }
  }

  declared() {
    return Object.fromEntries(Object.entries(this.draft).filter(([name, value]) => value && this.one.fields.some((field) => field.name === name)));
  }

  judge() {
    this.is_editing = false;
    this.choose(null);
    this.act(async () => {
      await doors.declare(this.one.id, this.declared());
      return doors.judge(this.one.id);
    });
  }

  changed(name, is_typed) {
    if (is_typed) this.feet(this.open());
    else if (name === "encoding" || name === "layer") this.act(() => doors.declare(this.one.id, this.declared()));
    else this.render();
  }

  publish() {
    const { words, one } = this, box = el("dialog", { class: "help confirm", "aria-label": this.main_words(one) });
    const go = el("button", { class: "btn main", type: "button", onclick: () => { box.close(); this.key ??= crypto.randomUUID(); this.act(() => doors.commit(one.id, this.key)); } }, words.t("import.confirm"));
    box.append(el("h2", {}, this.main_words(one).replace("…", "")), el("p", {}, words.t("import.confirm.about", { name: one.filename })), figures(one, words), el("div", { class: "row ends" }, el("button", { class: "btn push", type: "button", onclick: () => box.close() }, words.t("import.back")), go));
    box.addEventListener("close", () => box.remove());
    document.body.append(box);
    box.showModal();
    go.focus();
  }

  // -- findings on the map --------------------------------------------------------------------------------------------
  choose(finding, stay = false) {
    this.chosen = finding ?? null;
    this.findings.mark(this.chosen);
    this.spot = this.over.choose(this.chosen, { stay });
    this.card();
    if (finding) say(this.said(finding));
  }

  async choose_number(number) {
    const known = this.findings.groups.flatMap((group) => group.rows).find((row) => row.number === number);
    const { one, chosen } = this, told = known ? null : await doors.findings(one.id, { after: number, limit: 1 });
    if (one !== this.one || chosen !== this.chosen) return; // something else is looked at by now
    this.choose(known ?? told.findings[0], true);
  }

  step(by) {
    const next = this.findings.step(by);
    if (next) this.choose(next);
  }

  said(finding) {
    return finding.message[this.words.lang === "en" ? "en" : "zh"];
  }

  card() {
    const box = find(".tip"), { chosen, words } = this;
    box.hidden = !chosen || !this.spot;
    if (box.hidden) return;
    const group = this.findings.groups.find((one) => one.kind === chosen.kind) ?? chosen;
    const kind = { error: "bad", warning: "warn", info: "info" }[chosen.severity];
    const facts = [[words.t("import.card.rows"), (chosen.rows ?? []).join(" · ")], [words.t("tip.code"), (chosen.codes ?? []).filter(Boolean).join(" · ")], ["m²", chosen.area_m2 === null || chosen.area_m2 === undefined ? "" : words.n(chosen.area_m2, 2)], [words.t("import.card.place"), `${chosen.lon.toFixed(6)}, ${chosen.lat.toFixed(6)}`]];
    box.replaceChildren(el("div", { class: "row" }, el("span", { class: `chip ${kind}` }, words.t(`import.${chosen.severity}`)), el("b", {}, this.findings.title(group)), el("button", { class: "x push", type: "button", "aria-label": words.t("tip.close"), onclick: () => this.choose(null) }, icon(ICONS.close))),
      el("p", { class: "said" }, this.said(chosen)), el("dl", {}, facts.filter(([, text]) => text).flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)])));
    put_card(box, this.spot, this.map);
  }

  // -- drawing --------------------------------------------------------------------------------------------------------
  tick() {
    const box = find(".panel .doing");
    if (box) keeping_focus(this.body, () => box.replaceWith(this.doing()));
  }

  doing() {
    const { words } = this;
    if (this.upload) return bar(words.t("import.sending", { name: this.upload.name }), this.upload.share, el("button", { class: "btn bare", type: "button", onclick: this.upload.abort }, words.t("import.stop")));
    const told = this.one.progress;
    if (!told) return bar(words.t(`import.state.${this.one.state}`), null);
    const step = words.lang === "en" ? told.step.en : told.step.zh;
    const counted = told.done ? ` ${words.n(told.done)}${told.total ? ` / ${words.n(told.total)}` : ""}` : "";
    return bar(told.ahead ? words.t("import.ahead", { n: told.ahead }) : `${step}${counted}`, told.total ? told.done / told.total : null);
  }

  /** Which steps are done, open and to come: the open ones by number. */
  open() {
    const { one } = this;
    if (!one || !one.holds) return [1];
    if (this.is_editing || ["read", "failed"].includes(one.state)) return [2];
    if (one.state === "reading") return [2];
    if (["judging", "interrupted", "refused"].includes(one.state)) return [3];
    return one.judged && one.state === "judged" ? [3, 4] : [4];
  }

  render() {
    const top = this.body.scrollTop;
    const open = this.open(), { words } = this;
    const steps = [this.step_file(open), this.step_columns(open), this.step_findings(open), this.step_end(open)];
    keeping_focus(this.body, () => this.body.replaceChildren(...[
      el("div", { class: "sec lead" }, el("div", { class: "row" }, el("h1", {}, words.t("import.title")), this.one ? el("button", { class: "btn bare push", type: "button", onclick: () => this.anew() }, words.t("import.another")) : null), el("p", { class: "dim cap" }, words.t("import.lead"))),
      this.lost ? el("p", { class: "wrong", role: "alert" }, words.t("import.lost")) : null, ...steps, this.one || this.upload ? null : this.recent()].filter(Boolean)));
    this.body.scrollTop = top;
    keeping_focus(this.foot, () => this.feet(open));
    this.table(open);
    this.legend();
  }

  step_of(number, name, open, summary, ...body) {
    const { words } = this, is_open = open.includes(number), is_done = number < Math.min(...open);
    const mark = is_done ? el("span", { class: "no done" }, icon(ICONS.check)) : el("span", { class: "no" }, String(number));
    const title = el("h2", {}, words.t(`import.step.${name}`), words.lang === "en" ? null : el("span", { class: "en" }, ` ${words.t(`import.step.${name}.sub`)}`));
    return el("section", { class: `sec step ${is_open ? "now" : is_done ? "past" : "later"}`, "aria-label": words.t(`import.step.${name}`) }, el("div", { class: "row" }, mark, title), !is_open && is_done && summary ? el("div", { class: "summary" }, summary) : null, is_open ? body : null);
  }

  refusal(text = this.wrong || this.one?.problem?.detail) {
    return text ? el("p", { class: "wrong", role: "alert" }, icon(MARKS.error), text) : null;
  }

  step_file(open) {
    const { words, one, boot } = this;
    const kinds = this.kinds();
    const about = one && [el("span", { class: "chip" }, this.noun(one.kind)), el("span", { class: "file", title: one.filename }, one.filename), el("span", { class: "dim nowrap" }, size(one.bytes, words))];
    const is_busy = this.upload || (one && RUNNING.includes(one.state));
    const body = one && !is_busy ? [el("div", { class: "summary" }, about), this.refusal()]
      : is_busy ? [this.doing()] : [boot.kinds.length > 1 ? kinds : null, drop_zone({ words, kind: this.kind, limit_mb: boot.max_import_mb, take: (file) => this.send(file) }), this.refusal()];
    return this.step_of(1, "file", open, about, ...body);
  }

  /** What can be handed in: the four of old as buttons, the entities in a list beside them. */
  kinds() {
    const { words, boot } = this;
    const take = (kind) => { this.kind = kind; this.render(); };
    const buttons = boot.kinds.filter((kind) => !(kind in boot.nouns)).map((kind) => el("button", { type: "button", "aria-pressed": String(kind === this.kind), onclick: () => take(kind) }, this.noun(kind)));
    const chosen = this.kind in boot.nouns;
    const more = el("select", { id: "noun", class: chosen ? "chosen" : null, "aria-label": words.t("import.kind.more"), onchange: (event) => event.target.value && take(event.target.value) },
      el("option", { value: "", selected: !chosen }, words.t("import.kind.more")), Object.keys(boot.nouns).map((kind) => el("option", { value: kind, selected: kind === this.kind }, this.noun(kind))));
    return el("div", { class: "kinds" }, el("div", { class: "seg wide", role: "group", "aria-label": words.t("import.kind") }, buttons), more);
  }

  noun(kind) {
    return this.boot.nouns[kind]?.[this.words.lang === "en" ? "en" : "zh"] ?? this.words.t(`import.kind.${kind}`);
  }

  step_columns(open) {
    const { words, one, draft } = this;
    if (!one?.holds) return this.step_of(2, "columns", open, null);
    const told = Object.entries(one.mapping).filter(([name]) => ["level", "datum", "code", "reference", "occurred_at"].includes(name));
    const summary = [el("span", {}, told.map(([name, value]) => `${called(this.one.fields.find((field) => field.name === name), words)} ${this.worded(name, value)}`).join(" · ")), this.can_edit() ? el("button", { class: "btn bare", type: "button", onclick: () => { this.is_editing = true; this.render(); } }, words.t("import.change")) : null];
    if (one.state === "reading") return this.step_of(2, "columns", open, summary, this.doing());
    return this.step_of(2, "columns", open, summary, this.refusal(), form({ one, draft, words, changed: (name, is_typed) => this.changed(name, is_typed) }), el("section", { class: "sheet-table only-s" }, preview({ one, draft, words })));
  }

  worded(name, value) {
    const choice = this.one.fields.find((field) => field.name === name)?.choices.find((found) => found.value === value);
    return choice ? choice[this.words.lang === "en" ? "en" : "zh"] : value;
  }

  can_edit() {
    return ["judged", "refused", "interrupted"].includes(this.one.state);
  }

  step_findings(open) {
    const { words, one } = this;
    if (!one || one.state === "withdrawn") return this.step_of(3, "findings", open, null);
    if (one.state === "judging") return this.step_of(3, "findings", open, null, this.doing());
    if (one.state === "interrupted") return this.step_of(3, "findings", open, null, el("p", { class: "note" }, words.t("import.interrupted")), this.refusal());
    if (!one.judged) return this.step_of(3, "findings", open, null);
    const { counts } = one.judged;
    const summary = el("span", {}, ["error", "warning", "info"].map((name) => `${words.t(`import.${name}`)} ${words.n(counts[name])}`).join(" · "));
    const list = open.includes(3) ? this.findings.of(one) : [];
    return this.step_of(3, "findings", open, summary, one.judged.refusal ? this.refusal(one.judged.refusal) : null, this.refusal(), ...list);
  }

  step_end(open) {
    const { words, one } = this;
    if (!one) return this.step_of(4, "end", open, null);
    if (one.state === "committing") return this.step_of(4, "end", open, null, this.doing());
    if (one.state === "withdrawn") return this.step_of(4, "end", [4], null, el("p", { class: "note" }, words.t("import.withdrawn")));
    if (one.state === "committed") {
      const { committed } = one;
      return this.step_of(4, "end", open, null, el("p", { class: "done-line", role: "status" }, icon(MARKS.good), el("b", {}, became(one, words))), figures(one, words), el("p", { class: "cap dim" }, words.t("import.by", { who: committed.actor, at: words.moment(committed.at) })), onward(committed, words));
    }
    return this.step_of(4, "end", open, null, figures(one, words), one.judged?.summary.is_same ? el("p", { class: "note" }, words.t("import.same", { n: one.judged.edition })) : null);
  }

  main_words(one) {
    const { words } = this, hour = one.judged?.summary?.scheduled;
    return hour ? words.t("import.schedule", { date: words.date(hour) }) : one.kind === "boundaries" ? words.t("import.publish", { n: (one.judged?.edition ?? 0) + 1 }) : words.t("import.store");
  }

  /** The one main button, with what keeps it from being pressed. */
  feet(open) {
    const { words, one } = this;
    const rests = one && !RUNNING.includes(one.state) && !["committed", "withdrawn"].includes(one.state);
    this.foot.hidden = !one || !["judging", "reading", "uploaded"].includes(one.state) && !rests;
    if (this.foot.hidden) return;
    const away = el("button", { class: "btn", type: "button", onclick: () => this.act(() => doors.withdraw(one.id)) }, words.t("import.withdraw"));
    const main = !rests ? [null, ""] : open.includes(2) || one.state === "interrupted" ? this.judge_button() : one.judged ? this.publish_button() : [null, ""];
    this.foot.replaceChildren(...[main[1] ? el("p", { class: "cap blocks" }, main[1]) : null, away, main[0]].filter(Boolean));
  }

  judge_button() {
    const { words, one, draft } = this;
    const lacking = one.fields.filter((field) => field.is_needed && !draft[field.name]).map((field) => called(field, words));
    const why = lacking.length ? words.t("import.lacking", { names: lacking.join(words.lang === "en" ? ", " : "、") }) : "";
    return [el("button", { class: "btn main grow", type: "button", disabled: Boolean(why), onclick: () => this.judge() }, words.t(one.judged ? "import.judge-again" : "import.judge")), why];
  }

  publish_button() {
    const { words, one } = this;
    const why = one.judged.counts.error ? words.t(one.kind === "boundaries" ? "import.blocked" : "import.blocked.rows", { n: words.n(one.judged.counts.error) }) : one.judged.refusal ? words.t("import.blocked.refusal") : one.judged.summary.is_same ? words.t("import.blocked.same") : one.state !== "judged" ? words.t("import.blocked.stale") : "";
    return [el("button", { class: "btn main grow", type: "button", disabled: Boolean(why), onclick: () => this.publish() }, this.main_words(one)), why];
  }

  recent() {
    const { words, listed } = this;
    const line = (one) => el("li", {}, el("button", { class: "item", type: "button", onclick: () => this.follow(one.id) },
      el("span", { class: "row" }, el("b", { class: "file" }, one.filename), el("span", { class: `chip push ${CHIPS[one.state] ?? ""}` }, one.state === "committed" && one.committed?.edition && !one.committed.approvals && !one.committed.scheduled && one.kind === "boundaries" ? words.t("edition", { n: one.committed.edition }) : words.t(`import.state.${one.state}`))),
      el("span", { class: "sub dim" }, `${this.noun(one.kind)} · ${size(one.bytes, words)} · ${one.actor} · ${words.moment(one.changed_at)}`)));
    return el("div", { class: "sec flush recent" }, el("div", { class: "row" }, el("h2", {}, words.t("import.recent")), el("span", { class: "push dim cap" }, words.t("import.kept", { n: words.n(this.boot.import_days) }))),
      listed.length ? el("ul", {}, listed.slice(0, 8).map(line)) : el("p", { class: "empty" }, words.t("import.none")));
  }

  /** The first rows, in a drawer over the map while columns are declared. */
  table(open) {
    const { one, draft, words } = this;
    let box = find(".map .drawer");
    const is_shown = open.includes(2) && one?.holds && one.state !== "reading" && !this.is_folded;
    if (!is_shown) { box?.remove(); return; }
    if (!box) { box = el("section", { class: "float drawer", "aria-label": words.t("import.step.columns") }); find(".map").append(box); }
    const left = box.querySelector(".wide")?.scrollLeft ?? 0;
    keeping_focus(box, () => box.replaceChildren(...preview({ one, draft, words, close: () => { this.is_folded = true; this.table(open); } })));
    box.querySelector(".wide").scrollLeft = left;
  }

  legend() {
    const box = find(".map .legend"), { words, one } = this;
    box.hidden = !this.over.layer || Boolean(find(".map .drawer"));
    if (box.hidden) return;
    const line = (mark, name, count) => el("li", {}, mark, el("span", {}, name), el("span", {}, count));
    const counts = one?.judged?.counts ?? {};
    const found = ["error", "warning", "info"].filter((name) => counts[name]).map((name) => line(el("i", { class: `lg-${name}` }), words.t(`import.${name}`), words.n(counts[name])));
    box.replaceChildren(el("h3", {}, words.t("import.on-map")), el("ul", {}, found), el("ul", {}, line(el("i", { class: one?.kind === "boundaries" ? "lk lg-file" : "lg-dot" }), words.t(one?.kind === "boundaries" ? "import.lines.file" : "import.lines.rows"), ""), this.boot.city ? line(el("i", { class: "lk lg-now" }), words.t("import.lines.now", { n: this.boot.edition.number }), "") : null),
      this.cut ? el("p", { class: "hint" }, words.t("import.too-many", { n: words.n(this.cut) })) : el("p", {}, words.t("import.click")));
  }
}

const proposed = (one) => Object.fromEntries(Object.entries(one.guess).map(([name, guess]) => [name, guess.value]));
