// The weights and thresholds of the rule book, and a trial of other weights: the list is ranked again on this page only.
import { el } from "./dom.js";
import { pcode } from "./spot-codes.js";

const WEIGHED = ["P1", "P2", "P3", "P4", "P5"];

/** Open the sheet. `book` is the rule book, `trial` the weights being tried or null; `tried(weights or null)` hears. */
export function weights_sheet({ book, trial, words, tried }) {
  const sheet = el("dialog", { class: "help weights", "aria-label": words.t("weights.title") });
  const given = Object.fromEntries(WEIGHED.map((code) => [code, book.codes[code].weight]));
  const inputs = Object.fromEntries(WEIGHED.map((code) => [code, el("input", { type: "number", min: "0", max: "100", step: "0.05", required: true, value: String((trial ?? given)[code]), "aria-label": words.t("weights.of", { code, name: words.told(book.codes[code]) }) })]));
  const line = (code) => el("tr", {}, el("td", {}, pcode(code)), el("td", {}, words.told(book.codes[code]), el("small", {}, words.lang === "en" ? book.codes[code].meaning_en : book.codes[code].meaning_zh)), el("td", { class: "num dim" }, String(given[code])), el("td", { class: "num" }, inputs[code]));
  const close = () => { sheet.close(); sheet.remove(); };
  const submit = (event) => {
    event.preventDefault();
    const found = Object.fromEntries(WEIGHED.map((code) => [code, Number(inputs[code].value)]));
    close();
    tried(WEIGHED.some((code) => found[code] !== given[code]) ? found : null);
  };
  sheet.append(el("form", { onsubmit: submit }, el("h2", {}, words.t("weights.title")), el("p", { class: "dim cap" }, words.t("weights.book", { version: book.version })),
    el("table", { class: "tbl tight" }, el("thead", {}, el("tr", {}, el("th", {}, words.t("weights.code")), el("th", {}), el("th", { class: "num" }, words.t("weights.rule")), el("th", { class: "num" }, words.t("weights.try")))), el("tbody", {}, WEIGHED.map(line))),
    el("h3", {}, words.t("weights.limits")), el("dl", { class: "parts" }, limits(book, words).flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)])),
    el("p", { class: "note" }, words.t("weights.note")),
    el("div", { class: "row" }, el("button", { class: "btn main", type: "submit" }, words.t("weights.do")), trial ? el("button", { class: "btn", type: "button", onclick: () => { close(); tried(null); } }, words.t("trial.undo")) : null, el("button", { class: "btn push", type: "button", onclick: close }, words.t("keys.close")))));
  sheet.addEventListener("cancel", () => sheet.remove());
  document.body.append(sheet);
  sheet.showModal();
}

function limits({ thresholds, months }, words) {
  return ["must_form_members", "joint_min_members", "joint_max_units", "reach_m", "branch_most_members"].map((name) => [words.t(`limit.${name}`), words.n(thresholds[name])])
    .concat(["survey", "evidence"].map((name) => [words.t(`limit.${name}`), words.t("limit.months", { n: months[name] })]));
}

/** Blind spots ranked by other weights: each score is the sum of its parts anew; ties as they were. */
export function ranked(spots, weights) {
  if (!weights) return spots;
  const score = (spot) => spot.parts.reduce((sum, one) => sum + one.workers * (weights[one.code] ?? one.weight), 0);
  return spots.map((spot) => ({ ...spot, score: score(spot) })).sort((a, b) => b.score - a.score || a.rank - b.rank);
}
