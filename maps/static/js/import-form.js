// Steps one and two of an import: the file, and what its columns are. The datum has no default: nobody can guess it.
import { ICONS, el, icon } from "./dom.js";

const DATUMS = ["wgs84", "cgcs2000", "gcj02", "bd09"];
const REST = ["layer", "encoding", "within", "effective_at", "over_edits", "mend_width", "mend_area", "skip_bad", "despite_evidence", "time_zone"];
const UPLOAD = "M8 11V3M4.5 6.5 8 3l3.5 3.5M2.5 13.5h11";

/** The zone a file is dropped on or chosen by; `take(file)` gets it. */
export function drop_zone({ words, kind, limit_mb, take }) {
  const input = el("input", { type: "file", class: "vh", onchange: () => input.files[0] && take(input.files[0]) });
  const zone = el("label", { class: "drop-zone" }, input, icon(UPLOAD), el("b", {}, words.t("import.drop")), el("span", { class: "cap dim" }, words.t(words.has(`import.forms.${kind}`) ? `import.forms.${kind}` : "import.forms.rows")), el("span", { class: "cap dim" }, words.t("import.limit", { mb: words.n(limit_mb) })));
  const over = (is_over) => (event) => { event.preventDefault(); zone.classList.toggle("over", is_over); };
  zone.addEventListener("dragover", over(true));
  zone.addEventListener("dragleave", over(false));
  zone.addEventListener("drop", (event) => { over(false)(event); if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]); });
  return zone;
}

/** A bar of progress with words; `share` null = not known. */
export function bar(text, share, extra = null) {
  return el("div", { class: "doing" },
    el("div", { class: "row cap" }, el("span", {}, text), el("span", { class: "push dim" }, share === null ? "" : `${Math.floor(share * 100)}%`), extra),
    el("div", { class: `track${share === null ? " unknown" : ""}`, role: "progressbar", "aria-label": text, "aria-valuenow": share === null ? null : Math.floor(share * 100), "aria-valuemin": 0, "aria-valuemax": 100 }, el("i", { style: { width: share === null ? null : `${share * 100}%` } })));
}

/** The form of an import; `draft` is changed in place and `changed(name, is_typed)` called: what is typed stays as it is. */
export function form({ one, draft, words, changed }) {
  const fields = one.fields.filter((field) => !(field.name === "layer" && !one.holds?.layers.length));
  const line = (field) => (field.role === "datum" ? datum(field, { one, draft, words, changed }) : filled(field, { one, draft, words, changed }));
  const is_rest = (field) => (REST.includes(field.name) ? field.name !== "layer" : field.role === "column" && !field.is_needed && one.kind !== "boundaries" && !one.guess[field.name] && !one.mapping[field.name]);
  const main = fields.filter((field) => !is_rest(field)), rest = fields.filter(is_rest);
  const is_used = rest.some((field) => draft[field.name]) || Boolean(document.querySelector(".form .rest[open]"));
  return el("div", { class: "form" }, main.map(line),
    rest.length ? el("details", { class: "rest", open: is_used }, el("summary", {}, words.t("import.rest")), rest.map(line)) : null);
}

function filled(field, { one, draft, words, changed }) {
  const id = `field-${field.name}`;
  const set = (value, is_typed) => { draft[field.name] = value; changed(field.name, is_typed); };
  if (field.role === "flag") {
    return el("label", { class: "flag" }, el("input", { type: "checkbox", id, checked: Boolean(draft[field.name]), onchange: (event) => set(event.target.checked) }), el("span", {}, words.t(`import.field.${field.name}`), el("small", { class: "dim" }, words.t(`import.about.${field.name}`))));
  }
  const control = field.role === "text"
    ? el("input", { type: "text", id, value: draft[field.name] ?? "", autocomplete: "off", spellcheck: "false", placeholder: words.t(`import.about.${field.name}`), oninput: (event) => set(event.target.value.trim(), true) })
    : el("select", { id, onchange: (event) => set(event.target.value) }, options(field, one, draft[field.name] ?? "", words));
  return el("div", { class: "line" }, el("label", { for: id }, called(field, words), field.is_needed ? el("i", { class: "needed", title: words.t("import.needed") }, "＊") : null), control, reason(field, one, draft, words));
}

