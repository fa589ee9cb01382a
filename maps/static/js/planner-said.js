// Changes in words, and what the server refuses a drawing for: it speaks English, with the codes and numbers in it.

const SAID = [
  [/^the line makes (\d+) pieces?, not (\d+)/, "pieces"], [/^the line does not part (\S+) from (\S+);/, "part"], [/^(.+) would change outside (\S+), the scope/, "outside"], [/^what is drawn lies outside (\S+), the scope/, "away"],
  [/^the outline of the city would move/, "outline"], [/^(.+) locked in plan/, "locked"], [/^(.+) reserved by plan (\d+)/, "reserved"], [/^the drawn polygon holds no ground of another leaf/, "own"],
  [/^the drawn polygon lies outside the city/, "beyond"], [/^a polygon is wanted/, "polygon"], [/^a line is wanted/, "line"], [/^what is drawn is thinner than ([\d.]+) m/, "thin"], [/^the code (\S+) is in use/, "code"],
  [/^the code '(.+)' (?:has not|does not)/, "form"], [/^(\S+) is fallback ground already/, "fallback"], [/^(.+) changed since plan \d+ was begun on edition (\d+); in force is edition (\d+)/, "since"],
  [/^(\S+) lies outside (\S+), which is replaced/, "elsewhere"], [/^([\d,.]+) m² that are given, first to (\S+), are not/, "overreach"], [/^([\d,.]+) m² are given twice, first to (\S+) and (\S+);/, "twice"],
  [/^(.+) drew or submitted plan/, "own-plan"], [/^(.+) gave a verdict on plan/, "again"], [/is no hour to schedule for/, "hour"], [/^the server cannot be reached/, "lost"],
];

/** A refusal in words; where the page has none of its own, the server's. `name` calls a grid by its code. */
export function said(error, words, name = (code) => code) {
  if (words.lang === "en") return error.message;
  for (const [form, key] of SAID) {
    const found = form.exec(error.message);
    if (!found) continue;
    const [a, b, c] = found.slice(1).map((part) => part?.replace(/[\w-]{9,}/g, (code) => name(code)));
    return words.t(`plan.said.${key}`, { a, b, c });
  }
  return error.message;
}

/** How many grids a scope is given, and how many it gives up. */
const counts = ({ leaves, gone }) => ({ given: (leaves?.features ?? leaves ?? []).length, gone: (gone ?? []).length });

/** A change in words. */
export function told_of(change, words, name) {
  const of = (code) => (code ? name(code) : ""), many = (codes) => codes.map(of).join(words.lang === "en" ? ", " : "、");
  const values = { a: of(change.code ?? change.a), b: change.b && of(change.b), to: change.to ? of(change.to) : words.t("plan.fallback"), names: change.codes && many(change.codes), ...counts(change), keep: change.keep && of(change.keep), name: change.name, parent: change.parent };
  return words.t(`plan.told.${change.kind}`, values);
}
