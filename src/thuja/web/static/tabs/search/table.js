// Results as a table: what every picture has, then the columns of the index.

import { tableOf } from "../../parts/table.js";
import { RANKS } from "../../parts/taxon.js";

const FIRST = [
  "id", "score", ...RANKS, "scientific_name", "common", "license", "license_link", "credit", "source",
];

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
