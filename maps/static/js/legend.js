// The legend: classes with how many areas each holds, patterns last.
import { el, find } from "./dom.js";
import { layered } from "./layers-door.js";
import { COLOURS, filled } from "./spot-codes.js";
import { NONE, SCARCE, UNKNOWN } from "./values.js";

export const KIND_COLOURS = { comprehensive: "#c4ddd4", dedicated: "#e3b96a" };
export const NOTHING = "#f4f3ef";

/** Fill the legend on the map and its copy in the sheet. */
export function legend(view, words) {
  for (const box of [find(".map .legend"), find(".legend-copy")]) {
    if (!box || (box.classList.contains("legend-copy") && !matchMedia("(max-width: 700px)").matches)) continue;
    box.hidden = false;
    box.replaceChildren(...parts(view, words), layered(box));
  }
}

function parts(view, words) {
  if (view.inside) return states(view, words);
  const { values, rows, level, deepest, zoomed, said } = view;
  const kinds = values.is_ground && level === deepest;
  const unit = values.about.kind === "share" ? words.t("legend.share") : said.word("one");
  const head = el("h3", {}, kinds ? words.t("legend.kinds") : said.name, " ", el("span", { class: "en" }, kinds ? "" : unit));
  const list = kinds ? kind_rows(rows, words) : class_rows(view, words);
  const hint = zoomed.wanted === zoomed.level.key ? null : el("p", { class: "hint" }, words.t("legend.zoom", { level: words.level(zoomed.level) }));
  return [head, el("ul", {}, list), el("ul", {}, patterns(view, words, kinds)), hint, kinds ? null : note(view, words)].filter(Boolean);
}

/** Of buildings their states, the worst first, with how many of each. */
function states({ states: counts, buildings }, words) {
  const rows = Object.keys(COLOURS).reverse().filter((code) => counts[code]).map((code) => item(el("i", filled(code)), words.t(`code.${code}`), words.n(counts[code])));
  const rest = buildings ? [item(el("i", { class: "lg-straddles" }), words.t("building.straddling"), words.n(counts.G3 ?? 0))] : [];
  return [el("h3", {}, words.t("legend.states")), el("ul", {}, rows), rest.length ? el("ul", {}, rest) : null, el("p", {}, words.t("legend.states.note"))].filter(Boolean);
}

function note({ values, rows, zoomed }, words) {
  const notes = [words.t("legend.note", { level: words.level(zoomed.level), n: words.n(rows.length) })];
  notes.push(words.t(values.about.fixed ? "legend.note.fixed" : "legend.note.fifths"));
  if (values.about.dark === "high") notes.push(words.t("legend.note.dark"));
  return el("p", {}, notes.join(words.lang === "en" ? " " : ""));
}

function patterns({ values, rows, place, buildings, said }, words, kinds) {
  const count = (wanted) => rows.filter((row) => row.class === wanted).length;
  const found = [item(el("i", { class: "hatch-f" }), words.t("kind.fallback"), words.t("unit.km2", { n: words.km2(place.fallback_m2) }))];
  if (buildings) found.push(item(el("i", { class: "lg-straddles" }), words.t("building.straddling"), ""));
  if (kinds) return found;
  const unknown = values.about.words.unknown ? `${said.word("unknown")}${words.t("class.unknown.least", { n: words.percent(values.known_least, 0) })}` : words.t("class.unknown");
  if (values.about.words.unknown || count(UNKNOWN)) found.unshift(item(el("i", { class: "hatch-u" }), unknown, words.n(count(UNKNOWN))));
  if (values.about.least > 1) found.unshift(item(el("i", { class: "dots" }), words.t("class.scarce.least", { n: words.n(values.about.least) }), words.n(count(SCARCE))));
  return found;
}

function item(swatch, text, count) {
  return el("li", {}, swatch, el("span", {}, text), el("span", {}, count));
}

function kind_rows(rows, words) {
  return Object.entries(KIND_COLOURS).map(([kind, colour]) => item(el("i", { style: { background: colour } }), words.t(`kind.${kind}`), words.n(rows.filter((row) => row.kind === kind).length)));
}

function class_rows({ values, rows, said }, words) {
  const count = (wanted) => rows.filter((row) => row.class === wanted).length;
  const list = values.classes.map((one, k) => item(el("i", { style: { background: one.colour } }), said.class_name(one, values.classes), words.n(count(k))));
  if (count(NONE)) list.push(item(el("i", { style: { background: NOTHING } }), words.t("class.none"), words.n(count(NONE))));
  return list;
}
