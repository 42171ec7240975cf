// The photos in a row, each with its answer in short; arrows go from one to the next.

import { clear, element } from "../../dom.js";
import { word } from "../../words.js";
import { inShort } from "./answer.js";

// Gives {node, draw(photos, chosen), update(photo)}; `onchoose(photo)` is called for the one that is wanted.
export function photoStrip(onchoose) {
  const list = element("ul", { class: "strip", "aria-label": word("identify.photos_label") });
  const items = new Map();
  let [shown, current] = [[], null];

  function draw(photos, chosen) {
    for (const id of [...items.keys()]) if (!photos.some((photo) => photo.id === id)) items.delete(id);
    for (const photo of photos) if (!items.has(photo.id)) items.set(photo.id, itemOf(photo));
    [shown, current] = [photos, chosen];
    if (photos.length !== list.children.length || photos.some((photo, at) => items.get(photo.id).node !== list.children[at])) {
      clear(list, photos.map((photo) => items.get(photo.id).node));
    }
    photos.forEach(update);
  }

  function update(photo) {
    const { button, image, text } = items.get(photo.id);
    const isCurrent = photo === current;
    button.setAttribute("aria-current", String(isCurrent));
    button.tabIndex = isCurrent ? 0 : -1;
    button.dataset.state = photo.state;
    text.textContent = inShort(photo);
    if (photo.thumb && image.src !== photo.thumb) image.src = photo.thumb;
    image.hidden = !photo.thumb;
  }

  function itemOf(photo) {
    const image = element("img", { alt: "", hidden: true });
    const text = element("span", { class: "strip-answer" });
    const name = element("span", { class: "strip-name" }, photo.name);
    const button = element("button", { type: "button", class: "strip-photo", onclick: () => onchoose(photo) },
      element("span", { class: "strip-picture" }, image), name, text);
    return { node: element("li", {}, button), button, image, text };
  }

  list.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const last = shown.length - 1;
    const at = shown.indexOf(current);
    const to = event.key === "Home" ? 0 : event.key === "End" ? last : way ? Math.min(last, Math.max(0, at + way)) : -1;
    if (to < 0) return;
    event.preventDefault();
    onchoose(shown[to]);
    items.get(shown[to].id).button.focus();
  });

  return { node: list, draw, update };
}
