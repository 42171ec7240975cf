// All that the index knows of one picture, over the page.

import { pictureImage, credit } from "../../parts/card.js";
import { likeness } from "../../parts/score.js";
import { RANKS, pathOf, scientificName, taxonName, taxonOf, rankWord } from "../../parts/taxon.js";
import { clear, element, freshId, isWebLink, outwardLink } from "../../dom.js";
import { word } from "../../words.js";
import { columnWord } from "./filters.js";

function lineage(taxon, within) {
  const path = pathOf(taxon).split("/");
  const steps = path.map((name, place) => [name, path.slice(0, place + 1).join("/")]).filter(([name]) => name);
  return element("ol", { class: "detail-lineage" }, steps.map(([, to]) => {
    const one = taxonOf(to);
    const rank = RANKS[to.split("/").length - 1];
    return element("li", {}, element("small", {}, rankWord(rank)), " ",
      element("button", { class: "link", type: "button", title: word("search.within_this"), onclick: () => within(to) }, taxonName(one)));
  }));
}

function fields(hit) {
  const known = Object.entries(hit.row || {}).filter(([name, value]) => !RANKS.includes(name) && value !== null && value !== "");
  return element("dl", { class: "detail-fields" }, known.flatMap(([name, value]) => [
    element("dt", {}, columnWord(name)),
    element("dd", {}, typeof value === "string" && isWebLink(value) ? outwardLink(value, value) : String(value)),
  ]));
}

// `around(way)` gives the neighbour of what is shown, or null; `actions(hit)` makes the buttons.
export function detailPanel({ around, actions, within, closed }) {
  const id = freshId("detail");
  const content = element("div", { class: "detail" });
  const dialog = element("dialog", { class: "detail-dialog", "aria-labelledby": id }, content);
  let shown = null;

  function show(hit) {
    shown = hit;
    const isNamed = hit.taxon && pathOf(hit.taxon) !== "";
    const name = isNamed ? scientificName(hit.taxon) : word("search.unnamed");
    clear(
      content,
      element("div", { class: "detail-picture" }, pictureImage(hit.picture, name), credit(hit.picture)),
      element(
        "div",
        { class: "detail-words" },
        element("h2", { id, tabindex: "-1", autofocus: true }, isNamed ? taxonName(hit.taxon) : name),
        typeof hit.score === "number" ? element("p", { class: "soft" }, word("search.likeness"), " ", likeness(hit.score),
          hit.copies > 1 ? ` · ${word("search.copies", { count: hit.copies })}` : "") : null,
        element("div", { class: "row detail-actions" }, actions(hit, () => dialog.close())),
        isNamed ? lineage(hit.taxon, (path) => { dialog.close(); within(path); }) : null,
        fields(hit),
        element("p", { class: "soft" }, element("small", {}, word("search.id"), " ", element("code", {}, hit.id))),
      ),
      element(
        "div",
        { class: "detail-ways" },
        way(-1, "search.previous"), way(1, "search.next"),
        element("button", { type: "button", onclick: () => dialog.close() }, word("search.close")),
      ),
    );
    if (!dialog.open) dialog.showModal();
  }

  function way(step, key) {
    const to = around(shown, step);
    return element("button", { type: "button", disabled: !to, onclick: () => move(step) }, word(key));
  }

  function move(step) {
    const to = around(shown, step);
    if (!to) return;
    show(to);
    const button = content.querySelectorAll(".detail-ways button")[step < 0 ? 0 : 1];
    if (button.disabled) content.querySelector(".detail-ways button:last-child").focus();
    else button.focus();
  }

  dialog.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea")) return;
    if (event.key === "ArrowLeft") move(-1);
    if (event.key === "ArrowRight") move(1);
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => closed(shown));
  return { node: dialog, show, end: () => dialog.remove() };
}
