// Rows that travel as columns: one value where a column holds nothing else, and nothing twice that the parent says already.

/** A value of a column. */
export const at = (column, k) => (Array.isArray(column) ? column[k] : column);

/** The columns of rows with whole ids, codes and names; `above` are the columns of their parents. */
export function unpacked({ step, code_after, name_after, ...rows }, above) {
  if (!step) return rows;
  const parents = new Map(above.id.map((id, k) => [id, k]));
  let last = 0;
  const whole = (name, after) => rows[name].map((tail, k) => (at(after, k) ? above[name][parents.get(at(rows.parent, k))] + tail : tail));
  return { ...rows, id: step.map((by) => (last += by)), code: whole("code", code_after), name: whole("name", name_after) };
}
