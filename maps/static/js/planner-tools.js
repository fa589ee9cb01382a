// The tools: which there are, what each waits for next, and the change that comes of it.
import { el, find, icon } from "./dom.js";
import { keeping_focus } from "./focus.js";
import { halfway, sampled } from "./planner-geometry.js";
import { lies_in } from "./polygons.js";

const ICON = {
  split: "M2.500 3h11v10h-11zM9.500 3l-3 10", merge: "M2.500 3h11v10h-11zM5 8h6M8.500 5.500 11 8l-2.500 2.500", transfer: "M2.500 8h11M10 4.500 13.500 8 10 11.500",
  border: "M2 12 5.500 6l4 3.500L14 4M5.500 6h.01M9.500 9.500h.01", dedicated: "M4 14V2.500h5V14M9 6.500h3.500V14M2.500 14h11M6.500 5.500h.01M6.500 8.500h.01M6.500 11.500h.01",
  vertices: "M3.500 12.500 8 4l4.500 8.500M2.500 11.500h2v2h-2zM7 3h2v2H7zM11.500 11.500h2v2h-2z", undo: "M6 3 2.500 6.500 6 10M3 6.500h6.500a3.500 3.500 0 0 1 0 7H7", redo: "m10 3 3.500 3.500L10 10M13 6.500H6.500a3.500 3.500 0 0 0 0 7H9",
};

/** By tool: how many grids it wants chosen, and the shape that is drawn. */
export const TOOLS = {
  split: { grids: [0, 1], shape: "Line" }, merge: { grids: [2, 20] }, transfer: { grids: [1, 1], shape: "Polygon" },
  border: { grids: [2, 2], shape: "Line" }, dedicated: { grids: [0, 0], shape: "Polygon" }, vertices: { grids: [1, 3] },
};
export const KEYS = { s: "split", m: "merge", t: "transfer", b: "border", d: "dedicated", v: "vertices" };

/** The grids a place [lng, lat] lies in. */
const at = (features, [lng, lat]) => features.find((one) => lies_in({ lng, lat }, one.geometry))?.properties.code;

