// The legend of blind spots: every state with how many buildings have it, patterns and lines last.
import { el, find } from "./dom.js";
import { layered } from "./layers-door.js";
import { CLASSES } from "./spot-areas.js";
import { GRID_CODES, GROUP, SCOPE, UNIT_CODES, filled, pcode } from "./spot-codes.js";

/** Fill the legend on the map and its copy in the sheet. */
export function legend(view, words) {
  const narrow = matchMedia("(max-width: 700px)").matches;
  for (const box of [find(".map .legend"), find(".legend-copy")]) {
    if (!box || box.classList.contains("legend-copy") !== narrow) continue;
    box.hidden = false;
    box.replaceChildren(...parts(view, words), layered(box));
  }
}

const item = (swatch, text, count = "") => el("li", {}, swatch, el("span", {}, text), el("span", {}, count));

function parts(view, words) {
  if (view.areas) return areas(view, words);
  const { by, counts } = view;
  const count = (code) => words.n(counts[code] ?? 0);
  const coded = (by === "grid" ? GRID_CODES : UNIT_CODES).map((code) => item(by === "grid" ? swatch(code) : pcode(code), `${by === "grid" ? `${code} ` : ""}${words.t(`code.${code}`)}`, count(code)));
  const known = by === "grid" ? [item(el("i", { class: "hatch-u" }), words.t("legend.grid.unknown"), count("U"))]
    : [counts.work ? item(el("i", filled("work")), words.t("code.work"), count("work")) : null, item(el("i", filled("covered")), words.t("code.covered"), count("covered")), item(el("i", { class: "hatch-u" }), words.t("legend.unknown"), count("U"))];
  const note = by === "grid" ? words.t("legend.grid.note") : words.t("legend.spots.note");
  return [el("h3", {}, words.t(`legend.${by}`), " ", el("span", { class: "en" }, words.t(`legend.${by}.sub`))), el("ul", {}, coded, known.filter(Boolean)), el("ul", {}, lines(view, words)), el("p", {}, note)];
}

function swatch(code) {
  return code === "G3" ? el("i", { class: "lg-straddles" }) : el("i", filled(code));
}

function lines({ district, group, total, by }, words) {
  const line = (colour, style) => el("i", { class: "lk", style: { borderColor: colour, borderTopStyle: style } });
  return [item(line(SCOPE, "dashed"), district ? words.t("legend.district") : words.t("legend.scope"), words.t(`spots.of.${by}`, { n: words.n(total) })), group ? item(line(GROUP, "dotted"), words.t("spots.joint")) : null].filter(Boolean);
}

function areas({ areas: found, by }, words) {
  const rows = CLASSES.map((one, k) => item(el("i", { style: { background: one.colour } }), words.t(one.key, one), words.n(found.counts[k])));
  const unknown = found.unknown ? [item(el("i", { class: "hatch-u" }), words.t("legend.unknown.only"), words.n(found.unknown))] : [];
  return [el("h3", {}, words.t("legend.areas", { level: words.level(found.level) }), " ", el("span", { class: "en" }, words.t("legend.areas.unit"))), el("ul", {}, rows, unknown), el("p", { class: "hint" }, words.t(`legend.zoom.${by}`)), el("p", {}, words.t("legend.areas.note", { level: words.level(found.level), n: words.n(found.total) }))];
}
