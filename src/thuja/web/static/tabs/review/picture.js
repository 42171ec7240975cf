// The picture that is looked at, from whichever queue it comes.

import { element, outwardLink } from "../../dom.js";
import { word } from "../../words.js";

export function reviewPicture(item) {
  const image = element("img", { alt: word("review.photo_alt", { name: item.name }), hidden: true });
  const missing = element("p", { class: "no-picture", hidden: true }, word("review.no_picture"));
  const release = () => { if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src); };
  const fail = () => {
    release();
    missing.hidden = false;
    image.hidden = true;
  };
  image.addEventListener("error", fail);
  image.addEventListener("load", release);
  item.address().then((address) => {
    if (address) Object.assign(image, { src: address, hidden: false });
    else fail();
  }, fail);
  return element(
    "figure",
    { class: "review-picture" },
    image,
    missing,
    element("figcaption", { class: "soft" }, item.link ? outwardLink(item.link, item.name) : item.name),
  );
}
