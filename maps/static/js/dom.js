// Elements without HTML: every text goes through a text node, so no name can be read as markup.
const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, listeners (`onclick: …`), and children (elements, strings, null). */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(made.style, value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** A 16 px line icon from its path data. */
export function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "ic");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export const ICONS = {
  down: "m4 6 4 4 4-4",
  close: "m4 4 8 8M12 4l-8 8",
  download: "M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11",
  check: "m3.5 8.5 3 3 6-7",
};

export const find = (selector) => document.querySelector(selector);

/** Say something to screen readers, once. */
export function say(text) {
  find("#say").textContent = text;
}
