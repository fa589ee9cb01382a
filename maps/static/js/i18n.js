// Words, figures and dates in the page's language.

export class Language {
  constructor({ words, lang, city }) {
    this.words = words;
    this.lang = lang;
    this.zone = city?.time_zone;
    this.whole = new Intl.NumberFormat(lang, { maximumFractionDigits: 0 });
  }

  /** The text under `key` with `{name}` filled in; an unknown key is shown as it is, so that it is noticed. */
  t(key, values = {}) {
    const text = this.words[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name]) : all));
  }

  has(key) {
    return key in this.words;
  }

  /** The text under `key` for so many; English has another for one. */
  count(key, number, values = {}) {
    return this.t(number === 1 && this.has(`${key}.one`) ? `${key}.one` : key, { n: this.n(number), ...values });
  }

  n(value, digits = 0) {
    if (!digits) return this.whole.format(value);
    return new Intl.NumberFormat(this.lang, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  }

  /** Square metres as km² with as many digits as their size deserves. */
  km2(m2) {
    const value = m2 / 1e6;
    if (value === 0) return "0";
    if (value < 0.005) return "< 0.01";
    return this.n(value, value >= 100 ? 0 : value >= 10 ? 1 : 2);
  }

  /** A share as a percentage; one that is not quite everything never reads 100. */
  percent(share, digits = 1) {
    const shown = share < 1 && share > 0.9995 ? Math.floor(share * 10 ** (digits + 2)) / 10 ** digits : share * 100;
    return this.n(shown, shown === 100 || shown === 0 ? 0 : digits);
  }

  /** Year-month-day in the city's time zone. */
  date(iso) {
    return iso ? this.parts(iso).slice(0, 3).join("-") : "–";
  }

  /** A calendar day as it is written, in no time zone. */
  day(text) {
    return text ? text.slice(0, 10) : "–";
  }

  /** What was said in both languages, in the page's. */
  told({ zh, en }) {
    return this.lang === "en" ? en : zh;
  }

  /** Month-day hour:minute in the city's time zone. */
  moment(iso) {
    const [, month, day, hour, minute] = this.parts(iso);
    return `${month}-${day} ${hour}:${minute}`;
  }

  parts(iso) {
    const options = { timeZone: this.zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const found = Object.fromEntries(new Intl.DateTimeFormat("en-CA", options).formatToParts(new Date(iso)).map((part) => [part.type, part.value]));
    return [found.year, found.month, found.day, found.hour, found.minute];
  }

  /** One of two texts, [Chinese, English]. */
  pick([zh, en]) {
    return this.lang === "en" ? en : zh;
  }

  /** Who told something: the one there is, both, or the first of many. */
  sources(all) {
    return all.length > 2 ? this.t("status.sources", { name: all[0], n: all.length }) : all.join(" · ");
  }

  city(city) {
    return (this.lang === "en" && city.name_en) || city.name;
  }

  level(level) {
    return this.lang === "en" ? level.en.toLowerCase() : level.zh;
  }
}
