// The date and edition of the page: always shown; another date is a page of its own.
import { ICONS, el, find, icon } from "./dom.js";
import { downloads } from "./live.js";


export function when({ boot, words, state }) {
  const button = find(".when"), drop = find(".when-drop");
  if (!boot.edition) { button.hidden = true; return; }
  if (boot.kept) { kept(button, drop, boot, words); return; }
  const standing = boot.forecast ? "future" : boot.at || boot.edition.number < boot.current ? "past" : "current";
  button.querySelector("b").textContent = boot.at ? words.date(boot.at) : words.moment(boot.now);
  button.querySelector(".ed").textContent = `${words.t("edition", { n: boot.edition.number })} · ${words.t(`when.${standing}`)}`;
  button.classList.toggle("past", standing !== "current");
  if (standing !== "current") stale(boot, words, state);
  fill(drop, boot, words, state);
  opening(button, drop);
}

function opening(button, drop) {
  const open = (shown) => {
    drop.hidden = !shown;
    button.setAttribute("aria-expanded", String(shown));
    if (shown) (drop.querySelector("input") ?? drop).focus();
  };
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

/** A page that is one file shows one date: what it is, and what it was made from. */
function kept(button, drop, boot, words) {
  const { number, effective_at, published_by, summary } = boot.edition;
  const { made_at, tolerance_m, decimals } = boot.kept;
  button.querySelector("b").textContent = words.date(boot.at ?? made_at);
  button.querySelector(".ed").textContent = words.t("edition", { n: number });
  const exact = tolerance_m ? words.t("kept.thinned", { m: tolerance_m }) : words.t("kept.exact", { n: decimals });
  const facts = [
    ["kept.edition", [words.t("edition", { n: number }), words.t("edition.since", { date: words.date(effective_at) }), summary].filter(Boolean).join(" · ")],
    ["kept.published", published_by], ["kept.at", words.date(boot.at ?? made_at)], ["kept.made", `${words.date(made_at)} ${words.moment(made_at).slice(6)}`], ["kept.borders", exact],
  ];
  drop.replaceChildren(el("h3", {}, words.t("kept")), el("dl", { class: "kept-facts" }, facts.flatMap(([name, text]) => [el("dt", {}, words.t(name)), el("dd", {}, text)])), el("p", { class: "cap dim" }, words.t("kept.note")));
  drop.tabIndex = -1;
  opening(button, drop);
  if (!boot.forecast) return;
  button.classList.add("past");
  button.querySelector(".ed").textContent += ` · ${words.t("when.future")}`;
  warn(foretold(boot, words));
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
  drop.replaceChildren(form, el("h3", {}, words.t("when.editions")), el("ul", {}, editions), ...files(boot, words));
  if (boot.at) drop.append(el("a", { class: "btn back", href: state.address({ at: null, lang: null }) }, words.t("stale.back")));
}

/** The edition shown as a file, in every format. */
function files({ edition }, words) {
  const link = ([name, href]) => el("a", { class: "chip", href, download: true }, name);
  return [el("h3", {}, words.t("when.files", { n: edition.number })), el("p", { class: "row wrap files" }, downloads(edition).map(link))];
}

function stale(boot, words, state) {
  const said = boot.forecast ? foretold(boot, words) : [words.t("stale", { n: boot.edition.number, date: words.date(boot.at ?? boot.now) })];
  warn(said, el("a", { class: "btn", href: state.address({ at: null, lang: null }) }, words.t("stale.back")));
}

/** The bar above the page: what is shown does not hold today. */
function warn(said, ...ways) {
  document.body.classList.add("is-stale");
  const bar = find(".stale");
  bar.hidden = false;
  bar.replaceChildren(el("span", {}, said), ...ways);
}

/** What a forecast rests on: the plans that are scheduled until then, and those that could not come into force. */
function foretold({ forecast: { plans, omitted }, edition, at, kept }, words) {
  const told = { n: edition.number, date: words.date(at) };
  const rests = plans.length ? [words.t("forecast.on", told), ...named(plans, words, kept)] : [words.t("forecast.none", told)];
  return [el("b", {}, words.t("forecast")), " ", ...rests, ...(omitted.length ? [words.t("forecast.omitted"), ...named(omitted, words, kept)] : [])];
}

/** Scheduled plans by name, each leading to itself but in a file; its hour, or why it is left out, is its title. */
export function named(plans, words, is_file = false) {
  return plans.flatMap((one, k) => [k ? words.t("forecast.and") : "", el(is_file ? "b" : "a", { href: is_file ? null : `/maps/planner?plan=${one.plan}`, title: one.why ?? words.moment(one.effective_at) }, one.plan_name)]);
}
