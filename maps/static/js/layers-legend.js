// What the legend says of layers: mark, name, how many; from whom and of when; and what a number on the map is.
import { el } from "./dom.js";
import { swatch } from "./layers-menu.js";
import { look } from "./marks.js";

/** Children of the legend's part; none without a layer. `past`: the page shows another division than the one in force. */
export function legend({ on, zoom, past, words }) {
  if (!on.length) return [];
  const together = on.some(({ tiles }) => zoom < tiles.each_from);
  return [
    el("h3", {}, words.t("layers")),
    el("ul", {}, on.map((layer) => el("li", {}, swatch(layer.slug), el("span", {}, words.told(layer), el("small", {}, about(layer, zoom, words))), el("span", {}, words.n(layer.held.placed))))),
    together ? el("p", { class: "hint" }, words.t("layers.together")) : el("p", {}, words.t("layers.each")),
    past ? el("p", { class: "hint" }, words.t("layers.now")) : null,
  ].filter(Boolean);
}

function about({ slug, held, tiles }, zoom, words) {
  const [first, ...others] = held.sources;
  const source = others.length ? words.t("status.sources", { name: first, n: held.sources.length }) : first;
  const dated = held.as_of ? words.t("layers.as-of", { day: words.day(held.as_of) }) : words.t("layers.stored", { day: words.date(held.stored_at) });
  const unplaced = held.rows - held.placed;
  const small = look(slug).area && zoom < tiles.each_from ? words.t("layers.small") : null;
  return [source, dated, small, unplaced ? words.t("layers.unplaced", { n: words.n(unplaced) }) : null].filter(Boolean).join(" · ");
}
