// A grid of cards over many thousands of results that scrolls with the page: only the cards that are seen, and a few
// lines around them, are in the document; what they show is asked for a page at a time as one comes near.

import { element } from "../dom.js";
import { gridLayout } from "./grid-layout.js";

const LINES_AROUND = 2;
const STILL = 90; // milliseconds that a fast scroll has to rest before its pages are asked for

// `load(offset, count)` promises the items from there on, at most a `page`; `cardOf(item, place)` makes an element of one;
// `opened(item, place)` is told of Enter on a card; `failed(error)` of a page that did not come, `told(count)` where
// there are fewer than was thought.
export function virtualGrid(told) {
  return new Grid(told);
}

class Grid {
  constructor(told) {
    this.told = told;
    this.page = told.page;
    this.items = [];
    this.pages = new Map(); // "asked" or "here", by number
    this.cards = new Map(); // by place, those in the document
    this.total = 0;
    this.most = 0; // results that there may be, where their number shows only as one scrolls; 0 where it is known
    this.active = 0; // the place of the card that the tab key reaches
    this.generation = 0;
    this.node = element("div", {
      class: "grid", role: "feed", "aria-label": told.label, "aria-busy": "false", hidden: true, // empty, it is no feed
      onkeydown: (event) => this.keyed(event), onfocusin: (event) => this.focused(event),
    });
    this.layout = gridLayout(this.node);
    this.ending = new AbortController();
    const { signal } = this.ending;
    addEventListener("scroll", () => this.ask(), { passive: true, signal });
    addEventListener("resize", () => this.ask(), { signal });
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.node);
    this.watcher.observe(document.body); // what is folded above brings others into view
  }

  // Other results: how many there are, and the first of them. Where `isOpen`, there are at most so many.
  reset(count, first, { isOpen = false } = {}) {
    const isHeld = this.node.contains(document.activeElement);
    this.generation++;
    clearTimeout(this.resting);
    this.total = isOpen ? Math.min(count, first.length) : count;
    this.most = isOpen ? count : 0;
    this.active = 0;
    this.items.length = 0;
    this.pages.clear();
    for (const card of this.cards.values()) card.remove();
    this.cards.clear();
    this.node.hidden = !this.total;
    for (let offset = 0; offset < first.length; offset += this.page) {
      const part = first.slice(offset, offset + this.page);
      // A last page that came in part is asked for again when it is seen.
      if (part.length === this.page || offset + part.length >= count) this.take(offset, part, part.length);
    }
    this.layout.measure(this.total);
    this.draw();
    if (isHeld && this.total) this.focus(0); // who was at a card is at the first of the others
  }

  resize() {
    if (this.layout.measure(this.total)) for (const [place, card] of this.cards) this.layout.put(card, place);
    this.ask();
  }

  ask() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  draw() {
    if (!this.layout.width && !this.layout.measure(this.total)) return;
    const [first, last] = this.layout.range(LINES_AROUND, this.total);
    const held = document.activeElement?.closest?.(".cell");
    for (const [place, card] of this.cards) {
      // A card that has the focus stays, or the keyboard would lose its place.
      if ((place < first || place >= last) && card !== held) this.drop(place);
    }
    for (let place = first; place < last; place++) if (!this.cards.has(place)) this.add(place);
    if (!this.cards.has(this.active) && this.cards.has(first)) this.reach(this.cards.get(first), true);
    this.want(first, last);
  }

  add(place) {
    const card = this.make(place);
    this.cards.set(place, card);
    const next = Math.min(...[...this.cards.keys()].filter((other) => other > place));
    this.node.insertBefore(card, this.cards.get(next) ?? null);
  }

  drop(place) {
    this.cards.get(place).remove();
    this.cards.delete(place);
  }

  make(place) {
    const item = this.items[place];
    const made = item ? this.told.cardOf(item, place) : null;
    const card = element("article", {
      class: item ? "cell" : "cell waiting", dataset: { place }, "aria-posinset": String(place + 1),
      "aria-setsize": String(this.most ? -1 : this.total), "aria-label": made?.dataset.label ?? this.told.words.waiting,
    }, made);
    this.layout.put(card, place);
    this.reach(card, place === this.active);
    return card;
  }

  // One card of all takes the tab key, and so do the buttons and links in it: a grid is one stop, not thousands.
  reach(card, isActive) {
    if (!card) return;
    card.tabIndex = isActive ? 0 : -1;
    for (const inner of card.querySelectorAll("a, button")) inner.tabIndex = isActive ? 0 : -1;
  }

  want(first, last) {
    const missing = [];
    for (let page = Math.floor(first / this.page); page * this.page < last; page++) if (!this.pages.has(page)) missing.push(page);
    if (!missing.length) return;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => missing.forEach((page) => this.fetch(page)), STILL);
  }

  async fetch(page) {
    const [first, last] = this.layout.range(LINES_AROUND, this.total);
    if (this.pages.has(page) || page * this.page >= last || (page + 1) * this.page <= first) return;
    const { generation } = this;
    const count = Math.min(this.page, this.total - page * this.page);
    this.pages.set(page, "asked");
    this.node.setAttribute("aria-busy", "true");
    try {
      const came = await this.told.load(page * this.page, count);
      if (generation === this.generation) this.take(page * this.page, came, count);
    } catch (error) {
      if (generation !== this.generation || error.name === "AbortError") return;
      this.pages.delete(page);
      this.told.failed(error);
    } finally {
      const isBusy = [...this.pages.values()].includes("asked");
      if (generation === this.generation) this.node.setAttribute("aria-busy", String(isBusy));
    }
  }

  take(offset, came, count) {
    came.forEach((item, place) => { this.items[offset + place] = item; });
    this.pages.set(Math.floor(offset / this.page), "here");
    for (let place = offset; place < offset + came.length; place++) this.refresh(place);
    const end = offset + came.length;
    if (came.length < count) this.endAt(end);
    else if (this.most && end === this.total && end < this.most) this.growTo(Math.min(this.most, end + this.page));
  }

  refresh(place) {
    const old = this.cards.get(place);
    if (!old) return;
    const isHeld = old.contains(document.activeElement);
    const card = this.make(place);
    old.replaceWith(card);
    this.cards.set(place, card);
    if (isHeld) card.focus({ preventScroll: true });
  }

  // There are fewer than was thought.
  endAt(count) {
    [this.total, this.most] = [count, 0];
    this.node.hidden = !count;
    for (const place of [...this.cards.keys()]) if (place >= count) this.drop(place);
    for (const card of this.cards.values()) card.setAttribute("aria-setsize", String(count));
    this.layout.measure(count);
    this.told.told?.(count);
  }

  growTo(count) {
    this.total = count;
    this.layout.measure(count);
    this.ask();
  }

  // To the card at a place, which is scrolled to where it is not in view.
  focus(place) {
    const to = Math.max(0, Math.min(this.total - 1, place));
    this.layout.reveal(to);
    this.activate(to);
    this.draw();
    this.reach(this.cards.get(to), true);
    this.cards.get(to)?.focus({ preventScroll: true });
  }

  activate(place) {
    for (const card of this.cards.values()) if (card.tabIndex === 0) this.reach(card, false);
    this.active = place;
    this.reach(this.cards.get(place), true);
  }

  keyed(event) {
    const card = event.target.closest(".cell");
    if (!card || event.altKey || event.metaKey || event.ctrlKey) return;
    const place = Number(card.dataset.place);
    const to = this.layout.led(event.key, place, this.total);
    if (to !== undefined) {
      if (to >= 0 && to < this.total) this.focus(to);
      event.preventDefault();
    } else if (event.key === "Enter" && event.target === card && this.items[place]) {
      this.told.opened(this.items[place], place);
      event.preventDefault();
    }
  }

  focused(event) {
    const card = event.target.closest(".cell");
    if (card && Number(card.dataset.place) !== this.active) this.activate(Number(card.dataset.place));
  }

  end() {
    this.generation++;
    clearTimeout(this.resting);
    this.ending.abort();
    this.watcher.disconnect();
  }
}
