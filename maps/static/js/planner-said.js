// Changes in words, and what the server refuses one for, in the page's language where the server speaks it.

/** A refusal in words; `name` calls by its name what a code in it stands for, as people do, or answers the code. */
export function said(error, words, name = (code) => code) {
  return words.lang === "en" ? error.message : (error.zh ?? error.message).replace(/[\w-]{6,}/g, (code) => name(code));
}

/** How many grids a scope is given, and how many it gives up. */
const counts = ({ leaves, gone }) => ({ given: (leaves?.features ?? leaves ?? []).length, gone: (gone ?? []).length });

/** A change in words. */
export function told_of(change, words, name) {
  const of = (code) => (code ? name(code) : ""), many = (codes) => codes.map(of).join(words.lang === "en" ? ", " : "、");
  const values = { a: of(change.code ?? change.a), b: change.b && of(change.b), to: change.to ? of(change.to) : words.t("plan.fallback"), names: change.codes && many(change.codes), ...counts(change), keep: change.keep && of(change.keep), name: change.name, parent: change.parent };
  return words.t(`plan.told.${change.kind}`, values);
}
