// What every page has around its map: bar, zoom, status line, print, keys, and the sheet of narrow screens.
import { el, find } from "./dom.js";
import { when } from "./when.js";
import { search } from "./search.js";

const YEAR = 31_536_000;
const PRINT_MS = 900; // for the tiles of the new shape

/** Wire the shell. `go(place)` is called with a place found by the search. */
export function shell({ map, boot, words, state, go }) {
  role(boot, words);
  language(state);
  when({ boot, words, state });
  search({ boot, words, go });
  zoom(map, boot, state);
  scale(map, words);
  review(boot, words);
  sheet(map);
  printing(map);
}

function role(boot, words) {
  const select = find("#role");
  if (!select) return;
  for (const one of boot.roles) select.append(el("option", { value: one }, words.t(`role.${one}`)));
  select.value = boot.role ?? "";
  select.addEventListener("change", () => {
    document.cookie = `gridatlas_role=${select.value}; path=/; max-age=${select.value ? YEAR : 0}; samesite=strict`;
    location.reload();
  });
}

function language(state) {
  const link = find(".lang");
  link.addEventListener("click", (event) => {
    event.preventDefault();
    location.href = state.address({ lang: link.getAttribute("hreflang") });
  });
}

function zoom(map, boot, state) {
  find(".zoom .in").addEventListener("click", () => map.zoomIn());
  find(".zoom .out").addEventListener("click", () => map.zoomOut());
  find(".zoom .home").addEventListener("click", () => {
    state.set({ within: boot.scope?.within ?? boot.city.code, district: boot.scope?.district ?? null, chosen: null });
    fit(map, boot.bounds);
  });
  const mark = () => {
    find(".zoom .in").disabled = map.getZoom() >= map.getMaxZoom();
    find(".zoom .out").disabled = map.getZoom() <= map.getMinZoom();
  };
  map.on("zoomend", mark);
  mark();
}

/** Show west, south, east, north, clear of what floats over the map. */
export function fit(map, [west, south, east, north], animate = true) {
  const narrow = matchMedia("(max-width: 700px)").matches;
  const tools = find(".plan-tools")?.offsetHeight ?? 0; // they lie across a narrow map
  const options = narrow ? { paddingTopLeft: [16, 16 + tools], paddingBottomRight: [16, 16 + tools] } : { paddingTopLeft: [24, 68], paddingBottomRight: [24, 44] };
  map.fitBounds([[south, west], [north, east]], { ...options, animate });
}

function scale(map, words) {
  const draw = () => {
    const size = map.getSize();
    const left = map.containerPointToLatLng([0, size.y / 2]), right = map.containerPointToLatLng([100, size.y / 2]);
    const metres = map.distance(left, right);
    if (!(metres > 0)) return;
    const power = 10 ** Math.floor(Math.log10(metres));
    const round = [5, 2, 1].map((step) => step * power).find((step) => step <= metres) ?? power;
    find(".scale u").style.width = `${(round / metres) * 100}px`;
    find(".scale span").textContent = round >= 1000 ? words.t("unit.km", { n: round / 1000 }) : words.t("unit.m", { n: round });
  };
  map.on("moveend zoomend resize", draw);
  draw();
}

/** Print what is on the screen: the map takes the paper's shape first, and has its tiles, then paper is asked for. */
function printing(map) {
  const shape = () => {
    if (document.body.classList.contains("printing")) return;
    const seen = map.getBounds();
    document.body.classList.add("printing");
    map.invalidateSize({ animate: false });
    map.fitBounds(seen, { animate: false });
  };
  find(".tools .print").addEventListener("click", () => {
    shape();
    setTimeout(() => window.print(), PRINT_MS);
  });
  window.addEventListener("beforeprint", shape);
  window.addEventListener("afterprint", () => {
    const seen = map.getBounds();
    document.body.classList.remove("printing");
    map.invalidateSize({ animate: false });
    map.fitBounds(seen, { animate: false });
  });
}

function review(boot, words) {
  const text = boot.review_number ? words.t("status.review", { number: boot.review_number }) : words.t("status.noreview");
  find(".status .review").textContent = text;
  if (!boot.edition) return;
  const { number, effective_at } = boot.edition;
  find(".status .ed").replaceChildren(el("i", {}, `${words.t("status.edition")} `), words.t("edition", { n: number }), words.lang === "en" ? ", " : "，", words.t("edition.since", { date: words.date(effective_at) }));
}

function sheet(map) {
  const panel = find(".panel"), grab = find(".grab");
  grab.addEventListener("click", () => {
    const folded = panel.classList.toggle("folded");
    document.body.classList.toggle("sheet-folded", folded);
    grab.setAttribute("aria-expanded", String(!folded));
    map.invalidateSize();
  });
}
