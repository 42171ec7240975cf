// A direction that results are to go in, from one trait to another: between words, or between pictures of the index.

import { clear, element, freshId } from "../../dom.js";
import { word } from "../../words.js";
import { pictureChips } from "./examples.js";
import { FAR, hasOther, wayOf } from "./state.js";

const SIDES = [["from", "start"], ["to", "end"]]; // of the state: the words, and the pictures that may stand for them

// `changed()` is called after the reader has changed a direction; `picture` is what is asked beside it.
export function wayBox(told) {
  return new Way(told);
}

class Way {
  constructor({ about, state, picture, changed }) {
    Object.assign(this, { state, picture, changed, hasWords: Boolean(about.model?.has_text), chips: pictureChips() });
    this.ends = SIDES.map(([words, pictures]) => this.endOf(words, pictures, about.limits.text));
    const id = freshId("far");
    this.far = element("input", {
      id, type: "range", ...FAR, oninput: () => this.sayFar(),
      onchange: () => { this.state().far = Number(this.far.value); this.changed(); },
    });
    this.told = element("output", { for: id });
    this.strength = element("div", { class: "search-weight" }, element("label", { for: id }, word("search.far")), this.far, this.told);
    this.node = element(
      "details",
      { class: "search-way" },
      element("summary", {}, word("search.way")),
      element("p", { class: "soft" }, word(this.hasWords ? "search.way_how" : "search.way_pictures")),
      element("div", { class: "search-ends", role: "group", "aria-label": word("search.way") }, this.ends.map(({ node }) => node)),
      this.strength,
    );
    this.refresh();
  }

  // Pictures at either end leave no room for words: a direction lies between two of a kind.
  endOf(words, pictures, most) {
    const id = freshId("way");
    const input = element("input", {
      id, type: "text", autocomplete: "off", maxlength: most, placeholder: word(`search.${words}_example`),
      onchange: () => { this.state()[words] = input.value.trim(); this.changed(); },
    });
    const chosen = element("div", { class: "row" });
    const node = element("div", {}, element("label", { for: id }, word(`search.${words}`)), input, chosen);
    return { node, words, pictures, input, chosen };
  }

  refresh() {
    const now = this.state();
    const isHeld = this.node.contains(document.activeElement);
    const isOfPictures = now.start.length + now.end.length > 0;
    for (const one of this.ends) {
      const { words, pictures, input, chosen } = one;
      input.hidden = isOfPictures || !this.hasWords;
      if (now[words] !== one.asked) input.value = now[words]; // what is typed and not yet asked stays
      one.asked = now[words];
      const remove = (id) => {
        now[pictures] = now[pictures].filter((other) => other !== id);
        this.changed();
      };
      const none = isOfPictures || !this.hasWords ? element("span", { class: "soft" }, word(`search.no_${pictures}`)) : null;
      clear(chosen, now[pictures].length ? this.chips.of(now[pictures], remove) : none);
    }
    const isUsed = Boolean(isOfPictures || now.from || now.to);
    if (isUsed && !this.isUsed) this.node.open = true; // and may be closed again
    this.isUsed = isUsed;
    this.far.value = String(now.far);
    this.sayFar();
    this.strength.hidden = !(wayOf(now) && hasOther(now, this.picture.file));
    if (isHeld && document.activeElement === document.body) this.node.querySelector("input:not([hidden]), summary").focus();
  }

  sayFar() {
    this.told.textContent = word("search.far_told", { count: Number(this.far.value) });
    this.far.setAttribute("aria-valuetext", this.told.textContent);
  }

  end() {
    this.chips.end();
  }
}
