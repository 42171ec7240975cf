// Rows as a table that opens in any spreadsheet (RFC 4180), with a byte order mark: names of people and animals are then
// read as they are.

// `rows` are lists of cells in the order of the columns.
export function tableOf(columns, rows) {
  return `\uFEFF${[columns, ...rows].map((row) => row.map(cellOf).join(",")).join("\r\n")}\r\n`;
}

// A quote stands before what a spreadsheet would run as a formula: names come from strangers.
function cellOf(value) {
  if (value === null || value === undefined) return "";
  const told = typeof value === "object" ? JSON.stringify(value) : String(value);
  const isFormula = typeof value === "string" && /^[=+\-@\t\r]/.test(told) && !Number.isFinite(Number(told));
  const text = isFormula ? `'${told}` : told;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
