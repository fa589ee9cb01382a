// What the page of blind spots adds to the shell: buildings or grids, what is drawn over them, and the bar that says a run is old.
import { ICONS, el, find, icon } from "./dom.js";
import { UNIT_CODES } from "./spot-codes.js";

const MOMENTS = 8; // days of the trend

/** The buttons on the map. */
export function tools({ words, state, print }) {
  find(".tools").hidden = false;
  find(".tools .by").hidden = true;
  const modes = find(".tools .levels");
  modes.setAttribute("aria-label", words.t("spots.modes"));
  const shown = el("span", { class: "row shown" });
  find(".tools .print").before(shown, el("hr"));
  const draw = () => {
    const by = state.get("by"), hidden = new Set(state.get("hide").split(",").filter(Boolean));
    const mode = (key) => el("button", { type: "button", "aria-pressed": String(by === key), onclick: () => state.set({ by: key, codes: "", chosen: null }) }, words.t(`spots.by.${key}`));
    modes.replaceChildren(mode("building"), mode("grid"));
    const toggle = (key) => el("button", { class: "btn", type: "button", "aria-pressed": String(!hidden.has(key)), onclick: () => {
      hidden.has(key) ? hidden.delete(key) : hidden.add(key);
      state.set({ hide: [...hidden].join(",") });
    } }, icon(ICONS.check), words.t(`spots.show.${key}`));
    shown.replaceChildren(toggle("joint"), toggle("lines"));
  };
  state.on((changed) => { if (changed.has("by") || changed.has("hide")) draw(); });
  window.addEventListener("beforeprint", print);
  draw();
}

/** What stands behind the date: the run that found what is shown, on which day, by which rules. */
export function dated(boot, words, run, trend) {
  if (boot.kept) return;
  const drop = find(".when-drop");
  const facts = [["run.number", run.number ? words.t("run.nth", { n: run.number }) : words.t("forecast")], [run.number ? "run.at" : "run.then", `${words.date(run.at)} ${words.moment(run.at).slice(6)}`], ["run.day", run.day], ["run.rules", run.rules], ["run.surveyed", run.surveyed_until ?? "–"], ["run.sources", run.sources?.join(" · ") || "–"], ["kept.edition", words.t("edition", { n: run.edition })]];
  const past = el("div", { class: "past" });
  drop.querySelector(".run-facts")?.remove();
  drop.append(el("div", { class: "run-facts" }, el("h3", {}, words.t("run")), el("dl", { class: "kept-facts" }, facts.flatMap(([name, text]) => [el("dt", {}, words.t(name)), el("dd", {}, text)])), el("p", { class: "cap dim" }, words.t("run.note")), past));
  find(".when").onclick = async () => { if (!past.firstChild) past.replaceChildren(...moments(await trend().catch(() => []), words)); };
}

/** What the last days found: units in a blind state, how many came in and went out. */
function moments(found, words) {
  if (found.length < 2) return [];
  const blind = ({ units }) => UNIT_CODES.reduce((sum, code) => sum + (units[code] ?? 0), 0);
  const line = (one) => el("tr", {}, el("td", {}, one.day), el("td", { class: "num" }, words.n(blind(one))), el("td", { class: "num" }, one.opened ? `+${words.n(one.opened)}` : "–"), el("td", { class: "num" }, one.closed ? `−${words.n(one.closed)}` : "–"));
  const heads = ["trend.day", "trend.blind", "trend.opened", "trend.closed"].map((key, k) => el("th", { class: k ? "num" : null }, words.t(key)));
  return [el("h3", {}, words.t("trend.title")), el("table", { class: "tbl tight" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, found.slice(-MOMENTS).reverse().map(line)))];
}

/** Say that rows, rules or day have changed since the run, with the button that looks again. */
export function stale(boot, words, run, again) {
  const bar = find(".stale");
  if (boot.kept || boot.at) return; // of another date the bar says that
  document.body.classList.toggle("is-stale", run.is_stale);
  bar.hidden = !run.is_stale;
  bar.replaceChildren(words.t("spots.stale", { n: run.number, day: run.day }), el("button", { class: "btn", type: "button", onclick: again }, words.t("spots.run.again")));
}
