// A result as a card, and what can be done with it.

import { element } from "../../dom.js";
import { card } from "../../parts/card.js";
import { tabLink } from "../../parts/link.js";
import { pathOf, scientificName } from "../../parts/taxon.js";
import { word } from "../../words.js";
import { ENDS } from "./state.js";

const SIGNS = { like: "+", unlike: "−" };

export function isNamed(hit) {
  return Boolean(hit.taxon && pathOf(hit.taxon));
}

export function nameOf(hit) {
  return isNamed(hit) ? scientificName(hit.taxon) : word("search.unnamed");
}

// `onact` is told "more", "like" or "unlike".
export function hitCard(hit, { place, state, hasScore, onopen, onact }) {
  const name = nameOf(hit);
  const button = (does) => {
    const said = word(`search.${does}_of`, { name });
    const pressed = does in SIGNS ? String(state[does].includes(hit.id)) : null;
    return element("button", {
      class: "quiet", type: "button", dataset: { does }, "aria-label": said, title: said, "aria-pressed": pressed,
      onclick: () => onact(does),
    }, SIGNS[does] ?? word("search.more"));
  };
  const actions = ["more", "like", "unlike"].map(button);
  const made = card(isNamed(hit) ? hit : { ...hit, taxon: null }, { onopen, actions, hasScore });
  if (!isNamed(hit)) made.querySelector("figcaption").prepend(element("span", { class: "soft" }, name));
  made.dataset.label = word("search.result", { place: place + 1, name });
  return made;
}

// The same and more, for the panel of one result.
export function hitActions(hit, { about, state, onact }) {
  const button = (does) => {
    const pressed = ENDS.includes(does) ? String(state[does].includes(hit.id)) : null;
    return element("button", { type: "button", "aria-pressed": pressed, onclick: () => onact(does) }, word(`search.${does}`));
  };
  const path = isNamed(hit) ? pathOf(hit.taxon) : "";
  return [
    ...["more", "like", "unlike", ...ENDS].map(button),
    path && about.features.tree ? tabLink("tree", { of: path }, "search.in_tree") : null,
    path && about.features.compare ? tabLink("compare", { a: path }, "search.compare") : null,
  ];
}
