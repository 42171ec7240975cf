// The bar that a search is asked in: words, a picture, or both with a weight between them.

import { clear, element, freshId } from "../../dom.js";
import { share, word } from "../../words.js";

// `state` is read when the bar is drawn; `asked()` is called after the bar has written into it. `picture` is the
// session's place for the picture: {file, vector}.
export function searchBar({ about, state, picture, asked, failed }) {
  const id = freshId("search");
  const hasModel = Boolean(about.model);
  const input = element("input", {
    id, type: "search", value: state().text, placeholder: word("search.placeholder"), autocomplete: "off",
    maxlength: about.limits.text, enterkeyhint: "search", hidden: !about.model?.has_text,
  });
  const chooser = element("input", {
    type: "file", accept: "image/*", class: "unseen", tabindex: "-1", "aria-hidden": "true",
    onchange: () => take(chooser.files),
  });
  const shown = element("div", { class: "search-picture" });
  const drawn = { file: null, address: null };
  const weight = element("input", {
    id: `${id}-weight`, type: "range", min: "0", max: "1", step: "0.05", value: String(state().weight), oninput: sayWeight, onchange: submit,
  });
  const told = element("output", { for: `${id}-weight` });
  const balance = element(
    "div",
    { class: "search-weight" },
    element("label", { for: `${id}-weight` }, word("search.weight")),
    element("span", { "aria-hidden": "true" }, word("search.picture")), weight,
    element("span", { "aria-hidden": "true" }, word("search.words")), told,
  );
  const node = element(
    "form",
    { class: "search-bar", role: "search", hidden: !hasModel, onsubmit: (event) => { event.preventDefault(); submit(); } },
    element("label", { for: id, class: "unseen" }, word("search.label")),
    element(
      "div",
      { class: "search-line" },
      input,
      hasModel ? element("button", { type: "button", onclick: () => chooser.click() }, word("search.add_picture")) : null,
      chooser,
      element("button", { class: "primary", type: "submit", hidden: !about.model?.has_text }, word("search.go")),
    ),
    shown,
    balance,
  );

  function sayWeight() {
    told.textContent = word("search.weight_told", { share: share(Number(weight.value)) });
    weight.setAttribute("aria-valuetext", told.textContent);
  }

  function submit() {
    const now = state();
    now.text = input.value.trim();
    now.weight = Number(weight.value);
    asked();
  }

  function take(files) {
    const all = [...files]; // the list empties with the box
    const file = all.find((one) => one.type.startsWith("image/"));
    chooser.value = "";
    if (!file) {
      if (all.length) failed({ detail: word("search.no_image"), hint: word("search.no_image_hint") });
      return;
    }
    Object.assign(picture, { file, vector: null });
    draw();
    submit();
  }

  function draw() {
    balance.hidden = !picture.file || !input.value.trim();
    shown.hidden = !picture.file;
    if (picture.file === drawn.file) return;
    if (drawn.address) URL.revokeObjectURL(drawn.address);
    Object.assign(drawn, { file: picture.file, address: picture.file && URL.createObjectURL(picture.file) });
    clear(shown, picture.file ? shownPicture(drawn.address) : null);
  }

  function shownPicture(address) {
    return [
      element("img", { src: address, alt: word("search.your_picture") }),
      element("span", { class: "soft" }, word("search.your_picture")),
      element("button", {
        class: "quiet", type: "button",
        onclick: () => { Object.assign(picture, { file: null, vector: null }); draw(); submit(); input.focus(); },
      }, word("search.drop_picture")),
    ];
  }

  const isTyping = (event) => event.target.closest?.("input, textarea");
  const pasted = (event) => {
    const files = [...(event.clipboardData?.files || [])];
    if (!hasModel || !files.length) return;
    if (isTyping(event) && event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    take(files);
  };
  const over = (event) => {
    if (hasModel && [...(event.dataTransfer?.types || [])].includes("Files")) event.preventDefault();
  };
  const dropped = (event) => {
    if (!hasModel || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  };
  document.addEventListener("paste", pasted);
  document.addEventListener("dragover", over);
  document.addEventListener("drop", dropped);
  input.addEventListener("input", () => { balance.hidden = !picture.file || !input.value.trim(); });
  sayWeight();
  draw();
  return {
    node,
    refresh() {
      input.value = state().text;
      weight.value = String(state().weight);
      sayWeight();
      draw();
    },
    end() {
      document.removeEventListener("paste", pasted);
      document.removeEventListener("dragover", over);
      document.removeEventListener("drop", dropped);
      if (drawn.address) URL.revokeObjectURL(drawn.address);
    },
  };
}
