// Asks for the API key of a server that wants one; it stays in this browser tab.

import { element, freshId } from "../dom.js";
import { word } from "../words.js";

let open = null; // several requests that are refused at once ask once

export function keyDialog(isRefused) {
  open ??= shown(isRefused).finally(() => { open = null; });
  return open;
}

function shown(isRefused) {
  const id = freshId("key");
  const input = element("input", { id, type: "password", autocomplete: "off", required: true });
  const dialog = element(
    "dialog",
    { class: "key-dialog", "aria-labelledby": `${id}-title` },
    element(
      "form",
      { method: "dialog" },
      element("h2", { id: `${id}-title` }, word("key.title")),
      element("p", {}, word(isRefused ? "key.refused" : "key.asked")),
      element("label", { for: id }, word("key.label")),
      input,
      element("p", { class: "row" },
        element("button", { class: "primary", value: "use" }, word("key.use")),
        element("button", { class: "quiet", value: "", formnovalidate: true }, word("key.cancel"))),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      done((dialog.returnValue === "use" && input.value.trim()) || null); // Escape gives none, whatever was typed
    });
  });
}
