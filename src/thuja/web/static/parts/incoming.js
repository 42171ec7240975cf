// Pictures that are pasted or dropped anywhere on the page; text goes where it was meant to.

// Listens until `signal` ends it. `onpictures(files)` gets the pictures among what came, none where there was none;
// `ontext(text)` what is pasted outside of a box; `onover(isOver)` whether files are held over the page.
export function listenForPictures({ signal, onpictures, ontext = () => {}, onover = () => {} }) {
  const listen = (name, heard) => document.addEventListener(name, heard, { signal });
  listen("paste", (event) => {
    const { clipboardData: data, target } = event;
    const isTyping = Boolean(target.closest?.("input, textarea"));
    if (data.files.length && !(isTyping && data.types.includes("text/plain"))) {
      event.preventDefault();
      onpictures(picturesIn(data));
    } else if (!isTyping) {
      ontext(data.getData("text").trim());
    }
  });
  listen("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    onover(true);
  });
  listen("dragleave", (event) => { if (!event.relatedTarget) onover(false); });
  listen("drop", (event) => {
    onover(false);
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    onpictures(picturesIn(event.dataTransfer));
  });
}

// The files that are pictures by their type, or have a type that nobody knows.
export function picturesIn({ files }) {
  return [...files].filter((file) => !file.type || file.type.startsWith("image/"));
}
