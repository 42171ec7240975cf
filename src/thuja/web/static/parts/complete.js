// A box that completes what is typed: the ARIA combobox with a list, by keyboard and by pointer.

import { clear, element, freshId } from "../dom.js";
import { number, word } from "../words.js";
import { rankWord, scientificName, taxonName } from "./taxon.js";
import { taxa } from "../api.js";

const PAUSE = 140; // ms without a key before the list is asked for

// `lookup(text, signal)` gives items {text, node?}; `onchoose(item)` takes one; with `isFree`, Enter also takes
// what was typed, as {text, isFree: true}. Gives {node, input, clear()}.
export function completion({ label, placeholder = "", lookup = taxaLike, onchoose, isFree = false, isLabelSeen = true }) {
  const id = freshId("complete");
  const list = element("ul", { id: `${id}-list`, class: "complete-list", role: "listbox", "aria-label": label, hidden: true });
  const input = element("input", {
    id, type: "text", role: "combobox", placeholder, autocomplete: "off", spellcheck: "false",
    "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-list`,
  });
  const told = element("p", { class: "complete-told soft", role: "status" });
  const state = { items: [], at: -1, timer: 0, stop: null };

  function show(items) {
    Object.assign(state, { items, at: -1 });
    told.textContent = "";
    clear(list, items.map((item, place) => option(item, place)));
    list.hidden = items.length === 0;
    input.setAttribute("aria-expanded", String(items.length > 0));
    input.removeAttribute("aria-activedescendant");
  }

  function option(item, place) {
    const attributes = { id: `${id}-${place}`, role: "option", "aria-selected": "false" };
    // The box keeps its focus while one clicks; a finger that scrolls the list chooses nothing.
    const pointed = { onmousedown: (event) => event.preventDefault(), onclick: () => choose(item) };
    return element("li", { ...attributes, ...pointed }, item.node ?? item.text);
  }

  function mark(place) {
    state.at = (place + state.items.length) % state.items.length;
    [...list.children].forEach((one, at) => one.setAttribute("aria-selected", String(at === state.at)));
    list.children[state.at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", `${id}-${state.at}`);
  }

  function choose(item) {
    end();
    input.value = "";
    show([]);
    onchoose(item);
  }

  function end() {
    clearTimeout(state.timer);
    state.stop?.abort();
  }

  function ask() {
    end();
    const text = input.value.trim();
    if (!text) return show([]);
    state.timer = setTimeout(() => complete(text), PAUSE);
    return undefined;
  }

  async function complete(text) {
    const stop = (state.stop = new AbortController());
    let [items, failure] = [[], ""];
    try {
      items = await lookup(text, stop.signal);
    } catch (error) {
      failure = error.detail ?? error.message;
    }
    if (stop.signal.aborted || document.activeElement !== input) return;
    show(items);
    told.textContent = failure || (items.length ? word("complete.found", { count: items.length }) : word("complete.none", { text }));
    told.classList.toggle("unseen", items.length > 0);
  }

  input.addEventListener("input", ask);
  input.addEventListener("blur", () => { end(); show([]); });
  input.addEventListener("keydown", (event) => {
    const { key } = event;
    if ((key === "ArrowDown" || key === "ArrowUp") && state.items.length) {
      event.preventDefault();
      mark(key === "ArrowDown" ? state.at + 1 : state.at < 0 ? state.items.length - 1 : state.at - 1);
    } else if (key === "Enter" && (state.at >= 0 || (state.items.length && !isFree))) {
      event.preventDefault();
      choose(state.items[Math.max(state.at, 0)]);
    } else if (key === "Enter" && isFree && input.value.trim()) {
      event.preventDefault();
      choose({ text: input.value.trim(), isFree: true });
    } else if (key === "Escape" && !list.hidden) {
      event.stopPropagation();
      show([]);
    }
  });

  const node = element(
    "div",
    { class: "complete" },
    element("label", { for: id, class: isLabelSeen ? "" : "unseen" }, label),
    element("div", { class: "complete-box" }, input, list),
    told,
  );
  return { node, input, clear: () => { input.value = ""; show([]); } };
}

// Taxa of the index and the labels whose scientific or common name begins so.
export async function taxaLike(text, signal) {
  const found = await taxa(text, 12, { signal });
  return found.taxa.map(({ taxon, rank, count }) => ({
    text: scientificName(taxon),
    taxon,
    rank,
    count,
    node: element(
      "span",
      { class: "complete-item" },
      taxonName(taxon),
      element("small", {}, rankWord(rank), typeof count === "number" ? ` · ${number(count)}` : ""),
    ),
  }));
}

// A chosen thing that can be taken away again.
export function chip(content, name, onremove) {
  const remove = ({ currentTarget: button }) => {
    afterChip(button).focus();
    onremove();
  };
  return element(
    "span",
    { class: "chip" },
    content,
    element("button", { type: "button", class: "chip-remove", "aria-label": word("chip.remove", { name }), onclick: remove }, "×"),
  );
}

// Where the focus goes from a chip that is taken away: to the one beside it, to the box that it came from, to the page.
function afterChip(button) {
  const row = button.closest(".chip").parentElement;
  const all = [...row.querySelectorAll(".chip-remove")];
  const at = all.indexOf(button);
  return all[at + 1] ?? all[at - 1] ?? row.parentElement.querySelector("input") ?? document.getElementById("main");
}
