// The staffing matrix of the place that is shown: lines by full and part time, read when it is opened.
import { el } from "./dom.js";
import { staffing } from "./live.js";

const TIMES = ["full", "part"];

/** A part of the panel that unfolds into the matrix of a place. */
export function matrix({ boot, words, place }) {
  const box = el("div", {});
  const open = async (event) => {
    if (!event.target.open || box.childElementCount) return;
    try {
      box.replaceChildren(...parts(await staffing(boot, place.code), words));
    } catch (error) {
      box.replaceChildren(el("p", { class: "empty", role: "alert" }, words.t("error.values", { reason: error.message })));
    }
  };
  return el("details", { class: "matrix", ontoggle: open }, el("summary", {}, words.t("matrix.title")), box);
}

function parts({ lines, grids, unrecorded }, words) {
  const sum = (time, k) => lines.reduce((total, line) => total + line[time][k], 0);
  const total = { zh: words.t("matrix.total"), en: words.t("matrix.total"), ...Object.fromEntries(TIMES.map((time) => [time, [sum(time, 0), sum(time, 1)]])) };
  const heads = [words.t("matrix.line"), ...TIMES.map((time) => words.t(`matrix.${time}`)), words.t("matrix.vacant")];
  const table = el("table", { class: "tbl tight" },
    el("thead", {}, el("tr", {}, heads.map((text, k) => el("th", { class: k ? "num" : null }, text)))),
    el("tbody", {}, lines.map((line) => row(line, words))), el("tfoot", {}, row(total, words)));
  return [table, unrecorded ? el("p", { class: "cap dim" }, words.t("matrix.unrecorded", { n: words.n(unrecorded), all: words.n(grids) })) : null].filter(Boolean);
}

function row(line, words) {
  const vacant = TIMES.reduce((sum, time) => sum + line[time][1] - line[time][0], 0);
  const cells = TIMES.map((time) => (line[time][1] ? `${words.n(line[time][0])} / ${words.n(line[time][1])}` : "–"));
  return el("tr", {}, el("td", {}, words.pick([line.zh, line.en])), cells.map((text) => el("td", { class: "num" }, text)), el("td", { class: "num strong" }, words.n(vacant)));
}
