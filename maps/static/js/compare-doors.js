// What the compare page asks for: what two editions differ in, and what a plan would do to the edition in force.
import { answered } from "./answered.js";

/** A side as the address names it: "e3" is edition 3, "p5" plan 5, "2027-01-01" that day. Null for anything else. */
export function side_of(name) {
  const found = /^([ep])(\d+)$/.exec(name ?? "");
  if (/^\d{4}-\d\d-\d\d/.test(name ?? "")) return { kind: "date", at: name, name };
  return found && { kind: found[1] === "e" ? "edition" : "plan", number: Number(found[2]), name };
}

/** What a side is drawn as: {name, number, tiles, at, forecast}; `name` is the same where the ground is. A plan lies over the edition in force. */
export async function division_of(side, boot) {
  const of = (number) => ({ name: `e${number}`, number, tiles: boot.addresses[number], at: null, forecast: null });
  if (side.kind !== "date") return of(side.kind === "plan" ? boot.current : side.number);
  const { edition, tiles } = await answered(await fetch(`/v1/forecast?at=${encodeURIComponent(side.at)}`));
  if (!edition.plans?.length) return { ...of(edition.number), forecast: edition.forecast ? edition : null };
  return { name: side.at, number: edition.number, tiles, at: side.at, forecast: edition };
}

/** Plans that are not in force and may still come, the newest first. */
export async function plans() {
  return (await answered(await fetch("/v1/plans?state=draft,checked,submitted,approved,scheduled"))).plans;
}

/** How two divisions differ, each an edition ("e3") or a day, as {rows, moves}: rows {code, what, text}, moves {was, now, m2, ground}. */
export async function between(since, until) {
  const told = await answered(await fetch(`/v1/differences?from=${encodeURIComponent(since)}&to=${encodeURIComponent(until)}&ground=true`));
  const rows = told.changed.map(({ code, level, before, after, moved }) => ({ code, level, moved, what: !before ? "appeared" : !after ? "retired" : "changed", was: before, now: after }));
  const moves = told.ground.features.map(({ geometry, properties }) => ({ was: properties.old, now: properties.new, m2: properties.area_m2, ground: geometry }));
  return { rows, moves, noded: told.noded };
}

/** What a plan would do to the edition in force, in the same form, and its leaves afterwards. An Error names the `plan`. */
export async function planned(id) {
  const [preview, drawing] = await Promise.all(["preview", "drawing"].map(async (what) => answered(await fetch(`/v1/plans/${id}/${what}`)))).catch((error) => { throw Object.assign(error, { plan: id }); });
  const named = (one) => new Map(one.features.map(({ properties }) => [properties.code, properties]));
  const before = named(drawing.before), after = named(drawing.after);
  const rows = drawing.after.features.filter(({ properties }) => ["changed", "appeared"].includes(properties.status)).map(({ properties }) => ({ code: properties.code, level: null, moved: true, what: properties.status, was: before.get(properties.code) ?? null, now: properties }));
  const gone = drawing.before.features.filter(({ properties }) => !after.has(properties.code)).map(({ properties }) => ({ code: properties.code, level: null, moved: true, what: "retired", was: properties, now: null }));
  const moves = (preview.moves ?? []).map(({ was, now, area_m2, ground }) => ({ was, now, m2: area_m2, ground }));
  return { rows: [...rows, ...gone].sort((a, b) => (a.code < b.code ? -1 : 1)), moves, noded: preview.noded, leaves: drawing.after.features.filter(({ properties }) => ["changed", "appeared"].includes(properties.status)) };
}

/** Two plans in figures, 0 for the edition in force. */
export async function figures(one, other) {
  return answered(await fetch(`/v1/plans/compare?ids=${one},${other}`));
}
