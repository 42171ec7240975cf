// An answer as the way down the tree, to where it stops.

import { element } from "../dom.js";
import { word } from "../words.js";
import { score } from "./score.js";
import { answerName, rankWord } from "./taxon.js";

// `path` are answers from the kingdom down; below `settled` they are shown as not claimed. `onpick(answer)` makes
// each name a button.
export function pathDown(path, { settled = null, isAsked = false, onpick = null } = {}) {
  const depth = settled ? path.findIndex((step) => step.rank === settled.rank) : isAsked ? -1 : path.length;
  const steps = path.map((step, place) => {
    const isBelow = place > depth;
    const name = answerName(step);
    return element(
      "li",
      { class: isBelow ? "step step-below" : place === depth ? "step step-settled" : "step" },
      element("span", { class: "step-rank" }, step.rank ? rankWord(step.rank) : ""),
      onpick ? element("button", { class: "link step-name", type: "button", onclick: () => onpick(step) }, name)
        : element("span", { class: "step-name" }, name),
      isBelow ? element("span", { class: "unseen" }, word("path.below")) : null,
      score(step.score),
    );
  });
  return element("ol", { class: "path", "aria-label": word("path.label") }, steps);
}

// A lineage in one line: `onpick(path, taxon)` for a click on a name.
export function crumbs(nodes, onpick) {
  const items = nodes.map((node, place) => {
    const isLast = place === nodes.length - 1;
    const name = answerName(node, { isShort: true });
    return element(
      "li",
      {},
      isLast ? element("span", { "aria-current": "location" }, name)
        : element("button", { class: "link", type: "button", onclick: () => onpick(node) }, name),
    );
  });
  return element("nav", { class: "crumbs", "aria-label": word("path.crumbs") }, element("ol", {}, items));
}
