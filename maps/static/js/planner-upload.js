// A plan from a file that was edited elsewhere: the file is chosen, sent and judged; what is wrong is listed with its place.
import { refusal } from "./answered.js";
import { el, say } from "./dom.js";
import { send } from "./import-doors.js";
import { bar, drop_zone } from "./import-form.js";
import { FILING } from "./planner-doors.js";
import { NOTHING } from "./planner-layer.js";
import { said } from "./planner-said.js";
import { fit } from "./shell.js";

const DATUMS = ["wgs84", "cgcs2000", "gcj02", "bd09"];
const LISTED = 100; // findings shown; the rest is counted
const CLOSE = 0.0006; // degrees around a place that is gone to
const DOOR = "/v1/plans/from-file";
const LOOK_MS = 700; // between two looks at how far it is
const CHIPS = { error: "bad", warning: "warn", info: "info" };

/** Take the place of the form that begins a plan, with words and looks that the page does not carry until then. */
export async function begin_from_file(planner) {
  const { words } = planner;
  if (!words.has("upload.title")) {
    const all = await (await fetch(`/static/locales/${words.lang}.json`)).json();
    words.words = { ...words.words, ...Object.fromEntries(Object.entries(all).filter(([key]) => /^(upload|import)\./.test(key))) };
  }
  if (!document.querySelector("link[href='/static/css/upload.css']")) document.head.append(el("link", { rel: "stylesheet", href: "/static/css/upload.css" }));
  planner.list.other = new Upload(planner);
  planner.list.make(true);
  const begun = localStorage.getItem(FILING);
  if (begun) await planner.list.other.follow(JSON.parse(begun));
}

class Upload {
  constructor(planner) {
    const { list, words, map, boot, lines } = planner;
    Object.assign(this, { list, words, map, boot, lines, open: (id) => planner.open(id), file: null, datum: DATUMS[0], doing: null, findings: [], fault: null, plan: null, same: false, chosen: null });
  }

  draw() {
    this.list.draw();
  }

  /** What the panel holds: the form, how far it is, or what was found. */
  form() {
    if (this.doing) return this.progress();
    return this.findings.length || this.plan || this.same ? this.found() : this.asked();
  }

  asked() {
    const { words, list, boot, file } = this;
    const name = el("input", { name: "name", value: list.name, maxlength: "200", placeholder: file ? stem(file.name) : words.t("plan.name.hint"), autocomplete: "off", oninput: (event) => { list.name = event.target.value; } });
    const datum = el("select", { onchange: (event) => { this.datum = event.target.value; } }, DATUMS.map((one) => el("option", { value: one, selected: one === this.datum || null }, words.t(`import.datum.${one}`))));
    return el("form", { class: "sec plan-new", "aria-label": words.t("upload.title"), onsubmit: (event) => { event.preventDefault(); this.send(); } },
      el("h2", {}, words.t("upload.title")), el("p", { class: "cap dim" }, words.t("upload.about")),
      drop_zone({ words, kind: "boundaries", limit_mb: boot.max_import_mb, take: (taken) => this.take(taken) }),
      file ? el("p", { class: "note" }, el("b", {}, file.name), ` ${words.t("upload.size", { n: words.n(file.size / 1e6, 1) })}`) : null,
      el("label", { class: "asked" }, el("span", {}, words.t("plan.name")), name),
      list.scope_field(words.t("upload.scope")),
      el("label", { class: "asked" }, el("span", {}, words.t("import.field.datum")), datum, el("small", { class: "dim" }, words.t("upload.datum"))),
      this.fault ? el("p", { class: "fault", role: "alert" }, this.fault) : null,
      el("div", { class: "row" }, el("button", { class: "btn", type: "button", onclick: () => this.leave() }, words.t("plan.cancel")), el("button", { class: "btn main grow", type: "submit", disabled: !file }, words.t("upload.send"))));
  }

  take(file) {
    Object.assign(this, { file, fault: null });
    this.draw();
    say(file.name);
  }

  progress() {
    const { words, doing } = this, { share, name, told } = doing;
    const text = told?.ahead ? words.t("import.ahead", { n: words.n(told.ahead) }) : told ? told.step[words.lang === "en" ? "en" : "zh"] : words.t(share < 1 ? "upload.sending" : "upload.judging", { name });
    return el("div", { class: "sec plan-new", role: "status" }, el("h2", {}, words.t("upload.title")), bar(text, share < 1 ? share : null), share < 1 ? null : el("p", { class: "cap dim" }, words.t("upload.leave")), el("div", { class: "row" }, el("button", { class: "btn", type: "button", onclick: doing.abort }, words.t("plan.cancel"))));
  }

  async send() {
    const { list, words } = this, whole = !list.scope || list.scope.code === this.boot.city.code;
    const asked = { name: list.name.trim() || stem(this.file.name), filename: this.file.name, datum: this.datum, ...(whole ? {} : { within: list.scope.code }) };
    const sent = send(this.file, `${DOOR}?${new URLSearchParams(asked)}`, (bytes, total) => { if (this.doing) { this.doing.share = total ? bytes / total : 0; this.draw(); } }, { Prefer: "respond-async" });
    this.doing = { share: 0, name: this.file.name, told: null, abort: sent.abort };
    this.draw();
    try {
      const one = await sent.done;
      localStorage.setItem(FILING, JSON.stringify({ id: one.id, filename: one.filename }));
      await this.follow(one);
    } catch (error) {
      this.failed(error);
    }
  }

