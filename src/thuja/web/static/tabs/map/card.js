// The card of a point: its name at once, then its picture with licence and credit, which the map's numbers do not have.

import * as api from "../../api.js";
import { clear, element } from "../../dom.js";
import { card } from "../../parts/card.js";
import { rankOf } from "../../parts/taxon.js";
import { word } from "../../words.js";
import { columnWord } from "../search/filters.js";

const PAUSE = 90; // ms that the pointer rests on a point before its picture is asked for

// `column()` is what the map is coloured by; `marked(row)` puts the ring round a point.
export function pointCard(told) {
  return new PointCard(told);
}

class PointCard {
  constructor(told) {
    this.told = told;
    this.records = new Map();
    this.ending = new AbortController();
    this.row = -1;
    this.isPinned = false;
    this.node = element("article", { class: "map-card", "aria-label": word("map.card"), hidden: true });
  }

  // The point under the pointer, -1 for none; a card that was asked for stays.
  point(row) {
    if (!this.isPinned) this.open(row);
  }

  open(row, { isPinned = false } = {}) {
    if (row === this.row && isPinned === this.isPinned) return;
    clearTimeout(this.resting);
    this.row = row;
    this.isPinned = isPinned && row >= 0;
    this.node.hidden = row < 0;
    this.node.classList.toggle("pinned", this.isPinned);
    if (row >= 0) {
      clear(this.node, element("p", { class: "map-name" }, this.describe(row)), this.closing());
      this.resting = setTimeout(() => this.fill(row), this.isPinned ? 0 : PAUSE);
      if (this.isPinned) this.told.announce(this.describe(row));
    }
    this.told.marked(row);
  }

  close() {
    this.open(-1);
    this.told.stage.focus({ preventScroll: true });
  }

  closing() {
    if (!this.isPinned) return null;
    const attributes = { type: "button", class: "map-close", "aria-label": word("search.close") };
    return element("button", { ...attributes, onclick: () => this.close() }, "×");
  }

  describe(row) {
    const fact = this.fact(row);
    return fact ? `${this.told.points.nameOf(row)}, ${fact}` : this.told.points.nameOf(row);
  }

  fact(row) {
    const column = this.told.column();
    if (!column || column === this.told.points.nameColumn) return null;
    return `${columnWord(column.name)}: ${column.value(row) ?? word("search.unknown")}`;
  }

  async record(id) {
    if (!this.records.has(id)) this.records.set(id, await api.record(id, { signal: this.ending.signal }));
    return this.records.get(id);
  }

  async fill(row) {
    const id = this.told.points.ids[row];
    try {
      const hit = await this.record(id);
      if (this.row === row) this.show(row, hit);
    } catch (error) {
      if (error.name === "AbortError" || this.row !== row) return;
      this.node.append(element("p", { class: "soft" }, error.message));
    }
  }

  show(row, hit) {
    const fact = this.fact(row);
    const more = this.isPinned && this.told.about.features.search
      ? element("a", { href: `#search?${new URLSearchParams({ like: hit.id })}` }, word("search.more")) : null;
    clear(
      this.node,
      card(hit.taxon && rankOf(hit.taxon) ? hit : { ...hit, taxon: null }, { hasScore: false }),
      fact ? element("p", { class: "map-fact" }, fact) : null,
      more ? element("p", { class: "map-fact" }, more) : null,
      this.closing(),
    );
    this.told.marked(row);
  }

  // Beside the point, within the map.
  place(left, top, { width, height }) {
    const [wide, tall] = [this.node.offsetWidth, this.node.offsetHeight];
    const right = left + 16 + wide <= width ? left + 16 : left - 16 - wide;
    this.node.style.left = `${Math.max(4, Math.min(right, width - wide - 4))}px`;
    this.node.style.top = `${Math.max(4, Math.min(top - tall / 3, height - tall - 4))}px`;
  }

  end() {
    clearTimeout(this.resting);
    this.ending.abort();
  }
}
