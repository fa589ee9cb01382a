// Search by code or name: an accessible combobox (WAI-ARIA 1.2 pattern, list autocomplete).
import { el, find, say } from "./dom.js";
import { places as find_places } from "./live.js";

const WAIT_MS = 120;

export function search({ boot, words, go }) {
  const box = find(".search"), input = find("#search"), drop = find(".search .drop"), list = find("#found"), foot = find(".search .foot");
  let places = [], active = -1, timer = null, asked = null;
  if (!boot.city) { box.hidden = true; return; }

  const open = (shown) => {
    drop.hidden = !shown;
    box.classList.toggle("open", shown);
    input.setAttribute("aria-expanded", String(shown));
    if (!shown) activate(-1);
  };
  const activate = (number) => {
    active = number;
    [...list.children].forEach((item, k) => item.setAttribute("aria-selected", String(k === number)));
    const item = list.children[number];
    item ? input.setAttribute("aria-activedescendant", item.id) : input.removeAttribute("aria-activedescendant");
    item?.scrollIntoView({ block: "nearest" });
  };
  const choose = (place) => {
    clearTimeout(timer);
    asked?.abort(); // what comes late opens nothing any more
    open(false);
    input.value = place.name;
    input.blur();
    go(place);
  };
  const show = (text) => {
    list.replaceChildren(...places.map((place, k) => option(place, k, text, boot, words, choose)));
    foot.textContent = places.length ? words.t("search.keys") : words.t("search.none", { text });
    open(true);
    activate(places.length ? 0 : -1);
    say(places.length ? words.t("search.count", { n: places.length }) : foot.textContent);
  };
  const ask = async () => {
    const text = input.value.trim();
    asked?.abort();
    if (!text) { open(false); return; }
    asked = new AbortController();
    try {
      places = await find_places(boot, text, asked.signal);
      show(text);
    } catch (error) {
      if (error.name === "AbortError") return;
      places = [];
      list.replaceChildren();
      foot.textContent = words.t("search.failed", { reason: error.message });
      open(true);
    }
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, WAIT_MS); });
  input.addEventListener("focus", () => { if (input.value) input.select(); });
  input.addEventListener("blur", () => { clearTimeout(timer); asked?.abort(); setTimeout(() => open(false), 150); });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps && !drop.hidden && places.length) {
      event.preventDefault();
      activate((active + steps[event.key] + places.length) % places.length);
    } else if (event.key === "Enter" && places[active] && !drop.hidden) choose(places[active]);
    else if (event.key === "Enter") { clearTimeout(timer); ask(); }
    else if (event.key === "Escape") { clearTimeout(timer); asked?.abort(); drop.hidden ? input.blur() : open(false); event.stopPropagation(); }
  });
}

function option(place, number, text, boot, words, choose) {
  const level = boot.city.levels.find((one) => one.key === place.level);
  const kind = place.kind ? words.t(`kind.${place.kind}`) : words.level(level);
  return el("li", { role: "option", id: `found-${number}`, "aria-selected": "false", onpointerdown: (event) => { event.preventDefault(); choose(place); } },
    el("i", { class: `level-dot level-${place.kind ?? "area"}` }),
    el("span", {}, marked(place.name, text)), el("span", { class: "dim cap" }, kind), el("small", { class: "code" }, marked(place.code, text)));
}

/** The text with the part that was searched for in a mark. */
function marked(name, text) {
  const at = name.toLowerCase().indexOf(text.toLowerCase());
  if (at < 0) return name;
  return [name.slice(0, at), el("mark", {}, name.slice(at, at + text.length)), name.slice(at + text.length)];
}
