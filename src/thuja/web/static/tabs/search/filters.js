// What is kept of the index: a branch of the tree, values of columns with their counts, ranges of dates and numbers.

import { clear, element, freshId } from "../../dom.js";
import { chip, completion } from "../../parts/complete.js";
import { RANKS, pathOf, rankWord, taxonName, taxonOf } from "../../parts/taxon.js";
import { hasWord, number, word } from "../../words.js";
import { placeColumns, placeFilter } from "./place.js";

const FIRST = 8; // values of a facet before one asks for more
const FIRST_OPEN = 3;
const MOST_COLUMNS = 12;
const MOST_RANKS = 4;
const MOST_RANGES = 6;
const NO_FACETS = ["common", "common_name", "scientific_name", "species", "uuid"];
const OF_FILES = [ // what tells of files and how they were kept, and would stand before what tells of organisms
  "shard_filename", "file_name", "path", "md5", "sha256", "pdq", "caption", "title", "verbatim_name", "resolution_status",
  "catalog_number", "traits", "resolution_score", "file_size", "width", "height", "pdq_quality", "sharpness", "contrast",
];
const OWN = /_?(id|url|link|hash|key)$/i; // columns of which nearly every picture has its own value

export function columnWord(name) {
  if (RANKS.includes(name)) return rankWord(name);
  if (hasWord(`column.${name}`)) return word(`column.${name}`);
  return name.replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ");
}

export function isDate(name) {
  return /(^|_)date$|Date$/.test(name);
}

// The columns whose values are counted: ranks below the branch that is chosen, then those of few values.
export function facetColumns(about, state) {
  const names = about.index.columns.filter(({ kind }) => kind === "text" || kind === "bool").map(({ name }) => name);
  const deepest = Math.max(-1, ...state.within.map((path) => path.split("/").length - 1));
  const isBelow = (rank) => RANKS.indexOf(rank) > deepest || state.equals[rank];
  const ranks = RANKS.slice(0, 6).filter((rank) => names.includes(rank) && isBelow(rank)).slice(0, MOST_RANKS);
  const isTelling = (name) => ![...RANKS, ...NO_FACETS, ...OF_FILES].includes(name) && !isDate(name) && !OWN.test(name);
  return [...ranks, ...names.filter(isTelling)].slice(0, MOST_COLUMNS);
}

// Of a place there is a box; a range of its columns is shown where an address has one.
function rangeColumns(about, { ranges }) {
  const places = placeColumns(about);
  const isRange = ({ name, kind }) => (kind === "number" || isDate(name)) && (!places.includes(name) || ranges[name]);
  return about.index.columns.filter(isRange).slice(0, MOST_RANGES);
}

export function filterPanel(told) {
  return new Filters(told);
}

class Filters {
  constructor({ about, state, region, changed }) {
    Object.assign(this, { about, state, region, changed, counted: {} });
    this.open = new Map(); // facets that the reader opened or closed
    this.full = new Set(); // facets of which all values are shown
    [this.chips, this.facets, this.ranges] = ["chips", "facets", "ranges"].map((name) =>
      element("div", { class: `filter-${name}` }));
    const boxes = about.index.has_lineage ? ["within", "excludes"].map((list) => this.branchBox(list)) : null;
    this.place = placeColumns(about).length ? placeFilter({ state, region, changed }) : null;
    this.node = element("div", { class: "filters" }, boxes, this.chips, this.place?.node, this.facets, this.ranges);
    this.refresh();
  }

  refresh() {
    this.drawChips();
    this.drawFacets();
    this.drawRanges();
    this.place?.refresh();
  }

  // How many conditions there are.
  get used() {
    const { within, excludes, equals, ranges, box } = this.state();
    const lists = [within, excludes, ...Object.values(equals), Object.keys(ranges)];
    const places = [this.region.shape, Object.keys(box).length].filter(Boolean);
    return lists.reduce((all, list) => all + list.length, places.length);
  }

  // What a search counted: {column: [{value, count}]}.
  count(found) {
    this.counted = found || {};
    this.drawFacets();
  }

  // A branch of the tree that is looked through, or left out.
  branchBox(list) {
    const add = (path) => {
      const branches = this.state()[list];
      if (!branches.includes(path)) branches.push(path);
      this.changed();
    };
    const onchoose = (item) => add(item.isFree ? item.text : pathOf(item.taxon));
    return completion({ label: word(`search.${list}`), placeholder: word(`search.${list}_example`), onchoose, isFree: true }).node;
  }

