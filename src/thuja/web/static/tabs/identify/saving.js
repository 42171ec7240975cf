// Answers as files: a row a photo and answer for a spreadsheet, everything for a program.

import { saveFile } from "../../dom.js";
import { tableOf } from "../../parts/table.js";
import { RANKS } from "../../parts/taxon.js";

const COLUMNS = ["file", "answer", "label", "score", "rank", ...RANKS, "common", "settled", "settled_rank", "settled_score", "model", "error"];

export function saveCsv(photos) {
  const rows = photos.flatMap(rowsOf).map((row) => COLUMNS.map((column) => row[column]));
  saveFile("thuja-answers.csv", "text/csv", tableOf(COLUMNS, rows));
}

export function saveJson(photos) {
  const told = photos.map(({ name, box, result, error }) => {
    const { vector, siblings, ...answer } = result ?? {};
    return { file: name, box, error, ...answer };
  });
  saveFile("thuja-answers.json", "application/json", `${JSON.stringify(told, null, 2)}\n`);
}

function rowsOf({ name, result, error }) {
  if (!result) return [{ file: name, error: error?.detail ?? "" }];
  const { settled, model } = result;
  const stop = settled ? { settled: settled.text, settled_rank: settled.rank, settled_score: settled.score } : {};
  return result.answers.map((answer, place) => ({
    file: name, answer: place + 1, label: answer.text, score: answer.score, rank: answer.rank, model, ...stop,
    ...Object.fromEntries([...RANKS, "common"].map((rank) => [rank, answer.taxon?.[rank]])),
  }));
}
