// How many were found and in which order, in a line above the results.

import { number, word } from "../../words.js";

// `isWhole` where all that there is has come, `most` how many can be scrolled through.
export function foundWords({ hits, total: count, took_ms: took }, { state, isAsked, isWhole, most }) {
  const order = state.varied ? "search.varied_found" : isAsked ? "search.found" : "search.kept";
  const parts = [word(state.group ? "search.grouped" : order, { count })];
  if (isWhole && hits.length < count) parts.push(word("search.shown", { count: hits.length }));
  if (!isWhole && count > most) parts.push(word("search.first", { count: most }));
  if (typeof took === "number") parts.push(`${number(took, { maximumFractionDigits: 1 })}\u00A0ms`);
  return parts.join(" · ");
}
