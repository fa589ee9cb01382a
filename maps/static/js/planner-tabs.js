// What of the panel is not looked at first: what was changed, which codes follow which, blind spots that come and go, what is said of the plan, and a conflict.
import { el } from "./dom.js";
import { sign } from "./planner-effects.js";
import { said } from "./planner-said.js";

const SPOT_SIGN = { appears: "warn", eases: "info", unknown: "info", closes: "good" }, MOST_SPOTS = 60;

/** What was changed, in its order. */
export function changes({ draft, told }, { words }, heard) {
  if (!draft.changes.length) return [el("div", { class: "empty" }, el("b", {}, words.t("plan.changes.none")), el("p", {}, words.t("plan.changes.none.sub")))];
  const last = draft.made.at(-1)?.seq, next = draft.undone[0]?.seq;
  const act = (one) => (!draft.can_draw ? null : one.seq === last ? el("button", { class: "link", type: "button", onclick: heard.undo }, words.t("plan.undo")) : one.seq === next ? el("button", { class: "link", type: "button", onclick: heard.redo }, words.t("plan.redo")) : null);
  return [el("ol", { class: "changes", "aria-label": words.t("plan.tab.changes") }, draft.changes.map((one) => el("li", { class: one.is_undone ? "undone" : "" }, el("span", { class: "rank" }, String(one.seq)), el("span", {}, told(one.change), el("small", { class: "dim" }, ` ${one.made_by} · ${words.moment(one.made_at)}`, one.act === one.seq ? "" : ` · ${words.t("plan.together", { n: one.act })}`, one.is_undone ? ` · ${words.t("plan.undone")}` : "")), act(one))))];
}

/** Blind spots that come and go, one by one, with why. */
export function spots(view, effects) {
  const { words } = effects, found = view.draft.preview?.spots ?? [];
  if (!found.length) return [];
  const row = (one, k) => el("li", { class: one === view.chosen_check ? "sel" : "", "data-id": `spot-${k}` }, sign(SPOT_SIGN[one.effect]), el("span", {}, el("b", {}, words.t(`plan.spot.${one.effect}`, { what: effects.text({ text: one.title }, view) })), ` ${effects.text({ text: { en: one.name } }, view)}`, el("small", { class: "dim" }, effects.text(one, view), one.grid_was && one.grid_now && one.grid_was !== one.grid_now ? ` · ${view.short(one.grid_was)} → ${view.short(one.grid_now)}` : "")), one.where ? effects.show(one) : null);
  return [el("section", { class: "sec", "aria-label": words.t("plan.spots") }, effects.head("plan.spots", "Blind spots"), el("ul", { class: "checks spots" }, found.slice(0, MOST_SPOTS).map(row)), found.length > MOST_SPOTS ? el("p", { class: "note" }, words.t("plan.spots.more", { n: words.n(found.length - MOST_SPOTS) })) : null)];
}

/** Which codes follow which, and how much of their ground. */
export function codes(view, effects) {
  const { words } = effects, { preview } = view.draft, crossings = preview?.crossings ?? [];
  if (!crossings.length) return [el("div", { class: "empty" }, el("b", {}, words.t("plan.codes.none")), el("p", {}, words.t("plan.codes.none.sub")))];
  const state = (one) => (preview.retired.includes(one.old) ? "retired" : preview.appeared.includes(one.new) ? "appeared" : one.old === one.new ? "stays" : "moves");
  return [el("section", { class: "sec flush", "aria-label": words.t("plan.tab.codes") }, effects.head("plan.tab.codes", "Crosswalk"),
    el("table", { class: "tbl tight crosswalk" }, el("thead", {}, el("tr", {}, el("th", {}, words.t("plan.col.old")), el("th", {}, words.t("plan.col.new")), el("th", { class: "num" }, words.t("plan.col.share")), el("th", { class: "num" }, words.t("plan.col.ha")))),
      el("tbody", {}, crossings.map((one) => el("tr", {}, el("td", {}, view.short(one.old), el("span", { class: "code" }, one.old)), el("td", {}, view.short(one.new), el("span", { class: "code" }, one.new, " ", words.t(`plan.code.${state(one)}`))), el("td", { class: "num" }, `${words.percent(one.area_share)}%`), el("td", { class: "num" }, effects.hectares(one.area_m2)))))))];
}

