// The table as CSV: every row of the level, with edition and data date in each, UTF-8 with a mark for Excel.

/** A cell of CSV that no table program takes for a formula. */
export const quoted = (value) => {
  const text = String(value ?? "");
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text; // no formulas from names
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

const CELLS = ["value", "of", "among", "unknown", "whole", "smoothed", "low", "high", "before_of", "before_among", "area_m2", "fallback_m2"];

/** Rows with every part they have; what says too little is told by its state and has its parts all the same. */
export function download({ rows, values, said, boot, words, level }) {
  const cells = CELLS.filter((name) => rows[0]?.[name] !== undefined);
  const heads = ["code", "name", "parent", ...cells, "state", "indicator", "edition", "run", "since", "until"];
  const lines = [heads.map((name) => words.t(`export.${name}`))];
  for (const row of rows) {
    lines.push([row.code, row.name, values.place.get(row.parent)?.name, ...cells.map((name) => row[name]), said.why(row), said.name, boot.edition.number, values.run?.number, words.date(values.since), words.date(values.until ?? boot.edition.effective_at)]);
  }
  save(`\ufeff${lines.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`, `${boot.city.name}-${values.indicator}-${level.key}-${boot.edition.number}.csv`);
}

function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
