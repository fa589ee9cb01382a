// What was just done, in the past tense, with the way back; it goes by itself after six seconds.
import { el, find } from "./dom.js";

const SHOWN_MS = 6000;
let leaving = null;

/** Show a text; `undo()` is called when the reader takes it back. Focus and pointer keep it. */
export function toast(text, words, undo) {
  let box = find(".toast");
  if (!box) find(".map").append(box = el("div", { class: "toast", role: "status" }));
  const close = () => box.remove();
  const wait = () => { clearTimeout(leaving); leaving = setTimeout(close, SHOWN_MS); };
  const back = undo ? el("button", { type: "button", onclick: () => { close(); undo(); } }, words.t("undo")) : null;
  box.replaceChildren(...[el("span", {}, text), back].filter(Boolean));
  box.onmouseenter = box.onfocusin = () => clearTimeout(leaving);
  box.onmouseleave = box.onfocusout = wait;
  wait();
}
