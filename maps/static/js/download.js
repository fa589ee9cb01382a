// The table as CSV: every row of the level, with edition and data date in each, UTF-8 with a mark for Excel.

/** A cell of CSV that no table program takes for a formula. */
export const quoted = (value) => {
  const text = String(value ?? "");
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text; // no formulas from names
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export function download({ rows, values, boot, words, level }) {
  const columns = ["code", "name", "parent", "value", "area", "fallback", "grids", "dedicated", "incidents", "edition", "date"];
  const lines = [columns.map((name) => words.t(`export.${name}`))];
  for (const row of rows) {
    lines.push([row.code, row.name, values.place.get(row.parent)?.name, row.value, row.area_m2, row.fallback_m2, row.grids, row.dedicated, row.incidents, boot.edition.number, words.date(values.until ?? boot.edition.effective_at)]);
  }
  const text = `\ufeff${lines.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = `${boot.city.name}-${values.indicator}-${level.key}-${boot.edition.number}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
