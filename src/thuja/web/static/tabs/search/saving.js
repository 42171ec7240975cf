// All results as a table in a file, which come a part at a time.

import { saveFile } from "../../dom.js";
import { word } from "../../words.js";
import { tableOfHits } from "./table.js";

export async function saveHits(asking, { total, announce }) {
  const hits = [];
  while (hits.length < total) {
    const count = Math.min(asking.atOnce, total - hits.length);
    const came = await asking.load(hits.length, count);
    hits.push(...came);
    announce(word("search.saving", { count: hits.length }));
    if (came.length < count) break;
  }
  saveFile("search.csv", "text/csv;charset=utf-8", tableOfHits(hits));
  announce(word("search.saved", { count: hits.length }));
}
