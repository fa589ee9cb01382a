// What is done with a plan as a whole, and what is asked before it: publish, withdraw, begin anew on the edition in force.
import { el } from "./dom.js";
import { ask, field } from "./planner-dialogs.js";
import * as doors from "./planner-doors.js";

/** What publishing will do, line by line. */
function consequences(draft, words) {
  const { preview } = draft, totals = preview.totals, many = (key, count) => (count ? words.count(key, count) : null);
  const warns = (preview.checks ?? []).filter((one) => one.severity === "warn").length;
  return [words.t("plan.will.edition", { n: preview.base + 1 }), words.count("plan.will.changed", preview.changed), many("plan.will.appeared", preview.appeared.length), many("plan.will.retired", preview.retired.length),
    totals ? words.t("plan.will.move", { households: words.n(totals.households ?? 0), firms: words.n(totals.firms ?? 0), buildings: words.n(totals.buildings ?? 0), incidents: words.n(totals.open_incidents ?? 0) }) : null, many("plan.will.warns", warns), words.t("plan.will.kept")].filter(Boolean);
}

const list = (lines) => el("ul", { class: "will" }, lines.map((line) => el("li", {}, line)));
const reason = (words, key, required = true) => field(words.t(key), el("textarea", { name: "note", rows: "3", maxlength: "2000", required }));
const signed = (words) => field(words.t("plan.sign"), el("input", { name: "by", maxlength: "64", required: true, autocomplete: "name" }), words.t("plan.sign.hint"));

/** What each act asks for, and what is then done: `told` is what the dialog held. */
const ACTS = {
  publish: { asks: ({ warns, words }) => (warns ? [reason(words, "plan.why.publish")] : []), does: async (id, { note }) => { if (note) await doors.comment(id, note); return doors.act(id, "publish"); } },
  submit: { does: (id) => doors.act(id, "submit") },
  approve: { asks: ({ words }) => [signed(words), reason(words, "plan.note", false)], does: (id, { note, by }) => doors.act(id, "approve", { note }, by) },
  reject: { asks: ({ words }) => [signed(words), reason(words, "plan.note")], does: (id, { note, by }) => doors.act(id, "reject", { note }, by) },
  revise: { does: (id) => doors.act(id, "revise") },
  schedule: { asks: ({ words }) => [field(words.t("plan.hour"), el("input", { type: "datetime-local", name: "hour", required: true }), words.t("plan.hour.hint", { zone: words.zone }))], does: (id, { hour }, words) => doors.act(id, "schedule", { effective_at: instant(hour, words.zone) }) },
  unschedule: { does: (id) => doors.act(id, "unschedule") },
  withdraw: { kind: "bad", does: (id) => doors.act(id, "withdraw") },
};

/** A wall clock's reading in a time zone as an instant. */
export function instant(hour, zone) {
  const guess = new Date(`${hour}:00Z`), parts = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }).format(guess);
  return new Date(2 * guess.getTime() - new Date(`${parts.replace(" ", "T")}Z`).getTime()).toISOString();
}

/** What came of an act, null where it was left; what it will do is said first. */
export async function act(name, draft, words) {
  const { asks = () => [], does, kind = "main" } = ACTS[name], warns = (draft.preview?.checks ?? []).some((one) => one.severity === "warn");
  const will = name === "publish" ? consequences(draft, words) : [words.t(`plan.will.${name}`)];
  const told = await ask({ words, title: words.t(`plan.ask.${name}`, { name: draft.plan.name }), body: [list(will)], fields: asks({ warns, words }), act: words.t(`plan.sure.${name}`), kind });
  return told && draft.act((id) => does(id, told, words));
}

/** Id of a new plan on the edition in force with every change that can still be made; what cannot is told. Null where it is left. */
export async function fork(draft, words) {
  const name = el("input", { name: "name", required: true, maxlength: "200", value: words.t("plan.again.name", { name: draft.plan.name }).slice(0, 200) });
  const told = await ask({ words, title: words.t("plan.again"), body: [list([words.t("plan.will.fork")])], fields: [field(words.t("plan.name"), name)], act: words.t("plan.sure.fork") });
  if (!told) return null;
  const { plan, left_out } = await doors.fork(draft.id, told.name);
  if (left_out.length) await ask({ words, title: words.count("plan.again.refused", left_out.length), body: [list(left_out.map(({ made, why }) => `${made.seq}. ${why}`))], act: words.t("plan.again.go"), only: true });
  return plan.id;
}

/** A link under which the plan can be read, shown once. */
export async function share(draft, words) {
  const told = await ask({ words, title: words.t("plan.share"), body: [list([words.t("plan.will.share")])], fields: [field(words.t("plan.share.days"), el("input", { type: "number", name: "days", min: "1", max: "365", value: "30", required: true }))], act: words.t("plan.sure.share") });
  if (!told) return;
  const { token } = await draft.act((id) => doors.share(id, Number(told.days)));
  const address = new URL(`/maps/planner?link=${encodeURIComponent(token)}`, location).href;
  await ask({ words, title: words.t("plan.share.made"), fields: [field(words.t("plan.share.address"), el("input", { name: "address", readonly: true, value: address, onfocus: (event) => event.target.select() }), words.t("plan.share.once"))], act: words.t("plan.close"), only: true });
}

/** A grid chosen without a tool is renamed, locked, or given up. */
export async function of_grid(hand, name, code) {
  if (name === "rename") {
    const told = await ask_name(hand.words, hand.draft.name(code));
    if (told) await hand.make([{ kind: "rename", code, name: told.name }]);
  } else if (name === "dissolve") await hand.make([{ kind: "dissolve", code, to: null }]);
  else await hand.turn(() => hand.draft.act((id) => doors[name](id, code)), `plan.${name}.said`);
}

/** Another name for a grid; null where it is left. */
function ask_name(words, name) {
  return ask({ words, title: words.t("plan.rename.title", { name }), fields: [field(words.t("plan.name"), el("input", { name: "name", required: true, maxlength: "200", value: name }))], act: words.t("plan.rename") });
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

/** Places that were typed, one "longitude, latitude" a line; throws with the line that is none. */
function typed(text) {
  return text.split(/[\n;；]+/).map((one) => one.trim()).filter(Boolean).map((line) => {
    const numbers = line.split(/[\s,，]+/).map(Number);
    if (numbers.length !== 2 || !numbers.every(Number.isFinite) || Math.abs(numbers[0]) > 180 || Math.abs(numbers[1]) > 90) throw new Error(line);
    return numbers;
  });
}
