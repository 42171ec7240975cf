// The card of a point: its picture, its name, what is known of it. Every word is set as text, never as markup.

import { linkOf, thumbnailOf } from "./points.js";

export function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function pictureOf(points, row) {
  const frame = element("div", undefined, "picture");
  const thumbnail = thumbnailOf(points, row);
  const link = linkOf(points, row);
  if (thumbnail) {
    const { cell, across } = points.thumbnails;
    frame.classList.add("sheet");
    frame.style.backgroundImage = `url("${thumbnail.url}")`;
    const shown = 160 / cell;
    frame.style.backgroundSize = `${across * cell * shown}px auto`;
    frame.style.backgroundPosition = `${-thumbnail.left * shown}px ${-thumbnail.top * shown}px`;
    frame.setAttribute("role", "img");
    frame.setAttribute("aria-label", points.nameOf(row));
  } else if (link) {
    const image = element("img");
    image.alt = points.nameOf(row);
    image.decoding = "async";
    image.referrerPolicy = "no-referrer";
    image.addEventListener("error", () => frame.replaceChildren(element("span", "the picture cannot be shown")));
    image.src = link;
    frame.append(image);
  } else {
    return null;
  }
  return frame;
}

export function fillCard(card, points, row) {
  const parts = [];
  const picture = pictureOf(points, row);
  if (picture) parts.push(picture);
  const words = element("div", undefined, "words");
  words.append(element("h2", points.nameOf(row)));
  const list = element("dl");
  for (const column of points.columns) {
    if (column === points.nameColumn) continue;
    const value = column.value(row);
    list.append(element("dt", column.name), element("dd", value === null ? "–" : value));
  }
  words.append(list);
  const link = linkOf(points, row);
  if (link) {
    const anchor = element("a", "open the picture");
    anchor.href = link;
    anchor.target = "_blank";
    anchor.rel = "noopener noreferrer";
    words.append(anchor);
  }
  parts.push(words);
  const close = element("button", "×", "close");
  close.type = "button";
  close.setAttribute("aria-label", "close the card");
  parts.push(close);
  card.replaceChildren(...parts);
  return close;
}

// Beside the point, within the map; a narrow screen has it at the bottom, by its own rule.
export function placeCard(card, left, top, width, height) {
  const [wide, tall] = [card.offsetWidth, card.offsetHeight];
  const right = left + 16 + wide <= width ? left + 16 : left - 16 - wide;
  card.style.left = `${Math.max(4, Math.min(right, width - wide - 4))}px`;
  card.style.top = `${Math.max(4, Math.min(top - tall / 3, height - tall - 4))}px`;
}
