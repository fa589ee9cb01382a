// What the page of blind spots adds to the shell: buildings or grids, what is drawn over them, and the bar that says a run is old.
import { ICONS, el, find, icon } from "./dom.js";

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
export function dated(boot, words, run) {
  if (boot.kept) return;
  const drop = find(".when-drop");
  const facts = [["run.number", words.t("run.nth", { n: run.number })], ["run.at", `${words.date(run.at)} ${words.moment(run.at).slice(6)}`], ["run.day", run.day], ["run.rules", run.rules], ["run.surveyed", run.surveyed_until ?? "–"], ["kept.edition", words.t("edition", { n: run.edition })]];
  drop.replaceChildren(el("h3", {}, words.t("run")), el("dl", { class: "kept-facts" }, facts.flatMap(([name, text]) => [el("dt", {}, words.t(name)), el("dd", {}, text)])), el("p", { class: "cap dim" }, words.t("run.note")));
  drop.tabIndex = -1;
}

/** Say that rows, rules or day have changed since the run, with the button that looks again. */
export function stale(boot, words, run, again) {
  const bar = find(".stale");
  if (boot.kept) return;
  document.body.classList.toggle("is-stale", run.is_stale);
  bar.hidden = !run.is_stale;
  bar.replaceChildren(words.t("spots.stale", { n: run.number, day: run.day }), el("button", { class: "btn", type: "button", onclick: again }, words.t("spots.run.again")));
}
