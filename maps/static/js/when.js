// The date and edition of the page: always shown; another date is a page of its own.
import { ICONS, el, find, icon } from "./dom.js";

export function when({ boot, words, state }) {
  const button = find(".when"), drop = find(".when-drop");
  if (!boot.edition) { button.hidden = true; return; }
  const standing = boot.edition.number === boot.current ? "current" : boot.edition.number < boot.current ? "past" : "future";
  button.querySelector("b").textContent = boot.at ? words.date(boot.at) : words.moment(boot.now);
  button.querySelector(".ed").textContent = `${words.t("edition", { n: boot.edition.number })} · ${words.t(`when.${standing}`)}`;
  button.classList.toggle("past", standing !== "current" || Boolean(boot.at));
  if (standing !== "current") stale(boot, words, state);
  const open = (shown) => {
    drop.hidden = !shown;
    button.setAttribute("aria-expanded", String(shown));
    if (shown) drop.querySelector("input").focus();
  };
  fill(drop, boot, words, state);
  button.addEventListener("click", () => open(drop.hidden));
  drop.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    open(false);
    button.focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!drop.hidden && !event.target.closest(".when-box")) open(false);
  });
}

function fill(drop, boot, words, state) {
  const input = el("input", { type: "date", id: "at", value: words.date(boot.at ?? boot.now), required: true });
  const form = el("form", {
    onsubmit: (event) => {
      event.preventDefault();
      location.href = state.address({ at: input.value, lang: null });
    },
  }, el("label", { for: "at" }, words.t("when.pick")), el("div", { class: "row" }, input, el("button", { class: "btn", type: "submit" }, words.t("when.show"))));
  const editions = boot.editions.map((one) => {
    const here = one.number === boot.edition.number;
    const address = one.number === boot.current ? state.address({ at: null, lang: null }) : state.address({ at: one.effective_at, lang: null });
    return el("li", {}, el("a", { href: address, "aria-current": here ? "true" : null },
      here ? icon(ICONS.check) : el("i"),
      el("span", {}, el("b", {}, words.t("edition", { n: one.number })), one.number === boot.current ? el("span", { class: "chip info" }, words.t("when.current")) : null,
        el("small", {}, `${words.t("edition.since", { date: words.date(one.effective_at) })}${one.summary ? ` · ${one.summary}` : ""}`))));
  });
  drop.replaceChildren(form, el("h3", {}, words.t("when.editions")), el("ul", {}, editions));
  if (boot.at) drop.append(el("a", { class: "btn back", href: state.address({ at: null, lang: null }) }, words.t("stale.back")));
}

function stale(boot, words, state) {
  document.body.classList.add("is-stale");
  const bar = find(".stale");
  bar.hidden = false;
  bar.replaceChildren(words.t("stale", { n: boot.edition.number, date: words.date(boot.at ?? boot.now) }), el("a", { class: "btn", href: state.address({ at: null, lang: null }) }, words.t("stale.back")));
}
