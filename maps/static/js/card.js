// The card of the chosen area: its name, figures with their denominators, and the way in or out.
import { ICONS, el, find, icon } from "./dom.js";

const GAP = 28;

/** Show the card of `row`, or hide it for null. `doors` are the buttons: [text, action]. */
export function card({ row, rank, parent, values, deepest, map, words, doors, close }) {
  const box = find(".tip");
  box.hidden = !row;
  if (!row) return;
  const head = el("div", { class: "row" }, rank ? el("span", { class: "rank", title: words.t("tip.rank", { n: rank }) }, String(rank)) : null, el("b", {}, row.name), el("span", { class: "dim cap push" }, parent?.name ?? ""),
    el("button", { class: "x", type: "button", "aria-label": words.t("tip.close"), onclick: close }, icon(ICONS.close)));
  const lines = el("dl", {}, facts(row, values, deepest, words).flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]));
  const buttons = el("div", { class: "row doors" }, doors.map(([text, action], k) => el("button", { class: `btn bare${k ? " push" : ""}`, type: "button", onclick: action }, text)));
  box.replaceChildren(head, lines, buttons);
  place(box, row, map);
}

function facts(row, values, deepest, words) {
  const area = [words.t("tip.area"), words.t("unit.km2", { n: words.km2(row.area_m2) })];
  const density = [words.t("tip.density"), words.t("unit.density", { n: words.n(row.incidents / (row.area_m2 / 1e6), 1) })];
  const counted = [words.t("tip.incidents"), words.t("unit.incidents", { n: words.n(row.incidents) })];
  const code = [words.t("tip.code"), el("span", { class: "code" }, row.code)];
  if (row.level === deepest) return [[words.t("tip.kind"), words.t(`kind.${row.kind}`)], area, counted, density, code];
  const named = row.area_m2 - row.fallback_m2;
  const ground = [
    [words.t("tip.share"), `${words.percent(named / row.area_m2)}%`],
    [words.t("tip.named"), `${words.km2(named)} / ${words.t("unit.km2", { n: words.km2(row.area_m2) })}`],
    [words.t("tip.fallback"), words.t("unit.km2", { n: words.km2(row.fallback_m2) })],
    [words.t("tip.grids"), words.lang === "en" ? `${words.n(row.grids)} (${words.n(row.dedicated)})` : `${words.n(row.grids)}（${words.n(row.dedicated)}）`],
  ];
  return values.share ? [...ground, counted, code] : [density, counted, area, ground[0], code];
}

/** Put the card beside the area, inside the map and clear of the area's middle. */
export function place(box, row, map) {
  const size = map.getSize(), point = map.latLngToContainerPoint([row.lat, row.lng]);
  const width = box.offsetWidth, height = box.offsetHeight;
  const reach = row.bounds ? Math.min(220, (map.latLngToContainerPoint([row.bounds[3], row.bounds[2]]).x - map.latLngToContainerPoint([row.bounds[1], row.bounds[0]]).x) / 2) : 24;
  let left = point.x + reach + GAP;
  if (left + width > size.x - 56) left = point.x - reach - GAP - width;
  left = Math.max(12, Math.min(left, size.x - width - 12));
  const top = Math.max(60, Math.min(point.y - height / 2, size.y - height - 44));
  Object.assign(box.style, { left: `${left}px`, top: `${top}px` });
}
