// How the numbers of an indicator are said in the page's language: value, parts, unknown, classes.
import { SCARCE, UNKNOWN, value_of } from "./values.js";

export class Said {
  constructor(about, words) {
    Object.assign(this, { about, words });
  }

  get name() {
    return this.words.lang === "en" ? this.about.en : this.about.zh;
  }

  get short() {
    return this.words.pick(this.about.short);
  }

  /** One of the indicator's own words: of, rest, among, unknown, one. */
  word(name) {
    return this.about.words[name] ? this.words.pick(this.about.words[name]) : "";
  }

  /** A value without its unit; – where there is none. */
  value(value) {
    if (value === null || value === undefined) return "–";
    if (this.about.kind === "share") return this.words.percent(value);
    return this.words.n(value, this.about.kind === "count" || value >= 100 ? 0 : value < 1 ? 2 : 1);
  }

  /** A value with its unit. */
  full(value) {
    const said = this.value(value);
    if (said === "–") return said;
    return this.about.kind === "share" ? `${said}%` : `${said} ${this.word("one")}`;
  }

  /** One part of a value: `of`, `among` or `rest`. */
  part(name, row) {
    const number = name === "rest" ? row.among - row.of : row[name];
    return this.about.km2.includes(name === "rest" ? "of" : name) ? this.words.km2(number) : this.words.n(number);
  }

  /** k / n. */
  parts(row) {
    return this.about.kind === "count" ? this.part("of", row) : `${this.part("of", row)} / ${this.part("among", row)}`;
  }

  /** Where a value comes from: 9,333 / 12,991 units surveyed. */
  from(row) {
    if (this.about.kind === "share") return `${this.parts(row)} ${this.word("among")}`;
    if (this.about.kind === "count") return this.word("of");
    return `${this.part("of", row)} ${this.word("of")} / ${this.part("among", row)} ${this.word("among")}`;
  }

  /** How much is unknown, 0 to 1; null where nothing can be. */
  unknown(row) {
    return row.whole > 0 ? row.unknown / row.whole : null;
  }

  unknown_text(row) {
    const share = this.unknown(row);
    return share === null ? "–" : `${this.words.percent(share)}%`;
  }

  /** How a value moved against the run before: +1.8 points; null where it cannot be told. */
  moved(row) {
    if (row.before === undefined || row.before === null || row.value === null) return null;
    const points = (row.value - row.before) * (this.about.kind === "share" ? 100 : 1);
    const text = `${points < 0 ? "−" : "+"}${this.words.n(Math.abs(points), 1)}`;
    const better = points === 0 ? 0 : (points > 0) === (this.about.dark === "low") ? 1 : -1;
    return { text: this.about.kind === "share" ? this.words.t("trend.points", { n: text }) : text, better };
  }

  /** The words of one class: 80–89.9%, 20–49 … with the upper end as the largest value it can hold. */
  class_name({ lower, upper }, all) {
    const share = this.about.kind === "share", scale = share ? 100 : 1;
    const finest = Math.max(0, ...all.flatMap(({ lower: one }) => (one === null || (share && one > 0.999) ? [] : [digits_of(one * scale)])));
    const whole = this.about.kind === "count";
    const step = whole ? 1 : 10 ** -Math.max(1, finest);
    const show = (number) => this.words.n(number * scale, Math.min(finest, digits_of(number * scale)));
    const unit = share ? "%" : "";
    if (upper === null) return share && lower > 0.999 ? this.words.t("class.full") : this.words.t("class.above", { from: `${show(lower)}${unit}` });
    if (lower === null) return this.words.t("class.below", { to: `${show(upper)}${unit}` });
    const last = (share && upper > 0.999 ? 100 : upper * scale) - step;
    return `${this.words.t("class.between", { from: show(lower), to: this.words.n(last, digits_of(last, Math.max(1, finest))) })}${unit}`;
  }

  /** What is said of a place no value is shown of; blank where one is. */
  why(row) {
    return { [UNKNOWN]: this.words.t("class.unknown"), [SCARCE]: this.words.t("class.scarce") }[row.class] ?? "";
  }
}

/** An indicator that is told beside another. */
export class Beside extends Said {
  /** Its value in a row; null where it has none. */
  of(row) {
    const parts = row.beside?.[this.about.key];
    return parts ? value_of(this.about, parts) : null;
  }
}

/** Digits behind the point that a number needs, `most` at most. */
function digits_of(number, most = 2) {
  for (let k = 0; k < most; k++) if (Math.abs(number * 10 ** k - Math.round(number * 10 ** k)) < 1e-6) return k;
  return most;
}
