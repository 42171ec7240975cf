// The answer that is looked at: its picture, what it is called, and all that can be made of it.

import { clear, element } from "../../dom.js";
import { completion } from "../../parts/complete.js";
import { pathDown } from "../../parts/path.js";
import { score } from "../../parts/score.js";
import { answerName, scientificName } from "../../parts/taxon.js";
import { word } from "../../words.js";
import { reviewPicture } from "./picture.js";
import { shortcutKeys } from "./shortcuts.js";

// `decide(decision, {name, taxon})` and `undo()` are what the buttons do; `mayUndo()` whether there is what to undo.
export function reviewStage(told) {
  return new Stage(told);
}

class Stage {
  constructor({ decide, undo, mayUndo }) {
    Object.assign(this, { decide, undo, mayUndo });
    this.node = element("div", { class: "review-stage" });
  }

  show(item) {
    const parts = [this.verdict(item), this.actions(), this.others(item), this.correcting(), this.wayDown(item), shortcutKeys()];
    this.draw(reviewPicture(item), element("div", { class: "review-answer" }, parts));
  }

  showFinished() {
    this.draw(element("p", { class: "review-finished", tabindex: "-1" }, word("review.finished")), this.undoButton());
  }

  // There is nothing to look through, for the reason that is said.
  showNothing(reason, { hasIdentify }) {
    const way = hasIdentify ? element("a", { class: "button", href: "#identify" }, word("review.to_identify")) : null;
    this.draw(element("p", {}, reason), way);
  }

  // Who was in the stage and whose control is gone is at what is shown next, where the keys go on.
  draw(...parts) {
    const isWithin = this.node.contains(document.activeElement);
    clear(this.node, parts);
    if (isWithin && document.activeElement === document.body) this.focus();
  }

  focus() {
    this.node.querySelector(".verdict, .review-finished")?.focus({ preventScroll: true });
  }

  // To the box for a name, where there is one.
  correct() {
    this.node.querySelector("input[role=combobox]")?.focus();
  }

  verdict({ answers: [best] }) {
    return element("h2", { class: "verdict", tabindex: "-1" }, answerName(best), " ", score(best.score));
  }

  actions() {
    const button = (key, letter, onclick, kind = "") => element(
      "button", { type: "button", class: kind, onclick, "aria-keyshortcuts": letter }, word(key), element("kbd", { "aria-hidden": "true" }, letter === "Enter" ? "⏎" : letter),
    );
    return element(
      "div",
      { class: "row review-actions" },
      button("review.accept", "Enter", () => this.decide("accept"), "primary"),
      button("review.skip", "S", () => this.decide("skip")),
      this.undoButton(),
    );
  }

  undoButton() {
    return element(
      "button",
      { type: "button", disabled: !this.mayUndo(), onclick: () => this.undo(), "aria-keyshortcuts": "U" },
      word("review.undo"), element("kbd", { "aria-hidden": "true" }, "U"),
    );
  }

  others({ answers }) {
    if (answers.length < 2) return null;
    const items = answers.slice(1, 9).map((answer, place) => element("li", {}, element(
      "button",
      { type: "button", class: "other", onclick: () => this.decide("correct", { name: answer.text, taxon: answer.taxon }), "aria-keyshortcuts": String(place + 2) },
      element("kbd", { "aria-hidden": "true" }, String(place + 2)), answerName(answer), score(answer.score),
    )));
    return element("div", {}, element("h3", {}, word("review.others")), element("ol", { class: "others" }, items));
  }

  correcting() {
    const box = completion({
      label: word("review.correct"),
      placeholder: word("review.correct_hint"),
      isFree: true,
      onchoose: ({ text, taxon }) => this.decide("correct", { name: taxon ? scientificName(taxon) : text, taxon: taxon ?? null }),
    });
    box.input.addEventListener("keydown", (event) => { if (event.key === "Escape") box.input.blur(); });
    return box.node;
  }

  // A name on the way down says less than the answer, and may be all that is sure.
  wayDown({ path }) {
    if (path.length < 2) return null;
    const onpick = ({ text, taxon }) => this.decide("correct", { name: text, taxon });
    return element("details", {}, element("summary", {}, word("review.path")), pathDown(path, { onpick }));
  }
}
