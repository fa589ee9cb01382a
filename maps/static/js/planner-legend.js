// The legend of a plan: which stripes mean which move, and what the lines are.
import { el, find } from "./dom.js";
import { OUTSIDE, striped } from "./planner-colours.js";

const MOST = 6;
const BADGE = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳";

export const badge = (k) => BADGE[k] ?? `${k + 1}`;

/** `moves` are those that are drawn: the plan's own, or those of a proposal that is looked at. */
export function legend({ draft, moves, colours, short, theirs, has_gone, has_drawn, has_cut }, words) {
  const box = find(".map .legend");
  box.hidden = !draft?.drawing;
  if (box.hidden) return;
  const line = (style, key) => el("li", {}, el("i", { class: "lk", style }), el("span", {}, words.t(key)));
  const rows = moves.slice(0, MOST).map((one, k) => el("li", {}, el("i", { style: striped(colours.get(one.was) ?? OUTSIDE, colours.get(one.now) ?? OUTSIDE) }), el("span", {}, `${badge(k)} ${one.was ? short(one.was, one.was_name) : words.t("plan.outside")} → ${one.now ? short(one.now, one.now_name) : words.t("plan.outside")}`)));
  const lines = [has_drawn ? line({ borderTopColor: "#2f4bb8" }, "plan.line.new") : null, has_gone ? line({ borderTopStyle: "dashed", borderTopColor: "#6d7078" }, "plan.line.gone") : null, line({ borderTopColor: "#2b2e35", borderTopWidth: "3px" }, "plan.line.scope"), has_cut ? el("li", {}, el("i", { class: "cut" }), el("span", {}, words.t("plan.line.cut"))) : null, theirs ? line({ borderTopStyle: "dotted", borderTopColor: "#9a5200" }, "plan.line.theirs") : null];
  box.replaceChildren(el("h3", {}, words.t("plan.legend"), words.lang === "en" ? "" : el("span", { class: "en" }, " From → to")), ...(rows.length ? [el("ul", {}, rows)] : []), el("ul", {}, lines.filter(Boolean)), ...(rows.length ? [el("p", {}, words.t("plan.legend.note"))] : []));
}
