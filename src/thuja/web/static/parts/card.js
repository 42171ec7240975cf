// A picture with what it shows, its licence and its credit: no picture stands on the page without them.

import { pictureAddress } from "../api.js";
import { element, outwardLink } from "../dom.js";
import { word } from "../words.js";
import { likeness } from "./score.js";
import { scientificName, taxonName } from "./taxon.js";

// `hit` is {picture, taxon, score?}; `onopen` makes the picture a button; `actions` stand below; `alt` says what is
// seen where no taxon does.
export function card(hit, { onopen = null, actions = [], hasScore = true, alt = "" } = {}) {
  const { picture, taxon } = hit;
  const image = pictureImage(picture, taxon ? scientificName(taxon) : alt);
  return element(
    "figure",
    { class: "card" },
    onopen ? element("button", { class: "card-picture", type: "button", onclick: () => onopen(hit) }, image)
      : element("span", { class: "card-picture" }, image),
    element(
      "figcaption",
      {},
      taxon ? element(
        "div",
        { class: "card-head" },
        taxonName(taxon),
        hasScore && typeof hit.score === "number" ? likeness(hit.score) : null,
      ) : null,
      credit(picture),
      actions.length ? element("div", { class: "card-actions" }, actions) : null,
    ),
  );
}

// An <img> of a Picture; a grey plate with words where there is none.
export function pictureImage(picture, alt = "") {
  if (!picture?.url) return element("span", { class: "no-picture" }, word("card.no_picture"));
  const image = element("img", { alt: alt || word("card.picture"), loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(element("span", { class: "no-picture" }, word("card.no_picture"))));
  image.src = pictureAddress(picture.url);
  return image;
}

// Who made it, under what licence, and where it is from; what is unknown is said to be.
export function credit(picture) {
  if (!picture) return null;
  const { license, license_link: link, source_url: source } = picture;
  return element(
    "small",
    { class: "credit" },
    element("span", {}, picture.credit || word("card.no_credit")),
    " · ",
    license || link ? outwardLink(link, license || word("card.license")) : word("card.no_license"),
    source ? [" · ", outwardLink(source, word("card.source"))] : null,
  );
}
