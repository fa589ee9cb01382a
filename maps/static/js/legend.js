// The legend: classes with how many areas each holds, patterns last.
import { el, find } from "./dom.js";

const KIND_COLOURS = { comprehensive: "#c4ddd4", dedicated: "#e3b96a" };

/** Fill the legend on the map and its copy in the sheet. */
export function legend(view, words) {
  for (const box of [find(".map .legend"), find(".legend-copy")]) {
    if (!box || (box.classList.contains("legend-copy") && !matchMedia("(max-width: 700px)").matches)) continue;
    box.hidden = false;
    box.replaceChildren(...parts(view, words));
  }
}

function parts({ values, rows, total, level, deepest, zoomed, buildings }, words) {
  const kinds = values.share && level === deepest;
  const head = el("h3", {}, kinds ? words.t("legend.kinds") : words.t(`by.${values.indicator}`), " ", el("span", { class: "en" }, kinds ? "" : unit(values, words)));
  const list = kinds ? kind_rows(rows, words) : class_rows(values, rows, words);
  const patterns = [item(el("i", { class: "hatch-f" }), words.t("kind.fallback"), words.t("unit.km2", { n: words.km2(total.fallback_m2) }))];
  if (buildings) patterns.push(item(el("i", { class: "lg-straddles" }), words.t("building.straddling"), ""));
  const absent = rows.filter((row) => row.class === -1).length;
  if (absent && !kinds) patterns.unshift(item(el("i", { class: "hatch-u" }), words.t("class.absent"), words.n(absent)));
  const notes = [words.t("legend.note", { level: words.level(zoomed.level), n: words.n(rows.length) })];
  if (!values.share) notes.unshift(words.t("legend.note.dark"));
  const note = kinds ? null : el("p", {}, notes.join(words.lang === "en" ? " " : ""));
  const hint = zoomed.wanted === zoomed.level.key ? null : el("p", { class: "hint" }, words.t("legend.zoom", { level: words.level(zoomed.level) }));
  return [head, el("ul", {}, list), el("ul", {}, patterns), hint, note].filter(Boolean);
}

function unit(values, words) {
  return words.t({ "grid-coverage": "legend.share", "incident-density": "legend.density", incidents: "legend.count" }[values.indicator]);
}

function item(swatch, text, count) {
  return el("li", {}, swatch, el("span", {}, text), el("span", {}, count));
}

function kind_rows(rows, words) {
  return Object.entries(KIND_COLOURS).map(([kind, colour]) => item(el("i", { style: { background: colour } }), words.t(`kind.${kind}`), words.n(rows.filter((row) => row.kind === kind).length)));
}

function class_rows(values, rows, words) {
  const list = values.classes.map((one, k) => item(el("i", { style: { background: one.colour } }), class_name(one, values, words), words.n(rows.filter((row) => row.class === k).length)));
  if (!values.share) list.push(item(el("i", { style: { background: NOTHING } }), words.t("class.none"), words.n(rows.filter((row) => row.class === -2).length)));
  return list;
}

export const NOTHING = "#f4f3ef";

/** The words of one class: 80–89.9%, 20–49.9 … with the upper end as the largest value it can hold. */
export function class_name({ lower, upper }, values, words) {
  if (values.share) {
    if (upper === null) return words.t("class.full");
    const from = lower === null ? null : `${words.n(lower * 100)}`, to = words.n(upper * 100 - 0.1, 1);
    return lower === null ? words.t("class.below", { to: `${words.n(upper * 100)}%` }) : `${words.t("class.between", { from, to: upper > 0.999 ? "99.9" : to })}%`;
  }
  const whole = values.indicator === "incidents";
  const small = (upper ?? lower) < 10 && !whole;
  const show = (number) => words.n(number, small && !Number.isInteger(number) ? 1 : 0);
  if (upper === null) return words.t("class.above", { from: show(lower) });
  if (lower === null) return words.t("class.below", { to: show(upper) });
  return words.t("class.between", { from: show(lower), to: whole ? words.n(upper - 1) : words.n(upper - 0.1, 1) });
}

export { KIND_COLOURS };
