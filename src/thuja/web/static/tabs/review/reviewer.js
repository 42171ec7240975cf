// Who looks through the answers: asked once, and remembered in this browser.

import { element, freshId } from "../../dom.js";
import { keep, kept } from "../../kept.js";
import { word } from "../../words.js";

const KEPT = "thuja-reviewer";

// `done()` is called on Enter.
export function reviewerBox({ done }) {
  const id = freshId("reviewer");
  const input = element("input", { id, type: "text", autocomplete: "name", maxlength: 200, value: kept(KEPT) });
  input.addEventListener("input", () => {
    keep(KEPT, input.value.trim());
    input.removeAttribute("aria-invalid");
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !input.value.trim()) return;
    event.stopPropagation(); // it ends the name, and accepts nothing
    done();
  });
  const node = element("div", { class: "reviewer" }, element("label", { for: id }, word("review.who")), input);
  return {
    node,
    name: () => input.value.trim(),
    demand() {
      input.setAttribute("aria-invalid", "true");
      input.focus();
    },
  };
}
