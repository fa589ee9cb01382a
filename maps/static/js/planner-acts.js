// What is done with a plan as a whole, and what is asked before it: publish, withdraw, begin anew on the edition in force.
import { el, say } from "./dom.js";
import { ask, field } from "./planner-dialogs.js";
import * as doors from "./planner-doors.js";
import { typed } from "./planner-draw.js";

/** What publishing will do, line by line. */
function consequences(draft, words) {
  const { preview } = draft, totals = preview.totals, many = (key, count) => (count ? words.count(key, count) : null);
  const warns = (preview.checks ?? []).filter((one) => one.severity === "warn").length;
  return [words.t("plan.will.edition", { n: preview.base + 1 }), words.count("plan.will.changed", preview.changed), many("plan.will.appeared", preview.appeared.length), many("plan.will.retired", preview.retired.length),
    totals ? words.t("plan.will.move", { households: words.n(totals.households ?? 0), firms: words.n(totals.firms ?? 0), buildings: words.n(totals.buildings ?? 0), incidents: words.n(totals.open_incidents ?? 0) }) : null, many("plan.will.warns", warns), words.t("plan.will.kept")].filter(Boolean);
}

const list = (lines) => el("ul", { class: "will" }, lines.map((line) => el("li", {}, line)));

/** Whether it was done; asks first. */
export async function act(name, draft, words) {
  const texts = { publish: () => consequences(draft, words), withdraw: () => [words.t("plan.will.withdraw")] };
  const told = await ask({ words, title: words.t(`plan.ask.${name}`, { name: draft.plan.name }), body: [list(texts[name]?.() ?? [words.t(`plan.will.${name}`)])], act: words.t(`plan.sure.${name}`), kind: name === "withdraw" ? "bad" : "main" });
  if (!told) return null;
  return draft.act(name);
}

/** A new plan on the edition in force with every change that can still be made; what cannot is told. */
export async function begin_again(draft, words) {
  const { plan, made } = draft, fresh = await doors.begin(words.t("plan.again.name", { name: plan.name }).slice(0, 200), plan.scope);
  const refused = [];
  for (const one of made) await doors.change(fresh.id, one.change).catch((error) => refused.push(`${one.seq}: ${error.message}`));
  if (refused.length) say(words.t("plan.again.refused", { n: refused.length }));
  return { id: fresh.id, refused };
}

/** The name of a dedicated grid, and its code where it is to have a certain one; null when it is left. */
export function ask_dedicated(words) {
  const text = (name, attributes) => el("input", { name, autocomplete: "off", maxlength: "100", ...attributes });
  return ask({ words, title: words.t("plan.dedicated.title"), act: words.t("plan.dedicated.act"), fields: [
    field(words.t("plan.dedicated.name"), text("name", { required: true, placeholder: words.t("plan.dedicated.hint") })),
    field(words.t("plan.dedicated.code"), text("code", { inputmode: "numeric" }), words.t("plan.dedicated.code.hint")),
  ] });
}

/** Places typed one a line; null when it is left. */
export async function ask_places(words, least) {
  const fault = ({ places }) => {
    try {
      return typed(places).length < least ? words.t("plan.typed.few", { n: least }) : null;
    } catch (error) {
      return words.t("plan.typed.wrong", { line: error.message });
    }
  };
  const told = await ask({ words, title: words.t("plan.typed.title"), act: words.t("plan.typed.act"), ready: fault, fields: [field(words.t("plan.typed.label"), el("textarea", { name: "places", rows: "6", spellcheck: "false", placeholder: "117.901230, 36.601230\n117.908120, 36.602310" }), words.t("plan.typed.hint"))] });
  return told && typed(told.places);
}

/** A change in words. */
export function told_of(change, words, name) {
  const of = (code) => (code ? name(code) : ""), many = (codes) => codes.map(of).join(words.lang === "en" ? ", " : "、");
  const values = { a: of(change.code ?? change.a), b: change.b && of(change.b), to: change.to ? of(change.to) : words.t("plan.fallback"), names: change.codes && many(change.codes), keep: change.keep && of(change.keep), name: change.name, parent: change.parent };
  return words.t(`plan.told.${change.kind}`, values);
}
