// Above the answers: what is looked through, how far it has come, and what becomes of what is decided.

import { clear, element } from "../../dom.js";
import { word } from "../../words.js";

// `queue` and `session` are read; `open(kind)`, `teach(isWanted)` and `save()` are what the controls do.
export function drawHead(node, { queue, session, features, reviewer, open, teach, save }) {
  const { total, open: left, accepted, corrected, skipped, failed } = queue.progress();
  const done = accepted + corrected + skipped;
  const saving = done ? element("button", { type: "button", onclick: save }, word("review.save")) : null;
  clear(
    node,
    features.review ? sources(queue, open) : null,
    total ? [
      reviewer,
      element("progress", { max: total - failed, value: done, "aria-label": word("review.progress_label") }),
      element("p", { class: "soft" }, word("review.progress", { done, total: total - failed, open: left, accepted, corrected, skipped })),
      element("div", { class: "row" }, features.identify ? teacher(session, teach) : null, saving),
    ] : null,
  );
}

function sources(queue, open) {
  const button = (kind) => element(
    "button", { type: "button", "aria-pressed": String(queue.kind === kind), onclick: () => open(kind) }, word(`review.source_${kind}`),
  );
  return element("div", { class: "row", role: "group", "aria-label": word("review.sources") }, button("visit"), button("batch"));
}

function teacher({ examples, hasExamples }, teach) {
  const input = element("input", { type: "checkbox", checked: Boolean(hasExamples), onchange: () => teach(input.checked) });
  const count = examples.length;
  const text = count ? word("review.teaching", { count }) : word("review.teach");
  return element("label", { class: "choice" }, input, element("span", {}, text));
}
