// Who goes through a panel by the keyboard keeps the place when the panel is drawn anew, in a text that is being written too.
const CONTROLS = "a[href], button, input, select, summary, textarea, [tabindex]";

/** What a control says it is: where it stands anew, it says the same. Of radio buttons each has a value of its own. */
const said = (control) => `${control.tagName} ${control.type} ${control.name} ${control.type === "radio" ? control.value : ""} ${control.getAttribute("aria-label") ?? control.textContent}`;

/** Run `draw`, which draws what is in `root` anew. A focused control that it puts back keeps the focus. If it takes it away, the focus goes to the one
 *  of the same id; else, within the same row (`data-id`), to the one that says the same, and where there is none such to the first of that row. */
export function keeping_focus(root, draw) {
  const held = root.contains(document.activeElement) ? document.activeElement : null;
  const row = held?.closest("[data-id]")?.dataset.id, { selectionStart = null, selectionEnd = null } = held ?? {};
  draw();
  if (held?.isConnected) held.focus({ preventScroll: true });
  if (!held || held.isConnected) return;
  const within = row ? root.querySelector(`[data-id="${CSS.escape(row)}"]`) : root;
  const controls = [...(within?.querySelectorAll(CONTROLS) ?? [])];
  const next = (held.id && document.getElementById(held.id)) || controls.find((one) => said(one) === said(held)) || (row && controls[0]);
  next?.focus?.({ preventScroll: true });
  if (selectionStart !== null && next?.value === held.value) next.setSelectionRange(selectionStart, selectionEnd);
}
