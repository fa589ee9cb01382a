// Where the page is in the division: the chain of areas from the city down, and the levels not entered yet.
import { el } from "./dom.js";

/** `chain` are the areas from the city to the one the page is about; `below` stands in the place of the next level's name; `enter` null leads nowhere. */
export function crumb({ levels, chain, words, enter, below = null, here = true }) {
  const parts = levels.flatMap((level, number) => {
    const row = chain[number];
    const shown = row && here && number === chain.length - 1 ? el("span", { "aria-current": "true" }, row.name)
      : row && !enter ? el("span", { class: "next" }, row.name)
      : row ? el("a", { href: `?in=${row.code}`, onclick: (event) => { event.preventDefault(); enter(row.code); } }, row.name)
        : number === chain.length && below ? below : el("span", { class: "next" }, words.level(level));
    return number ? [el("i", { "aria-hidden": "true" }, "›"), shown] : [shown];
  });
  return el("nav", { class: "crumb", "aria-label": words.t("crumb") }, parts);
}
