// What is proposed for a blind spot, and what became of it: accept, dismiss with a reason, start, finish, take back.
import { el } from "./dom.js";
import { nearest } from "./spot-near.js";

const REASONS = ["covered_elsewhere", "closing", "wrong_data", "later", "other"];
const STANDING = ["open", "in_progress", "dismissed"]; // in which nothing else can be decided
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
  if (follow && STANDING.includes(follow.state)) return standing(spot, follow, words, heard, writes);
  if (!writes) return null;
  const box = el("div", { class: "decide" });
  const dismissing = () => box.replaceChildren(dismissal(spot, words, heard, () => { box.replaceChildren(...buttons()); box.querySelector("button").focus(); }));
  const buttons = () => {
    const [main, second] = proposals(spot, whole);
    const act = (proposal, look) => el("button", { class: `btn grow ${look}`, type: "button", onclick: () => heard.accept(spot, proposal, payload(proposal, whole)) }, words.t(`do.${proposal}`));
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

/** What is proposed in particular: whom the joint branch holds, who is sent. */
function payload(proposal, { group, helpers }) {
  if (proposal === "joint_branch" && group) return { group: group.id, units: (group.members_units ?? []).map((one) => one.id) };
  const [first] = nearest(helpers);
  return proposal === "send_helper" && first ? { organisation: first.id } : {};
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
  const edited = writes && follow.state !== "dismissed";
  const put = (name, type) => el("input", { type, value: follow[name] ?? "", maxlength: "80", "aria-label": words.t(`follow.${name}`), placeholder: words.t("follow.none"), oninput: ({ target }) => delete target.dataset.given, onchange: ({ target }) => { target.dataset.given = ""; heard.note(spot, follow, { [name]: target.value || null }); } });
  const fact = (name, type) => (edited ? [words.t(`follow.${name}`), put(name, type)] : follow[name] ? [words.t(`follow.${name}`), follow[name]] : null);
  const facts = [follow.proposal ? [words.t("follow.what"), words.t(`do.${follow.proposal}`)] : null, follow.reason ? [words.t("dismiss.reason"), follow.reason] : null, fact("post", "text"), fact("due_on", "date")].filter(Boolean);
  const on = NEXT[follow.state];
  const buttons = writes ? [
    on ? el("button", { class: "btn main grow", type: "button", onclick: () => heard.change(spot, follow, on) }, words.t(`follow.to.${on}`)) : null,
    follow.state === "done" ? null : el("button", { class: "btn grow", type: "button", onclick: () => heard.change(spot, follow, "cancelled") }, words.t(follow.state === "dismissed" ? "follow.undo.dismissed" : "follow.undo")),
  ] : [];
  return el("section", { class: "follow" }, el("div", { class: "row" }, el("h3", {}, words.t("follow")), followed(follow, words)),
    el("dl", { class: "parts" }, facts.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)])), el("div", { class: "row" }, buttons.filter(Boolean)));
}
