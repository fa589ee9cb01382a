// Two plans in figures, side by side, and why each grid differs: what the server counted, household by household.
import { el } from "./dom.js";

const MOST = 60; // causes shown

/** `told` = the answer of /v1/plans/compare for two; `titles` = what both are called; `choose(code)` shows a grid. */
export function metrics(told, titles, words, choose) {
  const [a, b] = told.plans, number = (value, digits = 0) => (value === null ? "–" : words.n(value, digits)), share = (value) => (value === null ? "–" : `${words.percent(value)}%`);
  const rows = [
    ["grids", number(a.grids), number(b.grids)], ["mean", number(a.mean), number(b.mean)], ["inband", `${a.in_band} / ${a.grids}`, `${b.in_band} / ${b.grids}`], ["cv", number(a.cv, 2), number(b.cv, 2)], ["maxmin", number(a.max_min, 1), number(b.max_min, 1)],
    ["compactness", number(a.compactness, 2), number(b.compactness, 2)], ["households", number(a.moved_households), number(b.moved_households)], ["stability", share(a.households_share), share(b.households_share)],
    ["checks", ...[a, b].map(({ checks }) => (checks ? `${checks.error} / ${checks.warn} / ${checks.info}` : "–"))], // as it is nothing is checked
  ];
  const head = el("thead", {}, el("tr", {}, el("th", {}, words.t("compare.metric")), titles.map((title) => el("th", { class: "num clip", title }, title))));
  const line = ([key, one, other]) => el("tr", { class: one === other ? "dim" : "" }, el("td", {}, words.t(`compare.m.${key}`)), el("td", { class: "num" }, one), el("td", { class: "num" }, other));
  const causes = told.contrasts.flatMap(({ differences }) => differences);
  const cause = (one) => el("li", {}, el("button", { type: "button", class: "cause", onclick: () => choose(one.second ?? one.first) }, el("span", { class: "code" }, [...new Set([one.first, one.second].filter(Boolean))].join(" → ")), el("span", {}, one.text[words.lang] ?? one.text.en)));
  return [
    el("div", { class: "sec flush" }, el("h2", { class: "in" }, words.t("compare.metrics")), el("table", { class: "tbl metrics" }, head, el("tbody", {}, rows.map(line)))),
    causes.length ? el("div", { class: "sec" }, el("h2", {}, words.t("compare.causes")), el("ol", { class: "causes" }, causes.slice(0, MOST).map(cause)), causes.length > MOST ? el("p", { class: "cap dim" }, words.t("compare.more", { n: words.n(causes.length - MOST) })) : null) : null,
  ].filter(Boolean);
}
