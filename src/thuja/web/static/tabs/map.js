// Map: the vectors of the index in the plane, coloured by a column; a line drawn round points makes a list of them.

import * as api from "../api.js";
import { clear, element, freshId, saveFile } from "../dom.js";
import { boundsOf, rowsInside } from "./map/chosen.js";
import { drawLegend } from "./map/legend.js";
import { lassoOver } from "./map/lasso.js";
import { plotOf } from "./map/plot.js";
import { pointsOf } from "./map/points.js";
import { card } from "../parts/card.js";
import { notice } from "../parts/notice.js";
import { rankOf, taxonName, taxonOf } from "../parts/taxon.js";
import { schemeOf } from "../plot/colours.js";
import { columnWord } from "./search/filters.js";
import { tableOf } from "./search/table.js";
import { number, word } from "../words.js";

const MOST = 100_000; // points that are drawn smoothly
const MOST_LISTED = 100;
const MOST_ASKED = 12; // pictures of a choice that a search is asked with
const PAUSE = 90; // ms that the pointer rests on a point before its picture is asked for
const SAID = { get unknown() { return word("search.unknown"); }, others: (count) => word("map.others", { count }) };

function mount(root, context) {
  const { about, announce } = context;
  const within = context.query.get("within") || "";
  const asked = Number(context.query.get("points")) || 0;
  const stop = new AbortController();
  const records = new Map();
  const state = { column: null, scheme: null, chosen: new Set(), drawn: null, kept: null, shown: -1, isPinned: false };
  let [points, plot, lasso, resting] = [null, null, null, 0];

  const id = freshId("map");
  const stage = element("div", {
    class: "map-stage", tabindex: "0", role: "application", "aria-label": word("map.label"), "aria-describedby": `${id}-keys`,
  });
  const shown = element("article", { class: "map-card", "aria-label": word("map.card"), hidden: true });
  const choice = element("select", { id: `${id}-by`, onchange: () => colourBy(choice.value, { isAsked: true }) });
  const legend = element("div", { class: "map-legend", role: "group", "aria-label": word("map.legend") });
  const status = element("p", { class: "map-status", role: "status" }, word("map.loading"));
  const list = element("ul", { class: "map-list" });
  const actions = element("div", { class: "row map-actions", hidden: true });
  const tools = ["move", "lasso", "box"].map((name) => element("button", {
    type: "button", "aria-pressed": String(name === "move"), dataset: { tool: name }, onclick: () => use(name),
  }, word(`map.${name}`)));
  const problems = element("div");
  const made = element("p", { class: "soft map-made" });

  root.append(
    element("h1", { class: "unseen" }, word("map.title")),
    problems,
    element(
      "div",
      { class: "map-head" },
      element("div", { class: "map-by" }, element("label", { for: `${id}-by` }, word("map.colour_by")), choice),
      element("div", { class: "map-tools", role: "group", "aria-label": word("map.tools") }, tools),
      within ? element("p", { class: "map-within" }, word("map.within"), " ", taxonName(taxonOf(within)), " ",
        element("a", { href: "#map" }, word("map.all"))) : null,
    ),
    element("div", { class: "map-columns" },
      stage,
      element("aside", { class: "map-side", "aria-label": word("map.legend") }, legend, status, actions, list)),
    made,
    element("p", { class: "soft map-keys", id: `${id}-keys` }, word("map.keys")),
  );
  stage.append(zoomButtons(), shown);

  function zoomButtons() {
    const button = (key, sign, does) => element("button", { type: "button", "aria-label": word(key), title: word(key), onclick: does }, sign);
    return element("div", { class: "map-zoom" },
      button("map.closer", "+", () => plot?.zoom(1.5)), button("map.farther", "−", () => plot?.zoom(1 / 1.5)),
      button("map.whole", "⤢", () => plot?.whole()));
  }

  // What the map is of, as the address and the server take it.
  function place() {
    return { ...(within ? { within } : {}), ...(asked ? { points: Math.min(asked, MOST) } : {}) };
  }

  async function start() {
    try {
      const query = place();
      const [header, buffer] = await Promise.all([api.map(query, { signal: stop.signal }), api.mapPoints(query, { signal: stop.signal })]);
      points = pointsOf(header, buffer);
      clear(made, madeWords(header));
    } catch (error) {
      status.textContent = "";
      if (error.name !== "AbortError") clear(problems, notice(error));
      return;
    }
    plot = plotOf(stage, points, { pointed, tapped, moved, named, placed, closed });
    lasso = lassoOver(stage, { done: chooseInside, said: sayInside });
    stage.append(shown); // above the sheet of the lasso
    stage.dataset.renderer = plot.renderer;
    drawChoice();
  }

  // How the map came to be: how many of the pictures, and how much two axes can tell.
  function madeWords({ count, total = count, shares = [], notes = [] }) {
    const sum = shares.reduce((all, one) => all + one, 0);
    const more = `#map?${new URLSearchParams({ ...place(), points: MOST })}`;
    const said = [sum ? word("map.axes", { share: number(sum, { style: "percent" }) }) : "", ...notes].filter(Boolean).join(" ");
    if (count >= total) return [word("map.whole_index", { count }), " ", said];
    return [
      word("map.sample", { count, total }), " ",
      count < MOST ? [element("a", { href: more }, word("map.more", { count: Math.min(MOST, total) })), ". "] : null,
      said,
    ];
  }

  function drawChoice() {
    // A column of as many words as rows tells nothing by colour.
    const telling = points.columns.filter((column) => column.kind !== "word" || (column.words.length > 1 && column.counts[1] > 1));
    clear(choice, telling.map(({ name }) => element("option", { value: name }, columnWord(name))));
    const wanted = context.query.get("by");
    const first = telling.find(({ name }) => name === wanted) || telling.find(({ kind, words }) => kind === "word" && words.length > 2) || telling[0];
    choice.parentElement.hidden = !telling.length;
    if (first) choice.value = first.name;
    colourBy(first?.name);
  }

  function colourBy(name, { isAsked = false } = {}) {
    state.column = points.columns.find((column) => column.name === name) || null;
    state.scheme = schemeOf(points, state.column, SAID);
    state.chosen.clear();
    drawLegend(legend, points, { ...state, changed: keep });
    if (isAsked) context.rewrite(`map?${new URLSearchParams({ ...place(), by: name })}`);
    keep();
  }

  function use(name) {
    tools.forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.tool === name)));
    lasso?.use(name);
    open(-1, false);
    if (name !== "move") announce(word(`map.${name}_how`));
    stage.focus({ preventScroll: true });
  }

  // Kept are the points inside the line, and of these the values that are pressed in the legend.
  function keep() {
    const { chosen, drawn, scheme } = state;
    state.kept = chosen.size || drawn ? new Uint8Array(points.count) : null;
    const rows = [];
    if (state.kept) {
      for (const row of drawn || points.x.keys()) {
        if (chosen.size && !chosen.has(scheme.entryOf(row))) continue;
        state.kept[row] = 1;
        rows.push(row);
      }
    }
    plot.draw({ scheme, kept: state.kept });
    drawList(rows);
  }

  function drawList(rows) {
    const isSome = rows.length > 0;
    status.textContent = state.kept ? word("map.kept", { count: rows.length, all: points.count }) : word("map.points", { count: points.count });
    actions.hidden = !state.kept;
    clear(
      actions,
      isSome ? element("button", { type: "button", onclick: () => save(rows) }, word("search.save")) : null,
      isSome && about.features.search ? element("a", { class: "button", href: searchOf(rows) }, word("map.search")) : null,
      isSome ? element("button", { type: "button", onclick: () => plot.show(rows) }, word("map.zoom_to")) : null,
      element("button", { type: "button", onclick: reset }, word("map.clear")),
    );
    const lines = rows.slice(0, MOST_LISTED).map((row) => element("li", {}, element("button", {
      type: "button", class: "link map-line", onclick: () => { open(row, true); plot.mark(row); },
    }, points.nameOf(row))));
    const rest = rows.length - MOST_LISTED;
    clear(list, lines, rest > 0 ? element("li", { class: "soft" }, word("map.rest", { count: rest })) : null);
  }

  function reset() {
    state.drawn = null;
    state.chosen.clear();
    drawLegend(legend, points, { ...state, changed: keep });
    keep();
    stage.focus({ preventScroll: true });
  }

  function inside(line) {
    return rowsInside(points, plot.within(...boundsOf(line)), line, plot.view);
  }

  function chooseInside(line) {
    state.drawn = inside(line).sort((one, other) => one - other);
    open(-1, false);
    keep();
  }

  function sayInside(line) {
    status.textContent = word("map.in_box", { count: inside(line).length });
  }

  // A search is asked with those nearest to the middle of the choice.
  function searchOf(rows) {
    const middle = ["x", "y"].map((axis) => rows.reduce((sum, row) => sum + points[axis][row], 0) / rows.length);
    const apart = (row) => Math.hypot(points.x[row] - middle[0], points.y[row] - middle[1]);
    const nearest = rows.map((row) => [apart(row), row]).sort((one, other) => one[0] - other[0]).slice(0, MOST_ASKED);
    return `#search?${new URLSearchParams(nearest.map(([, row]) => ["like", points.ids[row]]))}`;
  }

  function save(rows) {
    const scale = (axis, low, high) => (row) => low + (points[axis][row] / 65535) * (high - low);
    const [x, y] = [scale("x", points.left, points.right), scale("y", points.low, points.high)];
    const value = (column, row) => (column.kind === "number" ? column.number(row) : column.value(row));
    const lines = rows.map((row) => [points.ids[row], x(row), y(row), ...points.columns.map((column) => value(column, row))]);
    saveFile("map.csv", "text/csv;charset=utf-8", tableOf(["id", "x", "y", ...points.columns.map(({ name }) => name)], lines));
    announce(word("search.saved", { count: rows.length }));
  }

  function pointed(row) {
    if (!state.isPinned) open(row, false);
  }

  function tapped(row) {
    open(row, true);
  }

  function closed() {
    open(-1, false);
    stage.focus({ preventScroll: true });
  }

  function moved() {
    if (!state.isPinned) open(-1, false);
  }

  function named(row) {
    announce(row < 0 ? word("map.nothing") : word("map.nearest", { name: describe(row) }));
  }

  function describe(row) {
    const { column } = state;
    return column && column !== points.nameColumn ? `${points.nameOf(row)}, ${columnWord(column.name)}: ${column.value(row) ?? word("search.unknown")}` : points.nameOf(row);
  }

  function open(row, isAsked) {
    const isPinned = isAsked && row >= 0;
    if (row === state.shown && isPinned === state.isPinned) return;
    clearTimeout(resting);
    Object.assign(state, { shown: row, isPinned });
    shown.hidden = row < 0;
    shown.classList.toggle("pinned", isPinned);
    if (row >= 0) {
      clear(shown, element("p", { class: "map-name" }, describe(row)), isPinned ? closeButton() : null);
      resting = setTimeout(() => fill(row, isPinned), isPinned ? 0 : PAUSE);
      if (isPinned) announce(describe(row));
    }
    plot?.mark(row);
  }

  function closeButton() {
    return element("button", { type: "button", class: "map-close", "aria-label": word("search.close"), onclick: closed }, "×");
  }

  // The picture comes with its licence, which the map's own numbers do not have.
  async function fill(row, isPinned) {
    const key = points.ids[row];
    try {
      if (!records.has(key)) records.set(key, await api.record(key, { signal: stop.signal }));
    } catch (error) {
      if (error.name !== "AbortError" && state.shown === row) shown.append(element("p", { class: "soft" }, error.message));
      return;
    }
    if (state.shown !== row || state.isPinned !== isPinned) return;
    const hit = records.get(key);
    const { column } = state;
    const more = `#search?${new URLSearchParams({ like: key })}`;
    clear(
      shown,
      card(hit.taxon && rankOf(hit.taxon) ? hit : { ...hit, taxon: null }, { hasScore: false }),
      column && column !== points.nameColumn ? element("p", { class: "map-fact" }, columnWord(column.name), ": ", column.value(row) ?? word("search.unknown")) : null,
      isPinned && about.features.search ? element("p", { class: "map-fact" }, element("a", { href: more }, word("search.more"))) : null,
      isPinned ? closeButton() : null,
    );
    plot.mark(row);
  }

  function placed(left, top, { width, height }) {
    const [wide, tall] = [shown.offsetWidth, shown.offsetHeight];
    const right = left + 16 + wide <= width ? left + 16 : left - 16 - wide;
    shown.style.left = `${Math.max(4, Math.min(right, width - wide - 4))}px`;
    shown.style.top = `${Math.max(4, Math.min(top - tall / 3, height - tall - 4))}px`;
  }

  start();
  return () => {
    stop.abort();
    clearTimeout(resting);
    plot?.end();
  };
}

export const tab = { name: "map", mount };
