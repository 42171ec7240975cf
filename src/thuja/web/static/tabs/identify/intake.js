// How photos come in: dropped, pasted, chosen, taken, or by link where the server fetches links.

import { element, freshId, isWebLink } from "../../dom.js";
import { listenForPictures } from "../../parts/incoming.js";
import { word } from "../../words.js";

// `onfiles(files)` and `onlink(address)`. Gives {node, stop}: stop ends listening on the page.
export function intake({ hasLinks, onfiles, onlink }) {
  const zone = element(
    "div",
    { class: "drop" },
    element("p", { class: "drop-lead" }, word("identify.drop")),
    element(
      "div",
      { class: "row drop-ways" },
      chooser({ multiple: true, text: word("identify.choose"), kind: "primary", onfiles }),
      chooser({ capture: "environment", text: word("identify.take"), kind: "take", onfiles }),
    ),
    hasLinks ? linkForm(onlink) : null,
    element("p", { class: "soft drop-note" }, word("identify.private")),
  );
  const page = new AbortController();
  listenForPictures({
    signal: page.signal,
    onpictures: onfiles,
    ontext: (text) => { if (hasLinks && isWebLink(text)) onlink(text); },
    onover: (isOver) => zone.classList.toggle("drop-over", isOver),
  });
  return { node: zone, stop: () => page.abort() };
}

function chooser({ multiple = false, capture = null, text, kind, onfiles }) {
  const input = element("input", { type: "file", accept: "image/*", multiple, capture, class: "unseen", tabindex: -1, "aria-hidden": "true" });
  input.addEventListener("change", () => {
    onfiles([...input.files]);
    input.value = "";
  });
  return element("span", { class: `chooser-${kind}` }, input, element("button", { type: "button", class: kind, onclick: () => input.click() }, text));
}

function linkForm(onlink) {
  const id = freshId("link");
  const input = element("input", { id, type: "url", placeholder: "https://", required: true, "aria-label": word("identify.link") });
  const submit = (event) => {
    event.preventDefault();
    onlink(input.value.trim());
    input.value = "";
  };
  return element(
    "form",
    { class: "link-form", onsubmit: submit },
    element("label", { for: id }, word("identify.link")),
    element("div", { class: "row" }, input, element("button", {}, word("identify.fetch"))),
  );
}
