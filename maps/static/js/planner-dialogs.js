// Questions that are asked before something is done, each in a dialog that says what will happen.
import { el } from "./dom.js";

/** A dialog; `fields` are elements of its form. Answers what the form holds, or null when it is left. */
export function ask({ words, title, body = [], fields = [], act, kind = "main", only = false, ready = () => null }) {
  return new Promise((resolve) => {
    const fault = el("p", { class: "fault", role: "alert", hidden: true });
    const form = el("form", { method: "dialog", onsubmit: (event) => {
      const wrong = ready(Object.fromEntries(new FormData(form)));
      if (!wrong) { box.returnValue = "yes"; return; }
      event.preventDefault();
      fault.hidden = false;
      fault.textContent = wrong;
    } }, el("h2", {}, title), ...body, ...fields, fault,
    el("div", { class: "row acts" }, only ? null : el("button", { class: "btn", type: "button", onclick: () => box.close("") }, words.t("plan.cancel")), el("button", { class: `btn ${kind} push`, type: "submit", value: "yes" }, act)));
    const box = el("dialog", { class: "help ask", "aria-label": title }, form);
    box.addEventListener("close", () => {
      const told = box.returnValue === "yes" ? Object.fromEntries(new FormData(form)) : null;
      box.remove();
      resolve(told);
    });
    document.body.append(box);
    box.showModal();
    (form.querySelector("input, textarea, select") ?? form.querySelector("[type=submit]")).focus();
  });
}

export const field = (label, input, hint) => el("label", { class: "asked" }, el("span", {}, label), input, hint ? el("small", { class: "dim" }, hint) : null);
