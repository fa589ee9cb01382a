// The keyboard: / search, J K rows, Enter in, Esc out, ? help.
import { el, find } from "./dom.js";

const typing = (target) => target.closest("input, select, textarea, dialog, .when-drop");

/** `names` says what a key does here, where that is another thing than on the coverage map. */
export function keys({ words, step, enter, up, names = {} }) {
  const help = find(".help");
  const rows = [["/", "search"], ["J K", "rows"], ["Enter", "enter"], ["Esc", "up"], ["+ −", "zoom"], ["?", "help"]];
  help.replaceChildren(el("h2", {}, words.t("keys")), el("dl", {}, rows.flatMap(([key, name]) => [el("dt", {}, key.split(" ").map((one) => el("kbd", {}, one))), el("dd", {}, words.t(names[name] ?? `keys.${name}`))])),
    el("form", { method: "dialog" }, el("button", { class: "btn" }, words.t("keys.close"))));
  find(".zoom .keys").addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    const plain = !event.target.closest("button, a");
    const acts = {
      "/": () => find("#search").focus(), "?": () => help.showModal(),
      j: () => step?.(1), k: () => step?.(-1), Escape: () => up?.(),
      ...(plain || event.target.closest("tr") ? { Enter: () => enter?.() } : {}),
    };
    const act = acts[event.key] ?? acts[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
