// What is kept of the index: a branch of the tree, values of columns with their counts, and ranges of dates and numbers.

import { chip, completion } from "../../parts/complete.js";
import { RANKS, pathOf, rankWord, taxonName, taxonOf } from "../../parts/taxon.js";
import { clear, element, freshId } from "../../dom.js";
import { hasWord, number, word } from "../../words.js";

const FIRST = 8; // values of a facet before one asks for more
const FIRST_OPEN = 3;
const NO_FACETS = ["common", "common_name", "scientific_name", "species", "uuid"];
const MOST_COLUMNS = 10;

export function columnWord(name) {
  if (RANKS.includes(name)) return rankWord(name);
  if (hasWord(`column.${name}`)) return word(`column.${name}`);
  return name.replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ");
}

export function isDate(name) {
  return /(^|_)date$|Date$/.test(name);
}

// The columns whose values are counted: ranks first, then those of few values.
export function facetColumns(about, state) {
  const names = about.index.columns.filter(({ kind }) => kind === "text" || kind === "bool").map(({ name }) => name);
  const deepest = Math.max(-1, ...state.within.map((path) => path.split("/").length - 1));
  const ranks = RANKS.slice(0, 6).filter((rank, place) => names.includes(rank) && (place > deepest || state.equals[rank])).slice(0, 4);
  const others = names.filter((name) => !RANKS.includes(name) && !NO_FACETS.includes(name) && !isDate(name) && !/_?(id|url|link|hash|key)$/i.test(name));
  return [...ranks, ...others].slice(0, MOST_COLUMNS);
}

export function rangeColumns(about) {
  return about.index.columns.filter(({ name, kind }) => kind === "number" || isDate(name)).slice(0, 6);
}

export function filterPanel({ about, state, changed }) {
  const [chips, facets, ranges] = ["chips", "facets", "ranges"].map((name) => element("div", { class: `filter-${name}` }));
  const openColumns = new Map(); // what the reader opened or closed
  const fullColumns = new Set();
  let counted = {};
  const branch = completion({
    label: word("search.within"),
    placeholder: word("search.within_example"),
    onchoose({ taxon, isFree, text }) {
      const path = isFree ? text : pathOf(taxon);
      if (!state().within.includes(path)) state().within.push(path);
      changed();
    },
    isFree: true,
  });
  const node = element(
    "div",
    { class: "filters" },
    about.index.has_lineage ? branch.node : null,
    chips, facets, ranges,
  );

  function remove(list, value) {
    list.splice(list.indexOf(value), 1);
    changed();
  }

  function drawChips() {
    const now = state();
    const chosen = ["within", "excludes"].flatMap((name) => now[name].map((path) => {
      const label = path.includes("/") ? taxonName(taxonOf(path), { isShort: true }) : path;
      const text = typeof label === "string" ? label : label.textContent;
      return chip(name === "excludes" ? [word("search.not"), " ", label] : label, text, () => remove(now[name], path));
    }));
    clear(chips, chosen);
  }

  function toggle(column, value) {
    const { equals } = state();
    const values = (equals[column] ||= []);
    if (values.includes(value)) values.splice(values.indexOf(value), 1);
    else values.push(value);
    if (!values.length) delete equals[column];
    changed();
  }

  function facet(column, place) {
    const chosen = state().equals[column] || [];
    const values = [...(counted[column] || [])];
    // What is chosen stays in the list, though nothing may be left of it.
    for (const value of chosen) if (!values.some((one) => one.value === value)) values.unshift({ value, count: 0 });
    if (values.length < 2 && !chosen.length) return null;
    const seen = fullColumns.has(column) ? values : values.filter(({ value }, place) => place < FIRST || chosen.includes(value));
    const lines = seen.map(({ value, count }) => element(
      "label",
      { class: "facet-value" },
      element("input", {
        type: "checkbox", checked: chosen.includes(value), dataset: { column, value }, onchange: () => toggle(column, value),
      }),
      element("span", { class: RANKS.indexOf(column) > 4 ? "taxon-name italic" : "" }, value || word("search.unknown")),
      element("small", {}, number(count)),
    ));
    const rest = values.length - seen.length;
    const isOpen = openColumns.get(column) ?? (place < FIRST_OPEN || chosen.length > 0);
    return element(
      "details",
      {
        class: "facet", open: isOpen,
        ontoggle: (event) => { if (event.target.open !== isOpen) openColumns.set(column, event.target.open); },
      },
      element("summary", {}, element("span", {}, columnWord(column)), chosen.length ? element("small", { class: "facet-chosen" }, number(chosen.length)) : null),
      element("div", { role: "group", "aria-label": columnWord(column) }, lines),
      rest > 0 ? element("button", {
        class: "quiet", type: "button", onclick: () => { fullColumns.add(column); openColumns.set(column, true); drawFacets(); },
      }, word("search.more_values", { count: rest })) : null,
    );
  }

  function drawFacets() {
    const held = document.activeElement?.dataset?.column && { ...document.activeElement.dataset };
    clear(facets, facetColumns(about, state()).map(facet));
    if (!held) return;
    const again = [...facets.querySelectorAll("input")].find((one) => one.dataset.column === held.column && one.dataset.value === held.value);
    again?.focus({ preventScroll: true });
  }

  function range({ name, kind }) {
    const id = freshId("range");
    const field = (end) => element("input", {
      id: `${id}-${end}`, type: isDate(name) ? "date" : "number", step: "any", value: state().ranges[name]?.[end] || "",
      onchange: (event) => {
        const all = state().ranges;
        all[name] = { ...all[name], [end]: event.target.value };
        if (!all[name].from && !all[name].to) delete all[name];
        changed();
      },
    });
    return element(
      "fieldset",
      { class: "filter-range", dataset: { kind } },
      element("legend", {}, columnWord(name)),
      ["from", "to"].map((end) => element("div", {}, element("label", { for: `${id}-${end}` }, word(`search.${end}`)), field(end))),
    );
  }

  function drawRanges() {
    if (ranges.contains(document.activeElement)) return;
    const columns = rangeColumns(about);
    if (!columns.length) return clear(ranges);
    const isOpen = ranges.querySelector("details")?.open || Object.keys(state().ranges).length > 0;
    return clear(ranges, element("details", { class: "facet", open: isOpen }, element("summary", {}, element("span", {}, word("search.ranges"))), columns.map(range)));
  }

  const panel = {
    node,
    refresh() {
      drawChips();
      drawFacets();
      drawRanges();
    },
    count(found) {
      counted = found || {};
      drawFacets();
    },
  };
  panel.refresh();
  return panel;
}
