// The bar that a search is asked in: words, a picture, or both with a weight between them.

import { clear, element, freshId } from "../../dom.js";
import { listenForPictures, picturesIn } from "../../parts/incoming.js";
import { share, word } from "../../words.js";

// `state()` is read when the bar is drawn; `asked()` is called after the bar has written into it. `picture` is the
// session's place for the picture: {file, vector}.
export function searchBar(told) {
  return new Bar(told);
}

class Bar {
  constructor({ about, state, picture, asked, failed }) {
    Object.assign(this, { about, state, picture, asked, failed });
    this.hasModel = Boolean(about.model);
    this.hasWords = Boolean(about.model?.has_text);
    this.drawn = { file: null, address: null };
    this.shown = element("div", { class: "search-picture" });
    this.makeFields();
    this.place();
    this.listen();
    this.refresh();
  }

  makeFields() {
    const id = freshId("search");
    this.input = element("input", {
      id, type: "search", placeholder: word("search.placeholder"), autocomplete: "off", enterkeyhint: "search",
      maxlength: this.about.limits.text, hidden: !this.hasWords, oninput: () => this.showBalance(),
    });
    this.chooser = element("input", {
      type: "file", accept: "image/*", class: "unseen", tabindex: "-1", "aria-hidden": "true",
      onchange: () => this.choose(),
    });
    this.weight = element("input", {
      id: `${id}-weight`, type: "range", min: "0", max: "1", step: "0.05",
      oninput: () => this.sayWeight(), onchange: () => this.submit(),
    });
    this.told = element("output", { for: `${id}-weight` });
    this.balance = element(
      "div",
      { class: "search-weight" },
      element("label", { for: this.weight.id }, word("search.weight")),
      element("span", { "aria-hidden": "true" }, word("search.picture")), this.weight,
      element("span", { "aria-hidden": "true" }, word("search.words")), this.told,
    );
  }

  place() {
    const submitted = (event) => {
      event.preventDefault();
      this.submit();
    };
    const add = () => this.chooser.click();
    const adding = element("button", { type: "button", onclick: add }, word("search.add_picture"));
    const going = element("button", { class: "primary", type: "submit", hidden: !this.hasWords }, word("search.go"));
    this.node = element(
      "form",
      { class: "search-bar", role: "search", hidden: !this.hasModel, onsubmit: submitted },
      element("label", { for: this.input.id, class: "unseen" }, word("search.label")),
      element("div", { class: "search-line" }, this.input, adding, this.chooser, going),
      this.shown,
      this.balance,
    );
  }

  listen() {
    this.ending = new AbortController();
    if (this.hasModel) listenForPictures({ signal: this.ending.signal, onpictures: (files) => this.take(files) });
  }

  submit() {
    const now = this.state();
    now.text = this.input.value.trim();
    now.weight = Number(this.weight.value);
    this.asked();
  }

  choose() {
    const files = picturesIn(this.chooser); // the list empties with the box
    this.chooser.value = "";
    this.take(files);
  }

  take([file]) {
    if (file) this.use(file);
    else this.failed({ detail: word("search.no_image"), hint: word("search.no_image_hint") });
  }

  use(file) {
    Object.assign(this.picture, { file, vector: null });
    this.draw();
    this.submit();
  }

  refresh() {
    const { text } = this.state();
    if (text !== this.askedText) this.input.value = text; // what is typed and not yet asked stays
    this.askedText = text;
    this.weight.value = String(this.state().weight);
    this.sayWeight();
    this.draw();
  }

  sayWeight() {
    this.told.textContent = word("search.weight_told", { share: share(Number(this.weight.value)) });
    this.weight.setAttribute("aria-valuetext", this.told.textContent);
  }

  showBalance() {
    this.balance.hidden = !this.picture.file || !this.input.value.trim();
  }

  draw() {
    const { file } = this.picture;
    this.showBalance();
    this.shown.hidden = !file;
    if (file === this.drawn.file) return;
    URL.revokeObjectURL(this.drawn.address);
    this.drawn = { file, address: file && URL.createObjectURL(file) };
    clear(this.shown, file ? this.shownPicture() : null);
  }

  shownPicture() {
    const drop = () => {
      this.use(null);
      this.input.focus();
    };
    return [
      element("img", { src: this.drawn.address, alt: word("search.your_picture") }),
      element("span", { class: "soft" }, word("search.your_picture")),
      element("button", { class: "quiet", type: "button", onclick: drop }, word("search.drop_picture")),
    ];
  }

  end() {
    this.ending.abort();
    URL.revokeObjectURL(this.drawn.address);
  }
}
