// A grid of cards over many thousands of results that scrolls with the page: only the cards that are seen, and a few
// lines around them, are in the document; what they show is asked for a page at a time as one comes near.

const PAGE = 60;
const LINES_AROUND = 2;
const STILL = 90; // milliseconds that a fast scroll has to rest before its pages are asked for

// `load(offset, count)` promises the items from there on; `cardOf(item, place)` makes an element of one;
// `opened(item, place)` is told of Enter or a click on the card's picture; `failed(error)` of a page that did not come,
// `told(count)` where there are fewer than was thought.
export function virtualGrid({ label, load, cardOf, opened, failed, told = null, words, least = 190 }) {
  const node = document.createElement("div");
  node.className = "grid";
  node.setAttribute("role", "feed");
  node.setAttribute("aria-label", label);
  node.setAttribute("aria-busy", "false");
  const [items, pages, shown] = [[], new Map(), new Map()];
  const layout = { columns: 1, width: 0, height: 0, gap: 14 };
  let [total, active, generation, isAsked, resting] = [0, 0, 0, false, 0];
  let most = 0; // results that there may be, where their number shows only as one scrolls; 0 where it is known

  function measure() {
    const width = node.clientWidth;
    if (!width) return false;
    const style = getComputedStyle(node);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    layout.gap = Math.round((parseFloat(style.getPropertyValue("--gap")) || 0.8) * rem);
    const columns = Math.max(width < 2 * least + layout.gap ? 2 : 1, Math.floor((width + layout.gap) / (least + layout.gap)));
    const size = (width - layout.gap * (columns - 1)) / columns;
    const words = (parseFloat(style.getPropertyValue("--words")) || 7) * rem; // what stands under a picture
    const isOther = columns !== layout.columns || size !== layout.width;
    Object.assign(layout, { columns, width: size, height: Math.round(size + words) + layout.gap });
    stretch();
    return isOther;
  }

  function stretch() {
    node.style.height = `${Math.max(0, Math.ceil(total / layout.columns) * layout.height - layout.gap)}px`;
  }

  function range(around) {
    const top = node.getBoundingClientRect().top;
    const first = Math.floor(-top / layout.height) - around;
    const last = Math.ceil((window.innerHeight - top) / layout.height) + around;
    const clip = (line) => Math.max(0, Math.min(total, line * layout.columns));
    return [clip(first), clip(last)];
  }

  function put(card, place) {
    const [line, column] = [Math.floor(place / layout.columns), place % layout.columns];
    card.style.width = `${layout.width}px`;
    card.style.height = `${layout.height - layout.gap}px`;
    card.style.transform = `translate(${column * (layout.width + layout.gap)}px, ${line * layout.height}px)`;
  }

  function make(place) {
    const item = items[place];
    const card = document.createElement("article");
    card.className = item ? "cell" : "cell waiting";
    card.dataset.place = String(place);
    card.setAttribute("aria-posinset", String(place + 1));
    card.setAttribute("aria-setsize", String(most ? -1 : total));
    if (item) {
      const made = cardOf(item, place);
      card.append(made);
      card.setAttribute("aria-label", made.dataset.label || "");
    } else {
      card.setAttribute("aria-label", words.waiting);
    }
    put(card, place);
    reach(card, place === active);
    return card;
  }

  // One card of all takes the tab key, and so do the buttons and links in it: a grid is one stop, not thousands.
  function reach(card, isActive) {
    card.tabIndex = isActive ? 0 : -1;
    for (const inner of card.querySelectorAll("a, button")) inner.tabIndex = isActive ? 0 : -1;
  }

  function draw() {
    isAsked = false;
    if (!layout.width && !measure()) return;
    const [first, last] = range(LINES_AROUND);
    const held = document.activeElement?.closest?.(".cell");
    for (const [place, card] of shown) {
      // A card that has the focus stays, or the keyboard would lose its place.
      if ((place < first || place >= last) && card !== held) {
        card.remove();
        shown.delete(place);
      }
    }
    for (let place = first; place < last; place++) {
      if (shown.has(place)) continue;
      const card = make(place);
      shown.set(place, card);
      const next = [...shown.keys()].filter((other) => other > place).reduce((least, other) => Math.min(least, other), Infinity);
      node.insertBefore(card, next === Infinity ? null : shown.get(next));
    }
    if (![...shown.keys()].includes(active) && shown.size) reach(shown.get(Math.max(first, 0)) || [...shown.values()][0], true);
    wanted(first, last);
  }

  function wanted(first, last) {
    const missing = [];
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page++) if (!pages.has(page)) missing.push(page);
    if (!missing.length) return;
    clearTimeout(resting);
    resting = setTimeout(() => missing.forEach(fetchPage), STILL);
  }

  async function fetchPage(page) {
    const [first, last] = range(LINES_AROUND);
    if (pages.has(page) || page * PAGE >= last || (page + 1) * PAGE <= first) return;
    const asked = generation;
    const count = Math.min(PAGE, total - page * PAGE);
    pages.set(page, "asked");
    node.setAttribute("aria-busy", "true");
    try {
      const came = await load(page * PAGE, count);
      if (asked === generation) take(page * PAGE, came, count);
    } catch (error) {
      if (asked !== generation || error.name === "AbortError") return;
      pages.delete(page);
      failed(error);
    } finally {
      if (asked === generation) node.setAttribute("aria-busy", String([...pages.values()].includes("asked")));
    }
  }

  function take(offset, came, count) {
    came.forEach((item, place) => { items[offset + place] = item; });
    pages.set(Math.floor(offset / PAGE), "here");
    for (let place = offset; place < offset + came.length; place++) refresh(place);
    const end = offset + came.length;
    if (came.length < count) endAt(end);
    else if (most && end === total && total < most) growTo(Math.min(most, total + PAGE));
  }

  // There are fewer than was thought.
  function endAt(count) {
    [total, most] = [count, 0];
    for (const [place, card] of shown) {
      if (place < total) continue;
      card.remove();
      shown.delete(place);
    }
    for (const card of shown.values()) card.setAttribute("aria-setsize", String(total));
    stretch();
    told?.(total);
  }

  function growTo(count) {
    total = count;
    if (!layout.width) return;
    stretch();
    ask();
  }

  function refresh(place) {
    const old = shown.get(place);
    if (!old) return;
    const hadFocus = old.contains(document.activeElement);
    const inside = hadFocus && document.activeElement !== old ? document.activeElement.dataset.does : null;
    const card = make(place);
    old.replaceWith(card);
    shown.set(place, card);
    if (hadFocus) (inside && card.querySelector(`[data-does="${inside}"]`) || card).focus({ preventScroll: true });
  }

  function ask() {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(draw);
  }

  // To the card at a place, which is scrolled to where it is not in view.
  function focus(place) {
    const to = Math.max(0, Math.min(total - 1, place));
    const before = shown.get(active);
    active = to;
    if (before) reach(before, false);
    const top = node.getBoundingClientRect().top + Math.floor(to / layout.columns) * layout.height;
    const header = parseFloat(getComputedStyle(node).scrollMarginTop) || 0;
    const under = top + layout.height - window.innerHeight;
    if (top < header) window.scrollBy({ top: top - header, behavior: "instant" });
    else if (under > 0) window.scrollBy({ top: under, behavior: "instant" });
    draw();
    for (const [other, card] of shown) reach(card, other === to);
    shown.get(to)?.focus({ preventScroll: true });
  }

  // Where a key leads from a place; undefined for a key that leads nowhere.
  function led(key, place) {
    const lines = Math.max(1, Math.floor(window.innerHeight / layout.height));
    const ways = {
      ArrowLeft: place - 1, ArrowRight: place + 1, ArrowUp: place - layout.columns, ArrowDown: place + layout.columns,
      PageUp: Math.max(place - lines * layout.columns, place % layout.columns),
      PageDown: Math.min(place + lines * layout.columns, total - 1), Home: 0, End: total - 1,
    };
    return ways[key];
  }

  node.addEventListener("keydown", (event) => {
    const card = event.target.closest(".cell");
    if (!card || event.altKey || event.metaKey || event.ctrlKey) return;
    const place = Number(card.dataset.place);
    const to = led(event.key, place);
    if (to !== undefined) {
      if (to >= 0 && to < total) focus(to);
      event.preventDefault();
    } else if (event.key === "Enter" && event.target === card && items[place]) {
      opened(items[place], place);
      event.preventDefault();
    }
  });
  node.addEventListener("focusin", (event) => {
    const card = event.target.closest(".cell");
    if (!card || Number(card.dataset.place) === active) return;
    const before = shown.get(active);
    if (before) reach(before, false);
    active = Number(card.dataset.place);
    for (const [other, one] of shown) reach(one, other === active);
  });

  const watcher = new ResizeObserver(() => {
    if (measure()) for (const [place, card] of shown) put(card, place);
    ask();
  });
  watcher.observe(node);
  window.addEventListener("scroll", ask, { passive: true });
  window.addEventListener("resize", ask);

  return {
    node,
    items,
    // Other results: how many there are, and the first of them. Where `isOpen`, there are at most so many.
    reset(count, first, { isOpen = false } = {}) {
      generation++;
      clearTimeout(resting);
      [total, active, most] = [isOpen ? Math.min(count, first.length) : count, 0, isOpen ? count : 0];
      items.length = 0;
      pages.clear();
      for (const card of shown.values()) card.remove();
      shown.clear();
      layout.width = 0;
      for (let offset = 0; offset < first.length; offset += PAGE) {
        const part = first.slice(offset, offset + PAGE);
        // A last page that came in part is asked for again when it is seen.
        if (part.length === PAGE || offset + part.length >= count) take(offset, part, part.length);
      }
      measure();
      draw();
    },
    refresh,
    focus,
    get inDocument() { return shown.size; },
    end() {
      generation++;
      clearTimeout(resting);
      watcher.disconnect();
      window.removeEventListener("scroll", ask);
      window.removeEventListener("resize", ask);
    },
  };
}
