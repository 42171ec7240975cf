// All that the index knows of one picture, over the page.

import { clear, element, freshId, isWebLink, outwardLink } from "../../dom.js";
import { credit, pictureImage } from "../../parts/card.js";
import { likeness } from "../../parts/score.js";
import { RANKS, pathOf, pathsDown, rankWord, taxonName, taxonOf } from "../../parts/taxon.js";
import { word } from "../../words.js";
import { columnWord } from "./filters.js";
import { isNamed, nameOf } from "./hit.js";

// `around(hit, way)` gives the neighbour of what is shown, or null; `actions(hit, close)` makes the buttons.
export function detailPanel(told) {
  return new Detail(told);
}

class Detail {
  constructor(told) {
    this.told = told;
    this.id = freshId("detail");
    this.content = element("div", { class: "detail" });
    this.node = element("dialog", {
      class: "detail-dialog", "aria-labelledby": this.id, onkeydown: (event) => this.keyed(event),
      onclick: (event) => { if (event.target === this.node) this.close(); },
      onclose: () => told.closed(this.shown),
    }, this.content);
  }

  show(hit) {
    this.shown = hit;
    clear(
      this.content,
      element("div", { class: "detail-picture" }, pictureImage(hit.picture, nameOf(hit)), credit(hit.picture)),
      element("div", { class: "detail-words" }, this.words(hit)),
      element("div", { class: "detail-ways" }, this.way(-1, "search.previous"), this.way(1, "search.next"),
        element("button", { type: "button", onclick: () => this.close() }, word("search.close"))),
    );
    if (!this.node.open) this.node.showModal();
  }

  words(hit) {
    const within = (path) => {
      this.close();
      this.told.within(path);
    };
    const copies = hit.copies ? ` · ${word("search.copies", { count: hit.copies })}` : "";
    const heading = { id: this.id, tabindex: "-1", autofocus: true };
    return [
      element("h2", heading, isNamed(hit) ? taxonName(hit.taxon) : nameOf(hit)),
      element("p", { class: "soft" }, word("search.likeness"), " ", likeness(hit.score), copies),
      element("div", { class: "row detail-actions" }, this.told.actions(hit, () => this.close())),
      isNamed(hit) ? lineage(hit.taxon, within) : null,
      fields(hit),
      element("p", { class: "soft" }, element("small", {}, word("search.id"), " ", element("code", {}, hit.id))),
    ];
  }

  way(step, key) {
    const isEnd = !this.told.around(this.shown, step);
    return element("button", { type: "button", disabled: isEnd, onclick: () => this.move(step) }, word(key));
  }

  move(step) {
    const to = this.told.around(this.shown, step);
    if (!to) return;
    this.show(to);
    const [before, after, close] = this.content.querySelectorAll(".detail-ways button");
    const button = step < 0 ? before : after;
    (button.disabled ? close : button).focus();
  }

  keyed(event) {
    if (event.key === "ArrowLeft") this.move(-1);
    if (event.key === "ArrowRight") this.move(1);
  }

  close() {
    this.node.close();
  }

  end() {
    this.node.remove();
  }
}

function lineage(taxon, within) {
  return element("ol", { class: "detail-lineage" }, pathsDown(pathOf(taxon)).map((path) => {
    const rank = RANKS[path.split("/").length - 1];
    const button = element("button", {
      class: "link", type: "button", title: word("search.within_this"), onclick: () => within(path),
    }, taxonName(taxonOf(path)));
    return element("li", {}, element("small", {}, rankWord(rank)), " ", button);
  }));
}

function fields(hit) {
  const isTold = ([name, value]) => !RANKS.includes(name) && value !== null && value !== "";
  const shown = (value) => (typeof value === "string" && isWebLink(value) ? outwardLink(value, value) : String(value));
  return element("dl", { class: "detail-fields" }, Object.entries(hit.row || {}).filter(isTold).map(([name, value]) => [
    element("dt", {}, columnWord(name)), element("dd", {}, shown(value)),
  ]));
}