/** The tab of reviews. heard: write(text), comment(text), settle(comment), show(check), share(), fork(), act(name). */
export function review({ draft, writing }, { words }, heard) {
  const { verdicts, comments, wanted } = draft.beside, { plan } = draft;
  const when = (one) => el("small", { class: "dim" }, ` ${one.made_by} · ${words.date(one.made_at)} ${words.moment(one.made_at).slice(6)}`);
  const verdict = (one) => el("li", { class: one.round < plan.round ? "old" : "" }, el("span", { class: `chip ${one.is_approval ? "good" : "bad"}` }, words.t(one.is_approval ? "plan.verdict.yes" : "plan.verdict.no")), el("span", {}, one.note, when(one)));
  const comment = (one) => el("li", { class: one.settled_at ? "old" : "", "data-id": `comment-${one.id}` }, el("span", {}, one.text, when(one)), el("span", { class: "row" }, one.place ? el("button", { class: "link", type: "button", onclick: () => heard.show({ where: one.place, severity: "info" }) }, words.t("plan.show")) : null, draft.read_only ? null : el("button", { class: "link", type: "button", onclick: () => heard.settle(one) }, words.t(one.settled_at ? "plan.comment.reopen" : "plan.comment.settle"))));
  const form = el("form", { class: "saying", onsubmit: (event) => { event.preventDefault(); heard.comment(new FormData(event.target).get("text")); } }, el("textarea", { name: "text", rows: "2", maxlength: "2000", required: true, "aria-label": words.t("plan.comment"), placeholder: words.t("plan.comment.hint"), oninput: (event) => heard.write(event.target.value) }, writing), el("button", { class: "btn", type: "submit" }, words.t("plan.comment.act")));
  const more = [["share", heard.share], ["fork", heard.fork], ...(["in_force", "withdrawn"].includes(plan.state) ? [] : [["withdraw", () => heard.act("withdraw")]])];
  return [
    el("section", { class: "sec", "aria-label": words.t("plan.verdicts") }, el("h2", {}, words.t("plan.verdicts")), el("p", { class: "cap dim" }, words.t(wanted ? "plan.verdicts.wanted" : plan.state === "submitted" ? "plan.verdicts.one" : "plan.verdicts.free", { n: wanted })), el("ul", { class: "said" }, verdicts.map(verdict))),
    el("section", { class: "sec", "aria-label": words.t("plan.comments") }, el("h2", {}, words.t("plan.comments")), el("ul", { class: "said" }, comments.map(comment)), draft.read_only ? null : form),
    draft.read_only ? null : el("div", { class: "sec row wrap" }, more.map(([name, act]) => el("button", { class: "btn", type: "button", onclick: act }, words.t(`plan.act.${name}`)))),
  ].filter(Boolean);
}

/** Others published over the same grids: what happened, both drawings, and the ways on. */
export function stale({ draft, theirs, called }, { words }, heard) {
  const both = draft.drawing?.in_force; // else a scheduled plan has the grids to itself
  const one = (how) => el("button", { type: "button", "aria-pressed": String(theirs === how), onclick: () => heard.theirs(how) }, words.t(`plan.theirs.${how}`));
  return [el("div", { class: "conflict", role: "alert" }, ...[el("b", {}, words.t(both ? "plan.stale" : "plan.kept")), el("p", {}, said(draft.stale, words, called)), both ? el("div", { class: "seg wide", role: "group", "aria-label": words.t("plan.theirs") }, ["mine", "both", "theirs"].map(one)) : null,
    el("p", { class: "cap" }, words.t(both ? "plan.stale.what" : "plan.kept.what")), el("div", { class: "row wrap" }, el("button", { class: "btn", type: "button", onclick: heard.fork }, words.t("plan.again")), draft.made.length ? el("button", { class: "btn", type: "button", onclick: heard.undo }, words.t("plan.undo.last")) : null)].filter(Boolean))];
}
