// What the chosen row tells: how its score comes about, on what evidence, since when, who could join, who could help.
import { ICONS, el, icon } from "./dom.js";
import { decisions } from "./spot-decide.js";
import { letter, nearest } from "./spot-near.js";
import { HELPER, pcode } from "./spot-codes.js";

const SAID = 3; // sentences of evidence shown; the units say the rest

/** Elements under the head of a row. `full` is what its own door tells, null while it is asked for. */
export function detail({ spot, full, words, weights, trial, heard, writes }) {
  const whole = full ?? spot;
  return el("div", { class: "detail" },
    parts(spot, words, weights, trial), dated(whole, words), formation(whole, words), group(whole, words), helpers(whole, words, heard),
    units(full, words), decisions({ spot, whole, words, heard, writes }));
}

// -- the score ------------------------------------------------------------------------------------------------------
/** A figure of a score: whole, or with one digit where it has any. */
export const figure = (words, value) => words.n(value, Number.isInteger(Math.round(value * 10) / 10) ? 0 : 1);

const weight = (words, value) => words.n(value, Number.isInteger(value) ? 0 : Number.isInteger(Math.round(value * 1000) / 100) ? 1 : 2).replace(/(\.\d*?)0+$/, "$1");

function parts(spot, words, weights, trial) {
  const told = spot.parts.filter((one) => one.code !== "U");
  if (!told.length) return null;
  const by = (one) => (trial ?? weights)[one.code] ?? one.weight;
  const name = (code) => words.t(`code.${code}`);
  const people = (one) => [one.units ? words.count("spots.units", one.units) : null, words.t("spots.people", { n: words.n(one.workers) })].filter(Boolean).join(" · ");
  const product = (one) => `${words.n(one.workers)} × ${weight(words, by(one))}`, single = told.length === 1;
  const total = told.reduce((sum, one) => sum + one.workers * by(one), 0);
  const lines = single
    ? [[words.t(spot.code.startsWith("G") ? "spots.at-work" : "spots.uncovered"), people(told[0])], [words.t("spots.weight", { code: told[0].code, name: name(told[0].code) }), `× ${weight(words, by(told[0]))}`]]
    : told.map((one) => [[pcode(one.code), ` ${name(one.code)}`], `${one.units ? `${words.count("spots.units", one.units)} · ` : ""}${product(one)} = ${figure(words, one.workers * by(one))}`]);
  const sum = single ? product(told[0]) : told.map((one) => figure(words, one.workers * by(one))).join(" + ");
  const pairs = (lines_) => lines_.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)]);
  const trying = trial ? el("span", { class: "chip warn" }, words.t("trial")) : null;
  const last = [[words.t("spots.score"), " ", trying].filter(Boolean), `${sum} = ${figure(words, total)}`];
  return el("div", {}, el("dl", { class: "parts" }, pairs(lines)), el("dl", { class: "parts total" }, pairs([last])));
}

// -- evidence -------------------------------------------------------------------------------------------------------
function dated(spot, words) {
  const since = spot.since ? el("p", {}, words.t("spots.since", { day: spot.since })) : null;
  const before = (spot.history ?? []).filter((one) => one.until && one.code && one.code !== spot.code).slice(-1)[0];
  const was = before ? el("p", { class: "dim" }, words.t("spots.was", { code: before.code, name: words.t(`code.${before.code}`), day: before.until })) : null;
  const unknown = spot.unknown_units ? el("p", {}, words.count("spots.unknown.units", spot.unknown_units)) : null;
  const said = (spot.evidence ?? []).slice(0, SAID).map((one) => el("li", {}, words.told(one), one.day ? el("span", { class: "dim" }, ` ${one.day}`) : null));
  const left = (spot.evidence ?? []).length - SAID;
  if (!since && !unknown && !said.length) return null;
  return el("div", { class: "dated" }, since, was, said.length ? el("ul", { "aria-label": words.t("spots.evidence") }, said, left > 0 ? el("li", { class: "dim" }, words.t("spots.evidence.more", { n: left })) : null) : null, unknown);
}

/** How the building may be organised, and why so. */
function formation({ formation: found }, words) {
  if (!found) return null;
  return el("section", { class: "dated" }, el("h3", {}, words.t("spots.formation")), el("p", {}, el("b", {}, words.told(found)), found.reasons.length ? ` · ${found.reasons.map((one) => words.told(one)).join(words.lang === "en" ? "; " : "；")}` : ""));
}

// -- who could join -------------------------------------------------------------------------------------------------
function group({ group: found }, words) {
  if (!found) return null;
  const basis = words.t(`spots.basis.${found.basis}`, { m: found.diameter_m === null || found.diameter_m === undefined ? "–" : words.n(found.diameter_m) });
  const names = (found.members_units ?? []).map((one) => el("li", {}, el("span", { class: "clip" }, one.name), el("span", { class: "push dim nowrap" }, one.members === null || one.members === undefined ? "–" : words.count("spots.members", one.members))));
  return el("section", { class: "joint" }, el("h3", {}, words.t("spots.joint")), el("p", {}, el("b", {}, words.t("spots.joint.sum", { members: found.members, units: found.units })), ` · ${basis}`), names.length ? el("ul", {}, names) : null);
}

// -- who could help -------------------------------------------------------------------------------------------------
function helpers({ helpers: found = [] }, words, heard) {
  if (!found.length) return null;
  const line = (one, k) => el("tr", {},
    el("td", {}, el("button", { class: "helper", type: "button", title: one.reason ? words.told(one.reason) : words.t("spots.helper.show"), onclick: () => heard.helper(one) }, el("span", { class: "key", style: { background: HELPER } }, letter(words, k)), el("span", { class: "clip" }, one.name))),
    el("td", { class: "num" }, one.distance_m < 1 ? words.t("spots.inside") : words.t("unit.m", { n: words.n(one.distance_m) })),
    el("td", { class: "num dim" }, one.free === null || one.free === undefined ? words.t("spots.free.unknown") : words.t("spots.free", { n: words.n(one.free) })));
  return el("section", {}, el("h3", {}, words.t("spots.helpers")), el("table", { class: "tbl tight helpers" }, el("tbody", {}, nearest(found).map(line))));
}

// -- its units ------------------------------------------------------------------------------------------------------
function units(full, words) {
  const found = full?.units_list ?? [];
  if (!found.length) return null;
  const count = (value) => (value === null || value === undefined ? "–" : words.n(value));
  const line = (one) => el("tr", {}, el("td", {}, pcode(one.code === "covered" ? "OK" : one.code), " ", one.name), el("td", { class: "num" }, count(one.members)), el("td", { class: "num" }, count(one.workers)));
  const table = () => el("table", { class: "tbl tight" }, el("thead", {}, el("tr", {}, el("th", {}, words.t("spots.unit")), el("th", { class: "num" }, words.t("spots.unit.members")), el("th", { class: "num" }, words.t("spots.unit.workers")))), el("tbody", {}, found.map(line)));
  const fold = el("details", { class: "units" }, el("summary", {}, icon(ICONS.down), words.count("spots.units.all", found.length)));
  fold.addEventListener("toggle", () => { if (fold.open && fold.children.length < 2) fold.append(table()); });
  return fold;
}