  /** Look at how far a file is until there is a plan of it, or it is said why not. */
  async follow({ id, filename }) {
    let left = false;
    this.doing = { share: 1, name: filename, told: null, abort: async () => { left = true; await fetch(`${DOOR}/${id}`, { method: "DELETE" }).catch(() => null); } };
    this.draw();
    try {
      for (;;) {
        const answer = await fetch(`${DOOR}/${id}`), one = await answer.json().catch(() => ({}));
        if (!answer.ok && answer.status !== 404) throw refusal(one, answer.status);
        if (one.state === "judging") {
          this.doing.told = one.progress;
          this.draw();
          await new Promise((later) => setTimeout(later, LOOK_MS));
          continue;
        }
        this.ended(one, left);
        return;
      }
    } catch (error) {
      this.failed(error); // it goes on; who comes back finds it
    }
  }

  ended({ state, plan = null, findings = [], problem = null }, left) {
    const { words } = this;
    localStorage.removeItem(FILING);
    this.doing = null;
    if (!state && !this.file) { this.leave(); return; } // it was begun so long ago that nobody knows of it
    if (state === "committed" && plan && findings.every(({ severity }) => severity === "info")) { this.open(plan); return; }
    if (state === "committed") Object.assign(this, { plan, findings, same: !plan });
    else if (!left && state !== "withdrawn" && state) Object.assign(this, { findings, fault: problem ? said(refusal(problem), words) : words.t("import.cut-off") });
    if (problem) this.show(null, problem.where);
    this.draw();
  }

  failed(error) {
    this.doing = null;
    if (error.name !== "AbortError") Object.assign(this, { findings: error.findings ?? [], fault: said(error, this.words) || this.words.t("import.cut-off") });
    this.draw();
  }

  found() {
    const { words, findings, plan, same } = this, many = (severity) => findings.filter((one) => one.severity === severity).length;
    return el("div", { class: "sec plan-new" }, el("h2", {}, words.t(plan ? "upload.made" : same ? "upload.same.title" : "upload.wrong")),
      el("div", { class: "row wrap" }, Object.entries(CHIPS).filter(([severity]) => many(severity)).map(([severity, kind]) => el("span", { class: `chip ${kind}` }, `${words.t(`import.${severity}`)} ${words.n(many(severity))}`))),
      same ? el("p", { class: "note", role: "status" }, words.t("upload.same")) : plan ? null : el("p", { class: "fault", role: "alert" }, words.t("upload.nothing-kept")),
      el("ul", { class: "found", "aria-label": words.t("upload.findings") }, findings.slice(0, LISTED).map((one, k) => this.row(one, k))),
      findings.length > LISTED ? el("p", { class: "cap dim" }, words.t("upload.more", { n: words.n(findings.length - LISTED) })) : null,
      el("div", { class: "row" }, el("button", { class: `btn ${plan ? "" : "main grow"}`, type: "button", onclick: () => this.again() }, words.t("upload.again")), plan ? el("button", { class: "btn main grow", type: "button", onclick: () => this.open(plan) }, words.t("upload.open")) : null));
  }

  row(one, k) {
    const { words } = this, place = one.lon !== null, where = [one.rows.length ? words.t("import.row", { n: one.rows.map((row) => words.n(row)).join(" · ") }) : "", one.area_m2 ? words.t("import.m2", { n: words.n(one.area_m2, one.area_m2 < 10 ? 2 : 0) }) : "", one.file].filter(Boolean).join(" · ");
    return el("li", { class: one === this.chosen ? "sel" : null, "data-id": `finding-${k}` }, el("span", { class: `chip ${CHIPS[one.severity]}` }, words.t(`import.${one.severity}`)), el("span", {}, one.message[words.lang === "en" ? "en" : "zh"], el("small", { class: "dim" }, where)),
      place ? el("button", { class: "link", type: "button", "aria-pressed": String(one === this.chosen), onclick: () => this.show(one) }, words.t("import.show")) : el("span", { class: "dim cap" }, words.t("import.no-place")));
  }

  /** Every place on the map, and the map at one of them, or at all where none is chosen; `refused` where there are none. */
  show(one, refused = null) {
    this.chosen = one;
    const listed = this.findings.slice(0, LISTED), placed = listed.length ? listed.map(({ where }) => where).filter(Boolean) : [refused].filter(Boolean);
    if (!placed.length) return;
    this.lines.show({ ...NOTHING, place: { geometries: placed.flatMap((where) => where.geometries ?? [where]) }, grave: this.plan || this.same ? "warn" : "error" });
    fit(this.map, bounds(one ? [one.where ?? { type: "Point", coordinates: [one.lon, one.lat] }] : placed), true);
    if (one) { this.draw(); say(one.message[this.words.lang === "en" ? "en" : "zh"]); }
  }

  again() {
    Object.assign(this, { findings: [], fault: null, file: null, plan: null, same: false, chosen: null });
    this.lines.show(null);
    this.draw();
  }

  leave() {
    this.lines.show(null);
    this.list.other = null;
    this.list.make(false);
  }
}

const stem = (name) => name.replace(/\.[^.]+$/, "");

/** West, south, east, north of shapes of any kind, with some ground around them. */
function bounds(shapes) {
  const numbers = shapes.flatMap((shape) => (shape.geometries ?? [shape]).flatMap(({ coordinates }) => coordinates.flat(Infinity)));
  const [lngs, lats] = [0, 1].map((axis) => numbers.filter((_, k) => k % 2 === axis));
  return [Math.min(...lngs) - CLOSE, Math.min(...lats) - CLOSE, Math.max(...lngs) + CLOSE, Math.max(...lats) + CLOSE];
}
