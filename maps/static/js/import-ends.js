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
