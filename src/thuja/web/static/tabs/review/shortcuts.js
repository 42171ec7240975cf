// The keys of Review: what each does, and whether those of a single letter are wanted.

import { element, freshId } from "../../dom.js";
import { keep, kept } from "../../kept.js";
import { word } from "../../words.js";

const OFF = "thuja-no-shortcuts";
const SHOWN = [["⏎", "accept"], ["2–9", "others"], ["C", "correct"], ["S", "skip"], ["U", "undo"]];

// What a key asks for: "accept", "skip", "undo", "correct", or the number of an answer; null for any other.
export function askedBy({ key, target, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey || target.closest("input, textarea, select, dialog") || kept(OFF)) return null;
  if (key === "Enter") return target.closest("button, a, summary") ? null : "accept";
  if (/^[1-9]$/.test(key)) return Number(key);
  return { s: "skip", u: "undo", c: "correct" }[key.toLowerCase()] ?? null;
}

export function shortcutKeys() {
  const id = freshId("shortcuts");
  const input = element("input", { id, type: "checkbox", checked: !kept(OFF) });
  input.addEventListener("change", () => keep(OFF, input.checked ? "" : "1"));
  return element(
    "div",
    { class: "review-keys soft" },
    element("label", { class: "choice", for: id }, input, element("span", {}, word("review.shortcuts"))),
    element("p", {}, SHOWN.map(([key, name]) => element("span", {}, element("kbd", {}, key), " ", word(`review.key_${name}`)))),
  );
}
