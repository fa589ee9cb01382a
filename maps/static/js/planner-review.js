// What is said of a plan: verdicts, comments with their places, and what else can be done with it.
import { el } from "./dom.js";

/** The tab of reviews. heard: comment(text), settle(comment), show(check), share(), fork(), act(name). */
export function review({ draft }, words, heard) {
  const { verdicts, comments, wanted } = draft.beside, { plan } = draft;
  const when = (one) => el("small", { class: "dim" }, ` ${one.made_by} · ${words.date(one.made_at)} ${words.moment(one.made_at).slice(6)}`);
  const verdict = (one) => el("li", { class: one.round < plan.round ? "old" : "" }, el("span", { class: `chip ${one.is_approval ? "good" : "bad"}` }, words.t(one.is_approval ? "plan.verdict.yes" : "plan.verdict.no")), el("span", {}, one.note, when(one)));
  const comment = (one) => el("li", { class: one.settled_at ? "old" : "" }, el("span", {}, one.text, when(one)), el("span", { class: "row" }, one.place ? el("button", { class: "link", type: "button", onclick: () => heard.show({ where: one.place, severity: "info" }) }, words.t("plan.show")) : null, draft.read_only ? null : el("button", { class: "link", type: "button", onclick: () => heard.settle(one) }, words.t(one.settled_at ? "plan.comment.reopen" : "plan.comment.settle"))));
  const form = el("form", { class: "saying", onsubmit: (event) => { event.preventDefault(); heard.comment(new FormData(event.target).get("text")); } }, el("textarea", { name: "text", rows: "2", maxlength: "2000", required: true, "aria-label": words.t("plan.comment"), placeholder: words.t("plan.comment.hint") }), el("button", { class: "btn", type: "submit" }, words.t("plan.comment.act")));
  const more = [["share", heard.share], ["fork", heard.fork], ...(["in_force", "withdrawn"].includes(plan.state) ? [] : [["withdraw", () => heard.act("withdraw")]])];
  return [
    el("section", { class: "sec", "aria-label": words.t("plan.verdicts") }, el("h2", {}, words.t("plan.verdicts")), el("p", { class: "cap dim" }, words.t(wanted ? "plan.verdicts.wanted" : plan.state === "submitted" ? "plan.verdicts.one" : "plan.verdicts.free", { n: wanted })), el("ul", { class: "said" }, verdicts.map(verdict))),
    el("section", { class: "sec", "aria-label": words.t("plan.comments") }, el("h2", {}, words.t("plan.comments")), el("ul", { class: "said" }, comments.map(comment)), draft.read_only ? null : form),
    draft.read_only ? null : el("div", { class: "sec row wrap" }, more.map(([name, act]) => el("button", { class: "btn", type: "button", onclick: act }, words.t(`plan.act.${name}`)))),
  ].filter(Boolean);
}
