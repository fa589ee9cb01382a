// What kinds of things the city has: names, fields and lists from the server, and how a row of them is said.
import { answered } from "./answered.js";
import { GROUPS, group_of } from "./marks.js";

export class Registry {
  /** The registry as the server tells it. */
  static async read(words) {
    return new Registry((await answered(await fetch("/v1/entities"))).entities, words);
  }

  constructor(entities, words) {
    this.words = words;
    this.slugs = new Map(entities.map((one) => [one.slug, one]));
    const order = Object.keys(GROUPS);
    const place = ({ slug }) => [order.indexOf(group_of(slug)), Object.keys(GROUPS[group_of(slug)]).indexOf(slug)];
    /** What has a place and can be drawn, in the order of the menu. */
    this.layers = entities.filter((one) => one.tiles).sort((a, b) => place(a)[0] - place(b)[0] || place(a)[1] - place(b)[1]);
  }

  of(slug) {
    return this.slugs.get(slug);
  }

  named(slug) {
    return this.words.told(this.of(slug));
  }

  /** One row in full. The list's own door tells it, since that of a business district tells much more and takes longer. */
  async row({ slug, id }) {
    const { features } = await answered(await fetch(`/v1/${slug}?after=${id - 1}&limit=1`));
    if (features[0]?.id !== id) throw new Error(this.words.t("layers.gone", { id, name: this.named(slug) }));
    return features[0];
  }

  /** Rows of a layer in a box, at most so many, and whether there are more. */
  async within(slug, bounds, limit) {
    const box = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()].map((one) => one.toFixed(6)).join(",");
    const { features, next } = await answered(await fetch(`/v1/${slug}?bbox=${box}&limit=${limit}`));
    return { rows: features, more: Boolean(next) };
  }

  // -- as it is said ------------------------------------------------------------------------------------------------
  /** What a row is called: its name, else what it is and where. */
  title(slug, { properties }) {
    const name = (this.words.lang === "en" && properties.name_en) || properties.name;
    if (name) return name;
    const { fields } = this.of(slug);
    const kinds = fields.filter(({ kind, name: key }) => kind === "choice" && properties[key]).slice(0, 1).map((field) => this.value(field, properties[field.name]));
    const where = fields.filter(({ kind, name: key }) => (kind === "place" || kind === "reference") && properties[key]).slice(0, 1).map(({ name: key }) => properties[key].name ?? properties[key].reference ?? properties[key]);
    return [...kinds, ...where].join(" · ") || properties.reference;
  }

  /** What is said of it under the pointer, before it is asked for. */
  hint({ slug, name, count }, together) {
    if (count) return this.words.t("layers.hint.count", { n: this.words.n(count), name: this.named(slug) });
    const text = name ?? this.named(slug);
    return together > 1 ? this.words.t("layers.hint.more", { text, n: this.words.n(together) }) : text;
  }

  /** A field's value in words; null where it is not known. */
  value({ kind, words: list, unit }, value) {
    const { words } = this;
    if (value === null || value === undefined) return null;
    if (kind === "choice") return words.told(list.find(({ key }) => key === value) ?? { zh: value, en: value });
    if (kind === "flag") return words.t(value ? "layers.yes" : "layers.no");
    if (kind === "count") return words.n(value);
    if (kind === "figure") return `${words.n(value, Number.isInteger(value) ? 0 : 1)}${unit ? ` ${unit}` : ""}`;
    if (kind === "moment") return `${words.date(value)} ${words.moment(value).slice(6)}`;
    if (kind === "reference") return value.name ?? value.reference;
    return String(value);
  }
}
