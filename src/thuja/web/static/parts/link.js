// A link to another tab of the page, which looks like a button.

import { element } from "../dom.js";
import { word } from "../words.js";

// `#search?within=Aves` for ("search", { within: "Aves" }).
export function hashTo(name, values) {
  return `#${name}?${new URLSearchParams(values)}`;
}

export function tabLink(name, values, key) {
  return element("a", { class: "button", href: hashTo(name, values) }, word(key));
}
