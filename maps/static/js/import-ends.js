// What became of an import that was taken in, and where to look at it.

import { el } from "./dom.js";

/** What it became, in words. */
export function became({ kind, committed }, words) {
  if (kind !== "boundaries") return words.t("import.stored", { n: words.n(committed.stored ?? 0) });
  if (committed.approvals) return words.t("import.waits", { plan: committed.plan, n: committed.approvals });
  if (committed.scheduled) return words.t("import.scheduled", { plan: committed.plan, hour: `${words.date(committed.scheduled)} ${words.moment(committed.scheduled).slice(6)}` });
  return words.t(committed.is_same ? "import.same" : "import.published", { n: committed.edition });
}

/** Where to look at it: on the map, or at its plan while that waits for others or for its hour. */
export function onward({ approvals, scheduled, plan }, words) {
  const [href, key] = approvals || scheduled ? [`/maps/planner?plan=${plan}`, "import.see-plan"] : ["/maps/coverage", "open.coverage"];
  return el("a", { class: "btn see", href }, words.t(key, { plan }));
}

/** What it changes, or changed: every whole number of the summary that has words. */
export function figures(one, words) {
  const told = Object.entries({ ...one.judged?.summary, ...one.committed }).filter(([name, value]) => name !== "rows" && typeof value === "number" && words.has(`import.sum.${name}`));
  if (!told.length) return null;
  const ground = one.judged?.summary.ground;
  return el("div", {}, el("dl", { class: "facts four" }, told.map(([name, value]) => el("div", {}, el("dt", {}, words.t(`import.sum.${name}`)), el("dd", {}, words.n(value))))),
    ground ? el("p", { class: "cap dim published" }, words.t("import.ground", { rows: words.n(one.judged.summary.rows), named: words.n(ground.named), named_km2: words.n(ground.named_km2, 2), fallback: words.n(ground.fallback), fallback_km2: words.n(ground.fallback_km2, 2) })) : null);
}
