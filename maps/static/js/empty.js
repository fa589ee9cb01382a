// The page of a database without a city: what is missing, and the two commands that bring one in.
import { el, find } from "./dom.js";
import { Language } from "./i18n.js";
import { shell } from "./shell.js";
import { State } from "./state.js";

export default function start(map, boot) {
  const words = new Language(boot);
  const state = new State({});
  map.setView([35, 105], 4, { animate: false });
  shell({ map, boot, words, state, go: () => {} });
  document.body.classList.add("is-empty");
  const command = (name, text) => [el("h3", {}, words.t(name)), el("pre", { class: "command", tabindex: "0" }, text)];
  find(".panel .scroll").replaceChildren(el("div", { class: "empty" }, el("b", {}, words.t("empty.title")), el("p", {}, words.t("empty.body")), el("a", { class: "btn see", href: "/maps/import" }, words.t("empty.page")),
    ...command("empty.demo", "./gridatlas demo"), ...command("empty.import", "./gridatlas import boundaries SOURCES.toml --commit")));
}