  drawChips() {
    const now = this.state();
    clear(this.chips, ["within", "excludes"].flatMap((name) => now[name].map((path) => {
      const shown = path.includes("/") ? taxonName(taxonOf(path), { isShort: true }) : element("span", {}, path);
      const remove = () => {
        now[name] = now[name].filter((one) => one !== path);
        this.changed();
      };
      return chip(name === "excludes" ? [word("search.not"), " ", shown] : shown, shown.textContent, remove);
    })));
  }

  drawFacets() {
    const held = { ...document.activeElement?.dataset };
    clear(this.facets, facetColumns(this.about, this.state()).map((column, place) => this.facet(column, place)));
    if (!held.column) return;
    const isHeld = ({ dataset }) => dataset.column === held.column && dataset.value === held.value;
    [...this.facets.querySelectorAll("input")].find(isHeld)?.focus({ preventScroll: true });
  }

  facet(column, place) {
    const chosen = this.state().equals[column] || [];
    const values = [...(this.counted[column] || [])];
    // What is chosen stays in the list, though nothing may be left of it.
    for (const value of chosen) if (!values.some((one) => one.value === value)) values.unshift({ value, count: 0 });
    if (values.length < 2 && !chosen.length) return null;
    const isSeen = ({ value }, at) => this.full.has(column) || at < FIRST || chosen.includes(value);
    const seen = values.filter(isSeen);
    const isOpen = this.open.get(column) ?? (place < FIRST_OPEN || chosen.length > 0);
    const turned = ({ target }) => { if (target.open !== isOpen) this.open.set(column, target.open); };
    const badge = chosen.length ? element("small", { class: "facet-chosen" }, number(chosen.length)) : null;
    return element(
      "details",
      { class: "facet", open: isOpen, ontoggle: turned },
      element("summary", {}, element("span", {}, columnWord(column)), badge),
      element("div", { role: "group", "aria-label": columnWord(column) },
        seen.map(({ value, count }) => this.facetValue(column, { value, count, isChosen: chosen.includes(value) }))),
      this.moreValues(column, values.length - seen.length),
    );
  }

  facetValue(column, { value, count, isChosen }) {
    const box = element("input", {
      type: "checkbox", checked: isChosen, dataset: { column, value }, onchange: () => this.toggle(column, value),
    });
    const name = element("span", { class: column === "genus" ? "italic" : null }, value || word("search.unknown"));
    return element("label", { class: "facet-value" }, box, name, element("small", {}, number(count)));
  }

  moreValues(column, count) {
    if (count <= 0) return null;
    const show = ({ target }) => {
      const seen = target.parentElement.querySelectorAll("input").length;
      this.full.add(column);
      this.open.set(column, true);
      this.drawFacets();
      [...this.facets.querySelectorAll("input")].filter(({ dataset }) => dataset.column === column)[seen]?.focus();
    };
    return element("button", { class: "quiet", type: "button", onclick: show }, word("search.more_values", { count }));
  }

  toggle(column, value) {
    const { equals } = this.state();
    const before = equals[column] || [];
    const after = before.includes(value) ? before.filter((one) => one !== value) : [...before, value];
    if (after.length) equals[column] = after;
    else delete equals[column];
    this.changed();
  }

  drawRanges() {
    if (this.ranges.contains(document.activeElement)) return;
    const columns = rangeColumns(this.about, this.state());
    if (!columns.length) return;
    const isOpen = this.ranges.querySelector("details")?.open || Object.keys(this.state().ranges).length > 0;
    const title = element("summary", {}, element("span", {}, word("search.ranges")));
    const fields = columns.map((column) => this.range(column));
    clear(this.ranges, element("details", { class: "facet", open: isOpen }, title, fields));
  }

  range({ name, kind }) {
    const id = freshId("range");
    const { ranges } = this.state();
    const set = (end, value) => {
      ranges[name] = { ...ranges[name], [end]: value };
      if (!ranges[name].from && !ranges[name].to) delete ranges[name];
      this.changed();
    };
    const told = (end) => ranges[name]?.[end] || "";
    const isPart = isDate(name) && ["from", "to"].some((end) => !/^(\d{4}-\d\d-\d\d)?$/.test(told(end))); // such as 2015
    const type = kind === "number" ? "number" : isPart ? "text" : "date";
    const shown = (end) => (type === "number" && Number.isNaN(Number(told(end))) ? "" : told(end));
    const field = (end) => element("input", {
      id: `${id}-${end}`, type, step: "any", value: shown(end),
      onchange: ({ target }) => set(end, target.value),
    });
    const ends = ["from", "to"].map((end) =>
      element("div", {}, element("label", { for: `${id}-${end}` }, word(`search.${end}`)), field(end)));
    const title = element("legend", {}, columnWord(name));
    return element("fieldset", { class: "filter-range", dataset: { kind } }, title, ends);
  }
}
