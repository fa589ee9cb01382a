// Step three of an import: what was found, by severity and kind, each row with its place.
import { el, find, icon } from "./dom.js";
import { keeping_focus } from "./focus.js";
import { findings as ask } from "./import-doors.js";

const PAGE = 20;
export const MARKS = {
  error: "M8 1.8 14.2 8 8 14.2 1.8 8zM8 5v3.6M8 11h.01",
  warning: "M8 2 14.5 13.5h-13zM8 6.4v3.2M8 11.6h.01",
  info: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 7.2v3.6M8 5.1h.01",
  good: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM5.3 8.2l1.9 1.9 3.6-4",
};
const CLASSES = { error: "bad", warning: "warn", info: "info" };

export class Findings {
  /** `heard.choose(finding)` is called with the row that was taken, `heard.drawn()` when rows came. */
  constructor({ words, heard }) {
    Object.assign(this, { words, heard, groups: [], chosen: null });
  }

  /** The list of an import that was judged; groups open when they are asked for, the gravest at once. Drawn again it is as it was left. */
  of(one) {
    const key = `${one.id} ${one.judged.at}`, is_other = key !== this.key;
    Object.assign(this, { id: one.id, key });
    if (is_other) this.groups = one.judged.kinds.map((kind) => ({ ...kind, rows: [], next: 0, total: kind.count, open: false }));
    const counts = one.judged.counts;
    const chips = Object.entries(CLASSES).filter(([severity]) => counts[severity]).map(([severity, kind]) => el("span", { class: `chip ${kind}` }, `${this.words.t(`import.${severity}`)} ${this.words.n(counts[severity])}`));
    if (is_other) this.body = el("div", { class: "groups" });
    this.draw();
    if (is_other && this.groups.length) this.toggle(this.groups[0], true);
    return [el("div", { class: "row wrap" }, chips.length ? chips : el("span", { class: "chip good" }, this.words.t("import.nothing-found"))), this.body];
  }

  title(group) {
    return (this.words.lang === "en" ? group.title?.en : group.title?.zh) ?? group.kind;
  }

  draw() {
    keeping_focus(this.body, () => this.body.replaceChildren(...this.groups.map((group) => this.group(group))));
  }

  group(group) {
    const words = this.words;
    const ground = group.area_m2 ? words.t("import.m2", { n: words.n(group.area_m2, group.area_m2 < 10 ? 2 : 0) }) : "";
    const head = el("button", { class: "group", type: "button", "aria-expanded": String(group.open), onclick: () => this.toggle(group) },
      el("span", { class: CLASSES[group.severity] }, icon(MARKS[group.severity])), el("b", {}, this.title(group)), el("span", { class: "dim cap" }, ground), el("span", { class: "count" }, words.n(group.count)));
    const id = `${group.severity}-${group.kind}`;
    if (!group.open) return el("section", { "data-id": id }, head);
    const left = group.total - group.next;
    return el("section", { "data-id": id }, head,
      group.listed === false ? el("p", { class: "cap dim lone" }, words.t("import.counted-only"))
        : el("ul", { class: "rows", role: "listbox", "aria-label": this.title(group) }, group.rows.map((row) => this.row(row))),
      group.error ? el("p", { class: "wrong", role: "alert" }, group.error) : null,
      left > 0 && group.listed !== false ? el("button", { class: "btn bare more", type: "button", id: `more-${id}`, onclick: () => this.more(group) }, words.t("import.more", { n: Math.min(left, PAGE) })) : null);
  }

  row(row) {
    const words = this.words;
    const rows = row.rows?.length ? words.t("import.row", { n: row.rows.map((one) => words.n(one)).join(" · ") }) : row.file || "–";
    const codes = (row.codes ?? []).filter(Boolean).join(" · ");
    const size = row.area_m2 === null || row.area_m2 === undefined ? "" : words.t("import.m2", { n: words.n(row.area_m2, row.area_m2 < 10 ? 2 : 0) });
    const is_chosen = this.chosen?.number === row.number;
    const has_place = row.lon !== null && row.lon !== undefined;
    return el("li", { role: "option", tabindex: "-1", class: is_chosen ? "sel" : null, "aria-selected": String(is_chosen), "data-number": row.number, onclick: () => this.heard.choose(row) },
      el("span", { class: "line" }, el("span", { class: "nowrap" }, rows), el("span", { class: "push nowrap" }, size), has_place ? el("span", { class: "show" }, words.t("import.show")) : el("span", { class: "dim cap nowrap" }, words.t("import.no-place"))),
      codes ? el("span", { class: "code" }, codes) : null,
      is_chosen || !has_place || !codes ? el("span", { class: "cap said" }, row.message[words.lang === "en" ? "en" : "zh"]) : null);
  }

  async toggle(group, open = !group.open) {
    group.open = open;
    this.draw();
    if (open && !group.rows.length) await this.more(group);
  }

  async more(group) {
    try {
      const told = await ask(this.id, { kind: group.kind, severity: group.severity, limit: PAGE, after: group.next });
      group.next += told.findings.length;
      group.rows.push(...told.findings.filter((row) => !group.rows.some((one) => one.number === row.number)));
      Object.assign(group, { total: told.total, error: null, listed: told.total > 0 });
    } catch (error) {
      group.error = error.message || this.words.t("import.cut-off");
    }
    this.draw();
    this.heard.drawn?.();
  }

  /** Mark a finding; its group is opened when its row is there, and the row is brought into sight. */
  mark(finding) {
    this.chosen = finding;
    if (!this.body) return;
    const group = finding && this.groups.find((one) => one.kind === finding.kind && one.severity === finding.severity);
    if (group && !group.rows.some((row) => row.number === finding.number)) group.rows.unshift(finding);
    if (group) group.open = true;
    this.draw();
    if (finding) find(`.panel [data-number="${finding.number}"]`)?.scrollIntoView({ block: "nearest" });
  }

  /** The finding so many rows below (or above) the chosen one, among those in open groups. */
  step(by) {
    const rows = this.groups.filter((group) => group.open).flatMap((group) => group.rows);
    const at = rows.findIndex((row) => row.number === this.chosen?.number);
    return rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by] ?? null;
  }
}
