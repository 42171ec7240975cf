// Who looks through the answers: asked once, and remembered in this browser.

import { element, freshId } from "../../dom.js";
import { keep, kept } from "../../kept.js";
import { word } from "../../words.js";

const KEPT = "thuja-reviewer";

export function reviewerBox() {
  const id = freshId("reviewer");
  const input = element("input", { id, type: "text", autocomplete: "name", maxlength: 200, value: kept(KEPT) });
  input.addEventListener("input", () => {
    keep(KEPT, input.value.trim());
    input.removeAttribute("aria-invalid");
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
