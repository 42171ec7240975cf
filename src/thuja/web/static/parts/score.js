// A probability as a number and a bar, neither of them bolder than it is.

import { element } from "../dom.js";
import { share, word } from "../words.js";

export function score(value, { label = word("score.label") } = {}) {
  const width = `${Math.max(0, Math.min(1, value)) * 100}%`;
  return element(
    "span",
    { class: "score" },
    element("span", { class: "unseen" }, `${label}: `),
    element("span", { class: "score-number" }, share(value)),
    element("span", { class: "score-bar", "aria-hidden": "true" }, element("span", { style: { width } })),
  );
}

// A cosine is no probability, and has no bar.
export function likeness(cosine) {
  return element("span", { class: "likeness", title: word("score.cosine") }, cosine.toFixed(3));
}
