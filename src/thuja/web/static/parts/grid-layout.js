// Where the cards of a grid lie: columns by the width that there is, lines of one height, places counted line by line.

const LEAST = 190; // pixels of a column, but for a narrow screen, which has two

export function gridLayout(node) {
  return new Layout(node);
}

class Layout {
  constructor(node) {
    Object.assign(this, { node, columns: 1, width: 0, height: 1, gap: 0 });
  }

  // For so many cards; whether they lie otherwise than before. The style says what a gap and the words of a card take.
  measure(count) {
    const whole = this.node.clientWidth;
    if (!whole) return false;
    const style = getComputedStyle(this.node);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const gap = Math.round(parseFloat(style.getPropertyValue("--gap")) * rem);
    const words = parseFloat(style.getPropertyValue("--words")) * rem;
    const least = whole < 2 * LEAST + gap ? 2 : 1;
    const columns = Math.max(least, Math.floor((whole + gap) / (LEAST + gap)));
    const width = (whole - gap * (columns - 1)) / columns;
    const isOther = columns !== this.columns || width !== this.width;
    Object.assign(this, { gap, columns, width, height: Math.round(width + words) + gap });
    this.node.style.height = `${Math.max(0, Math.ceil(count / columns) * this.height - gap)}px`;
    return isOther;
  }

  // The places from the first to before the last that are in view, and some lines around; the first line at least,
  // which a reader who does not scroll comes to.
  range(around, count) {
    const { top } = this.node.getBoundingClientRect();
    const clip = (line) => Math.max(0, Math.min(count, line * this.columns));
    const last = Math.ceil((innerHeight - top) / this.height);
    return [clip(Math.floor(-top / this.height) - around), clip(Math.max(1, last + around))];
  }

  put(card, place) {
    const [line, column] = [Math.floor(place / this.columns), place % this.columns];
    card.style.width = `${this.width}px`;
    card.style.height = `${this.height - this.gap}px`;
    card.style.transform = `translate(${column * (this.width + this.gap)}px, ${line * this.height}px)`;
  }

  // Scrolls until a place is in view.
  reveal(place) {
    const top = this.node.getBoundingClientRect().top + Math.floor(place / this.columns) * this.height;
    const margin = parseFloat(getComputedStyle(this.node).scrollMarginTop) || 0;
    const under = top + this.height - innerHeight;
    if (top < margin) scrollBy({ top: top - margin, behavior: "instant" });
    else if (under > 0) scrollBy({ top: under, behavior: "instant" });
  }

  // Where a key leads from a place; undefined for a key that leads nowhere.
  led(key, place, count) {
    const { columns } = this;
    const page = Math.max(1, Math.floor(innerHeight / this.height)) * columns;
    const ways = {
      ArrowLeft: place - 1, ArrowRight: place + 1, ArrowUp: place - columns, ArrowDown: place + columns,
      PageUp: Math.max(place - page, place % columns), PageDown: Math.min(place + page, count - 1),
      Home: 0, End: count - 1,
    };
    return ways[key];
  }
}