function options(field, one, value, words) {
  const listed = field.role === "column" ? one.holds.columns.map((column) => [column.name, column.name])
    : field.name === "layer" ? one.holds.layers.map((name) => [name, name])
      : field.choices.map((choice) => [choice.value, words.lang === "en" ? choice.en : choice.zh]);
  const chosen = field.name === "layer" ? value || one.holds.layer : value;
  const none = field.name === "layer" ? [] : [["", words.t(field.role === "column" ? "import.no-column" : field.name === "encoding" ? "import.recognise" : "import.choose")]];
  return [...none, ...listed].map(([name, text]) => el("option", { value: name, selected: name === chosen }, text));
}

/** Why a column is proposed, and what stands in it. */
function reason(field, one, draft, words) {
  const value = draft[field.name];
  const guess = one.guess[field.name];
  const said = guess && guess.value === value ? el("span", { class: "chip", title: guess.why[words.lang === "en" ? "en" : "zh"] }, words.t("import.guessed"), guess.why[words.lang === "en" ? "en" : "zh"]) : null;
  const found = field.name === "encoding" && one.holds.encoding ? el("span", { class: "cap dim" }, `${one.holds.encoding} ${one.holds.encoding_why?.[words.lang === "en" ? "en" : "zh"] ?? ""}`) : null;
  const column = field.role === "column" && one.holds.columns.find((one_column) => one_column.name === value);
  const samples = column ? el("span", { class: "samples" }, column.samples.slice(0, 3).join(words.lang === "en" ? ", " : "、") || words.t("import.blank")) : null;
  return said || samples || found ? el("p", { class: "why" }, samples, said, found) : null;
}

function datum(field, { one, draft, words, changed }) {
  const value = draft.datum ?? "";
  const is_code = value !== "" && !DATUMS.includes(value);
  const set = (name, is_typed) => { draft.datum = name; changed("datum", is_typed); };
  const number = el("input", { type: "text", class: "epsg", id: "epsg", value: is_code ? value : "", placeholder: "EPSG:4549", "aria-label": "EPSG", autocomplete: "off", spellcheck: "false", oninput: (event) => set(event.target.value.trim(), true), onfocus: () => { radios.at(-1).querySelector("input").checked = true; } });
  const radio = (name, checked, extra = null) => el("label", { class: "radio" }, el("input", { type: "radio", name: "datum", value: name, checked, onchange: () => (name === "epsg" ? (number.focus(), set(number.value.trim(), true)) : set(name, true)) }),
    el("span", {}, el("b", {}, words.t(`import.datum.${name}`)), el("small", {}, words.t(`import.datum.${name}.about`))), extra);
  const radios = [...DATUMS.map((name) => radio(name, name === value)), radio("epsg", is_code, number)];
  return el("fieldset", { class: "datum" }, el("legend", {}, words.t("import.field.datum"), field.is_needed ? el("i", { class: "needed", title: words.t("import.needed") }, "＊") : null),
    el("p", { class: "note" }, words.t("import.datum.why")),
    el("p", { class: "cap dim told" }, one.holds?.crs ? words.t("import.datum.told", { crs: one.holds.crs }) : words.t("import.datum.untold")), radios);
}

/** The first rows as a table; columns that serve a field say which. */
export function preview({ one, draft, words, close }) {
  const columns = one.holds.columns.map((column) => column.name);
  const serves = (name) => one.fields.find((field) => field.role === "column" && draft[field.name] === name);
  const head = columns.map((name) => { const field = serves(name); return el("th", { class: field ? "used" : null }, el("span", {}, name), el("small", {}, field ? `= ${called(field, words)}` : words.t(`import.type.${one.holds.columns.find((column) => column.name === name).type}`))); });
  return [el("div", { class: "row" }, el("b", {}, words.t("import.preview", { n: one.holds.preview.length })), el("span", { class: "dim cap" }, one.holds.rows === null ? one.holds.form : words.t("import.rows-of", { n: words.n(one.holds.rows), form: one.holds.form })),
    close ? el("button", { class: "x push", type: "button", "aria-label": words.t("tip.close"), onclick: close }, icon(ICONS.close)) : null),
  el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": words.t("import.preview", { n: one.holds.preview.length }) }, el("table", { class: "tbl tight" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, one.holds.preview.map((row) => el("tr", {}, row.map((value) => el("td", {}, value)))))))];
}

/** What a field is called: in its own words where it brings some. */
export function called(field, words) {
  return field.words ? field.words[words.lang === "en" ? "en" : "zh"] : words.t(`import.field.${field.name}`);
}

/** Bytes as people say them. */
export function size(bytes, words) {
  return bytes < 1e6 ? `${words.n(Math.max(1, bytes / 1e3))} kB` : `${words.n(bytes / 1e6, 1)} MB`;
}