/** The grid that a line is meant to cut: the one most of it lies in. */
export function meant(features, line) {
  const counts = new Map();
  for (const place of sampled(line)) {
    const code = at(features, place);
    if (code) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? at(features, halfway(line));
}

const NUMERALS = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
const ORDINAL = /^(.*第)([一二三四五六七八九十]+)(网格)$/;

/** A number up to 99 in Chinese. */
export const numeral = (n) => `${n > 19 ? NUMERALS[Math.floor(n / 10)] : ""}${n > 9 ? "十" : ""}${NUMERALS[n % 10]}`;

/** Names of two pieces where grids are counted, 第一网格, 第二网格: the new one is called by the next number. */
function names_of(features, code) {
  const parent = features.find((one) => one.properties.code === code)?.properties.parent;
  const counted = features.filter((one) => one.properties.parent === parent).map((one) => ORDINAL.exec(one.properties.name)).filter(Boolean);
  if (!counted.length) return {};
  const most = Math.max(...counted.map(([, , text]) => Array.from({ length: 99 }, (_, k) => k + 1).find((n) => numeral(n) === text) ?? 0));
  return { names: ["", `${counted[0][1]}${numeral(most + 1)}${counted[0][3]}`] };
}

/** The change that a drawing makes with a tool; null where the tool makes none of a drawing. */
export function change_of(tool, geometry, codes, features, told = {}) {
  if (tool === "split") {
    const code = codes[0] ?? meant(features, geometry.coordinates);
    return { kind: "split", code, line: geometry, ...names_of(features, code) };
  }
  if (tool === "transfer") return { kind: "transfer", drawn: geometry, to: codes[0] };
  if (tool === "border") return { kind: "move_border", a: codes[0], b: codes[1], line: geometry };
  if (tool === "dedicated") return { kind: "cut_dedicated", drawn: geometry, name: told.name, ...(told.code ? { code: told.code } : {}) };
  return null;
}

const NARROW = matchMedia("(max-width: 700px)");

export class Tools {
  /** heard: tool(name or null), undo(), redo(), pick(code), merge(), typed(), finish(), back(), cancel(). */
  constructor({ words, snapping, heard }) {
    Object.assign(this, { words, snapping, heard });
    const button = (name, act, label, key) => el("button", { class: "btn", type: "button", "aria-label": label, title: `${label} ${key}`, onclick: act }, icon(ICON[name]), el("span", {}, label));
    this.buttons = new Map(Object.keys(TOOLS).map((name) => [name, button(name, () => heard.tool(name), words.t(`plan.tool.${name}`), Object.keys(KEYS).find((key) => KEYS[key] === name).toUpperCase())]));
    this.undo = el("button", { class: "btn icon", type: "button", "aria-label": words.t("plan.undo"), title: `${words.t("plan.undo")} Ctrl+Z`, onclick: heard.undo }, icon(ICON.undo));
    this.redo = el("button", { class: "btn icon", type: "button", "aria-label": words.t("plan.redo"), title: `${words.t("plan.redo")} Ctrl+Shift+Z`, onclick: heard.redo }, icon(ICON.redo));
    this.bar = el("div", { class: "float plan-tools", role: "toolbar", "aria-label": words.t("plan.tools"), hidden: true }, ...this.buttons.values(), el("hr"), this.undo, this.redo, el("hr"), snapping.button);
    this.step = el("div", { class: "float plan-step", role: "status", hidden: true });
    find(".map").append(this.bar, this.step);
  }

  /** `view` = {tool, codes, names (code → text), features, points, drawing, can_draw, undo, redo, fault}. */
  draw(view) {
    const { words, snapping } = this, draws = view.tool && view.tool !== "merge", beside = NARROW.matches; // where the bar has no room for the switch
    this.bar.hidden = !view.can_draw;
    snapping.tell();
    if (beside === this.bar.contains(snapping.button)) beside ? snapping.button.remove() : this.bar.append(snapping.button);
    for (const [name, button] of this.buttons) button.setAttribute("aria-pressed", String(name === view.tool));
    this.undo.disabled = !view.undo;
    this.redo.disabled = !view.redo;
    this.step.hidden = !this.is_shown(view);
    if (this.step.hidden) { this.told = null; return; }
    const told = JSON.stringify([view.tool, view.codes, view.points, view.drawing, view.fault?.message, view.features.map((one) => one.properties.code), view.locked, beside]);
    if (told === this.told) return; // the list that is open stays open
    this.told = told;
    const [, most] = TOOLS[view.tool]?.grids ?? [], fault = view.fault && el("p", { class: "fault", role: "alert" }, words.t("plan.refused", { reason: view.fault.message }));
    const parts = view.tool ? [el("p", {}, el("b", {}, words.t(`plan.tool.${view.tool}`)), " ", words.t(this.next(view))), most ? this.chooser(view) : null, this.chosen(view), beside && draws ? snapping.button : null, this.acts(view), fault] : [this.chosen(view), this.of_grid(view), fault];
    keeping_focus(this.step, () => this.step.replaceChildren(...parts.filter(Boolean)));
  }

  is_shown({ tool, codes, can_draw }) {
    return Boolean(tool || codes.length) && can_draw;
  }

  /** Whether a refusal is told beside the tools. */
  get is_telling() {
    return !this.step.hidden;
  }

  /** What is to be done next. */
  next({ tool, codes, drawing, points }) {
    if (tool === "vertices") return codes.length ? "plan.step.drag" : "plan.step.choose";
    if (tool === "merge") return codes.length < 2 ? "plan.step.merge" : "plan.step.merge.go";
    if (!drawing) return tool === "border" ? "plan.step.two" : "plan.step.receiver";
    return points ? "plan.step.more" : `plan.step.draw.${tool}`;
  }

  /** Grids by name, for whoever does not point at the map. */
  chooser({ features, codes, names }) {
    const { words } = this;
    const rows = features.filter((one) => !codes.includes(one.properties.code)).map(({ properties: { code } }) => [code, names(code)]).sort((a, b) => a[0].localeCompare(b[0]));
    return el("select", { "aria-label": words.t("plan.choose"), onchange: (event) => this.heard.pick(event.target.value) }, el("option", { value: "" }, words.t("plan.choose")), rows.map(([code, name]) => el("option", { value: code }, name.endsWith(code.slice(-3)) ? name : `${name} ${code.slice(-3)}`)));
  }

  chosen({ codes, names }) {
    if (!codes.length) return null;
    return el("span", { class: "row wrap picked" }, codes.map((code) => el("button", { class: "chip info", type: "button", "aria-label": this.words.t("plan.unchoose", { name: names(code) }), onclick: () => this.heard.pick(code) }, names(code), " ×")));
  }

  /** What can be done with a grid that is chosen without a tool. */
  of_grid({ locked, codes }) {
    const button = (key, name) => el("button", { class: "btn", type: "button", onclick: () => this.heard.grid(name, codes[0]) }, this.words.t(key));
    return el("span", { class: "row acts" }, button("plan.rename", "rename"), button(locked ? "plan.unlock" : "plan.lock", locked ? "unlock" : "lock"), button("plan.dissolve", "dissolve"));
  }

  acts({ tool, codes, drawing, points }) {
    const { words, heard } = this, button = (key, act, kind = "") => el("button", { class: `btn ${kind}`, type: "button", onclick: act }, words.t(key));
    const least = TOOLS[tool].shape === "Line" ? 2 : 3;
    return el("span", { class: "row acts" },
      tool === "merge" && codes.length > 1 ? button("plan.act.merge", heard.merge, "main") : null,
      drawing && points >= least ? button("plan.act.finish", heard.finish, "main") : null,
      drawing && points ? button("plan.act.back", heard.back) : null,
      drawing ? button("plan.act.typed", heard.typed) : null,
      button("plan.cancel", heard.cancel));
  }
}
