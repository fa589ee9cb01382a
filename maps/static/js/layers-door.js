// The way to the layers menu. The menu itself is fetched when it is first wanted: a page without layers pays nothing for them.
import { el, find, say } from "./dom.js";
import { layers } from "./live.js";

const added = { map: el("div", { class: "on-layers" }), copy: el("div", { class: "on-layers" }) };
let menu = null;

/** What a legend says of the layers that are on: the same element however often the legend is made anew. */
export function layered(box) {
  return menu ? added[box.classList.contains("legend-copy") ? "copy" : "map"] : "";
}

/** Put the button on the map; `page` = {map, boot, words, state, atlas}. A page that is one file has no layers, and no button. */
export function layers_door(page) {
  if (!layers) return;
  const { words, state } = page, narrow = matchMedia("(max-width: 700px)");
  const ready = () => (menu ??= opened());
  const opened = async () => {
    const { Layers } = await layers();
    for (const box of document.querySelectorAll(".legend")) box.append(layered(box));
    return new Layers({ ...page, legends: Object.values(added), button }).begin();
  };
  const failed = (error) => {
    menu = null; // asked for again by the next press
    say(words.t("error.values", { reason: error.message }));
  };
  const button = el("button", { type: "button", "aria-haspopup": "dialog", "aria-expanded": "false", "aria-label": words.t("layers"), onclick: () => ready().then((one) => one.toggle(), failed) });
  const stand = () => { // among the tools, which narrow screens have no room for
    button.className = narrow.matches ? "float at-tr layers-open" : "btn layers-open";
    button.textContent = narrow.matches ? "" : words.t("layers");
    if (narrow.matches) find(".map .zoom").after(button);
    else find(".tools .print").before(button);
  };
  narrow.addEventListener("change", stand);
  stand();
  if (state.get("layers") || state.get("thing")) ready().catch(failed);
}
