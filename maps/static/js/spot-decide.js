// What is proposed for a blind spot, and what became of it: accept, dismiss with a reason, start, finish, take back.
import { el } from "./dom.js";

const REASONS = ["covered_elsewhere", "closing", "wrong_data", "later", "other"];
const NEXT = { open: "in_progress", in_progress: "done" };

/** The state of a follow-up as a chip with its day; null where nothing was decided, or it was taken back. */
export function followed(follow, words) {
  if (!follow || follow.state === "cancelled") return null;
  const look = { open: "info", in_progress: "info", done: "good", dismissed: "" }[follow.state];
  return el("span", { class: `chip ${look}` }, `${words.t(`follow.${follow.state}`)} ${words.day(follow.day).slice(5)}`);
}

/** Buttons, or what was decided with the way on and back. */
export function decisions({ spot, whole, words, heard, writes }) {
  const follow = whole.follow_up;
  const stands = follow && follow.state !== "cancelled";
  if (stands) return standing(spot, follow, words, heard, writes);
  if (!writes) return null;
  const box = el("div", { class: "decide" });
  const dismissing = () => box.replaceChildren(dismissal(spot, words, heard, () => { box.replaceChildren(...buttons()); box.querySelector("button").focus(); }));
  const buttons = () => {
    const [main, second] = proposals(spot, whole);
    const act = (proposal, look) => el("button", { class: `btn grow ${look}`, type: "button", onclick: () => heard.accept(spot, proposal) }, words.t(`do.${proposal}`));
    return [el("div", { class: "row" }, act(main, "main"), second ? act(second, "") : null, el("button", { class: "btn", type: "button", onclick: () => { dismissing(); box.querySelector("select").focus(); } }, words.t("do.dismiss")))];
  };
  box.replaceChildren(...buttons());
  return box;
}

/** What may be done about a blind spot, the likeliest first. */
export function proposals(spot, whole) {
  if (spot.code === "U" && spot.id.startsWith("grid/")) return ["staff_grid"];
  const main = { P1: "form_branch", P2: "joint_branch", P3: "send_helper", P4: "upgrade", P5: "check", U: "survey", G1: "draw_grid", G2: "staff_grid", G3: "pin_grid" }[spot.code];
  return main !== "send_helper" && "P1 P2 P4".includes(spot.code) && whole.helpers?.length ? [main, "send_helper"] : [main];
}

function dismissal(spot, words, heard, back) {
  const chosen = el("select", { "aria-label": words.t("dismiss.reason") }, REASONS.map((one) => el("option", { value: one }, words.t(`dismiss.${one}`))));
  const more = el("input", { type: "text", maxlength: "200", "aria-label": words.t("dismiss.more"), placeholder: words.t("dismiss.more") });
  const said = () => [words.t(`dismiss.${chosen.value}`), more.value.trim()].filter(Boolean).join(words.lang === "en" ? ": " : "：");
  return el("form", { class: "dismissal", onsubmit: (event) => { event.preventDefault(); heard.dismiss(spot, said()); } },
    el("h3", {}, words.t("dismiss.title")), el("div", { class: "row" }, chosen, more),
    el("div", { class: "row" }, el("button", { class: "btn grow", type: "submit" }, words.t("dismiss.do")), el("button", { class: "btn", type: "button", onclick: back }, words.t("dismiss.back"))));
}

function standing(spot, follow, words, heard, writes) {
  const facts = [[words.t("follow.what"), words.t(`do.${follow.proposal}`)], follow.reason ? [words.t("dismiss.reason"), follow.reason] : null, follow.post ? [words.t("follow.post"), follow.post] : null, follow.due_on ? [words.t("follow.due"), follow.due_on] : null].filter(Boolean);
  const on = NEXT[follow.state];
  const buttons = writes ? [
    on ? el("button", { class: "btn main grow", type: "button", onclick: () => heard.change(spot, follow, on) }, words.t(`follow.to.${on}`)) : null,
    follow.state === "done" ? null : el("button", { class: "btn grow", type: "button", onclick: () => heard.change(spot, follow, "cancelled") }, words.t(follow.state === "dismissed" ? "follow.undo.dismissed" : "follow.undo")),
  ] : [];
  return el("section", { class: "follow" }, el("div", { class: "row" }, el("h3", {}, words.t("follow")), followed(follow, words)),
    el("dl", { class: "parts" }, facts.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)])), el("div", { class: "row" }, buttons.filter(Boolean)));
}
