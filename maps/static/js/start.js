// The start page: the city at a glance on a plain map, and the ways into the pages.
import { Atlas, label } from "./atlas.js";
import { card } from "./card.js";
import { el, find } from "./dom.js";
import { Language } from "./i18n.js";
import { keys } from "./keys.js";
import { fit, shell } from "./shell.js";
import { State } from "./state.js";
import { Beside, Said } from "./said.js";
import { load } from "./values.js";

const LATER = ["dispatch", "heat"];

export default async function start(map, boot) {
  const words = new Language(boot);
  const levels = boot.city.levels, deepest = levels.length - 1;
  const state = new State({ within: boot.city.code, level: null, by: null, chosen: null, view: null });
  let values = null, hovered = 0;
  const chosen = () => values?.code.get(state.get("chosen")) ?? null;
  const cover = (row) => `/maps/coverage?in=${row.code}${boot.at ? `&at=${encodeURIComponent(boot.at)}` : ""}`;
  const show = () => {
    const row = chosen();
    atlas.mark(hovered, row?.id ?? 0);
    card({ row, rank: null, parent: row && values.place.get(row.parent), said: said(values, words), deepest, map, words, doors: [[words.t("open.coverage"), () => { location.href = cover(row); }]], close: () => state.set({ chosen: null }) });
  };
  const atlas = new Atlas({ map, boot, state, words, grids: () => true, heard: {
    hover: (id) => { if (id === hovered) return; hovered = id; map.getContainer().classList.toggle("pointing", Boolean(id)); atlas.mark(hovered, chosen()?.id ?? 0); },
    choose: (id) => { const row = values?.place.get(id); state.set({ chosen: row && row.code !== state.get("chosen") ? row.code : null }); },
    moved: () => values && show(), zoomed: () => {},
    labels: (zoom) => (values ? [...values.above.filter((row) => row.level > 0), ...values.rows].map((row) => label(row, deepest - row.level, zoom, values)).filter(Boolean) : []),
  } });
  shell({ map, boot, words, state, go: (place) => {
    location.href = `/maps/coverage?level=${place.level === levels[0].key ? levels[1].key : place.level}&sel=${place.code}&c=${place.label[1]},${place.label[0]}&z=${Math.max(12, map.getBoundsZoom([[place.bounds[1], place.bounds[0]], [place.bounds[3], place.bounds[2]]]))}`;
  } });
  keys({ words, up: () => state.set({ chosen: null }) });
  state.on((changed) => { if (changed.has("chosen")) show(); });
  const level = Math.max(1, deepest - 1);
  try {
    values = await load({ boot, indicator: "grid-coverage", level: levels[level].key, city: words.city(boot.city) });
  } catch (error) {
    find(".panel .scroll").replaceChildren(el("p", { class: "empty", role: "alert" }, words.t("error.values", { reason: error.message })));
    return;
  }
  atlas.paint({ level, levels: levels.length, coloured: false, borders: deepest, colours: [], ids: [], classes: [] }, true);
  panel(boot, words, values);
  find(".status .data").textContent = `${words.t("status.data")} ${words.t("status.boundaries", { n: boot.edition.number })}`;
  const total = values.above[0];
  find(".status .unknown").textContent = words.t("status.unknown", { share: `${words.percent(total.fallback_m2 / total.area_m2)}%`, km2: words.km2(total.fallback_m2) });
  if (!state.get("view")) fit(map, boot.bounds);
}

function said(values, words) {
  const found = new Said(values.about, words);
  found.beside = values.beside.map(({ about }) => new Beside(about, words));
  return found;
}

function panel(boot, words, values) {
  const total = values.above[0], [incidents] = values.beside, levels = boot.city.levels, edition = boot.edition;
  const counts = levels.slice(1).map((level, k) => [words.lang === "en" ? level.en : level.zh, words.n(k + 1 === levels.length - 1 ? total.grids : k + 1 === values.level ? values.rows.length : values.above.filter((row) => row.level === k + 1).length)]);
  const fact = ([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text));
  const share = 1 - total.fallback_m2 / total.area_m2;
  find(".panel .scroll").replaceChildren(
    el("div", { class: "sec lead" }, el("h1", {}, words.city(boot.city)), el("p", { class: "dim" }, words.t("start.lead"))),
    el("div", { class: "sec" }, el("div", { class: "row" }, el("h2", {}, words.t(boot.forecast ? "start.division.then" : "start.division", { date: boot.at && words.date(boot.at) })), el("span", { class: `push chip ${boot.forecast ? "warn" : "info"}` }, words.t(boot.forecast ? "forecast" : "edition", { n: edition.number }))),
      el("dl", { class: `facts ${counts.length === 4 ? "four" : ""}` }, counts.map(fact)),
      el("p", { class: "cap dim published" }, `${edition.summary ? `${edition.summary} · ` : ""}${words.t("start.published", { who: edition.published_by, date: words.date(edition.effective_at) })}`)),
    el("div", { class: "sec" }, el("h2", {}, words.t("start.ground")),
      el("dl", { class: "facts" }, [[words.t("fact.area"), words.km2(total.area_m2)], [said(values, words).name, `${words.percent(share)}%`], [words.t("fact.fallback"), [words.km2(total.fallback_m2), el("small", {}, " km²")]]].map(fact)),
      el("div", { class: "known", role: "img", "aria-label": `${said(values, words).name} ${words.percent(share)}%` }, el("i", { class: "known-part", style: { width: `${share * 100}%` } }), el("i", { class: "hatch-f", style: { flex: "1" } })),
      incidents?.until ? el("p", { class: "cap dim published" }, `${words.t("start.incidents")} ${words.n(total.beside.incidents.of)}，${words.date(incidents.since)} – ${words.date(incidents.until)}`.replace("，", words.lang === "en" ? ", " : "，")) : null),
    el("div", { class: "sec flush doors-list" }, el("div", { class: "row" }, el("h2", {}, words.t("start.doors"))),
      el("ul", {}, [door("plans", "/maps/planner", words), door("coverage", `/maps/coverage${location.search}`, words), door("blind-spots", "/maps/blind-spots", words), door("import", "/maps/import", words), ...LATER.map((key) => door(key, null, words))])));
}

function door(key, href, words) {
  const inside = [el("b", {}, words.t(`start.${key}`)), el("span", { class: "cap dim" }, words.t(`start.${key}.sub`)), href ? el("i", { "aria-hidden": "true" }, "→") : el("span", { class: "chip" }, words.t("later"))];
  return el("li", {}, href ? el("a", { class: "door", href }, inside) : el("span", { class: "door", "aria-disabled": "true" }, inside));
}
