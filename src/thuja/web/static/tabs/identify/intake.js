// How photos come in: dropped, pasted, chosen, taken, or by link where the server fetches links.

import { element, freshId, isWebLink } from "../../dom.js";
import { word } from "../../words.js";
import { picturesIn } from "./photos.js";

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
  const listen = (name, heard) => document.addEventListener(name, heard, { signal: page.signal });
  listen("paste", (event) => pasted(event, { hasLinks, onfiles, onlink }));
  listen("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    zone.classList.add("drop-over");
  });
  listen("dragleave", (event) => { if (!event.relatedTarget) zone.classList.remove("drop-over"); });
  listen("drop", (event) => {
    zone.classList.remove("drop-over");
    const files = picturesIn(event.dataTransfer);
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    onfiles(files);
  });
  return { node: zone, stop: () => page.abort() };
}

function pasted(event, { hasLinks, onfiles, onlink }) {
  const files = picturesIn(event.clipboardData);
  if (files.length) {
    event.preventDefault();
    return onfiles(files);
  }
  const isTyping = event.target.closest?.("input, textarea");
  const text = event.clipboardData.getData("text").trim();
  if (hasLinks && !isTyping && isWebLink(text)) onlink(text);
  return undefined;
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
