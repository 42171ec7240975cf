// Results as a table that opens in any spreadsheet.

import { RANKS } from "../../parts/taxon.js";

const FIRST = [
  "id", "score", ...RANKS, "scientific_name", "common", "license", "license_link", "credit", "source",
];

// A cell that a spreadsheet would take for a formula is given as text.
export function cellOf(value) {
  if (value === null || value === undefined) return "";
  let text = typeof value === "object" ? JSON.stringify(value) : String(value);
  if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function tableOf(columns, rows) {
  return `\ufeff${[columns, ...rows].map((row) => row.map(cellOf).join(",")).join("\r\n")}\r\n`;
}

export function tableOfHits(hits) {
  const known = new Set(hits.flatMap((hit) => Object.keys(hit.row || {})));
  const own = [...known].filter((name) => !FIRST.includes(name));
  const columns = [...FIRST, ...own];
  const rows = hits.map((hit) => [
    hit.id, hit.score, ...RANKS.map((rank) => hit.taxon?.[rank]), hit.taxon?.scientific_name, hit.taxon?.common,
    hit.picture?.license, hit.picture?.license_link, hit.picture?.credit, hit.picture?.source_url,
    ...own.map((name) => hit.row?.[name]),
  ]);
  return tableOf(columns, rows);
}
