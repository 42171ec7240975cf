// The page put together: what is shown changes here, and each change asks for one frame.

import { fillCard, placeCard, element } from "./card.js";
import { gridOf, rowsWithin } from "./cells.js";
import { UNKNOWN, coloured, rgb, schemeOf, shuffled } from "./colours.js";
import { drawLegend, fillTable, found } from "./controls.js";
import { readPoints } from "./points.js";
import { rasterOf } from "./raster.js";
import { nearest, radiusOf, viewOf } from "./view.js";
import { listen } from "./walking.js";
import { webglOf } from "./webgl.js";

const $ = (id) => document.getElementById(id);
const points = readPoints();
const grid = gridOf(points);
const view = viewOf(points);
const order = shuffled(points.count);
const state = { column: null, scheme: null, chosen: new Set(), sought: null, kept: null, shown: -1, isPinned: false };
let [canvas, renderer, isAsked, settling] = [$("map"), null, false, 0];

function startRenderer() {
  const asked = location.hash.slice(1);
  renderer = asked === "canvas" ? null : webglOf(canvas, asked === "webgl");
  if (!renderer) return drawInSoftware();
  canvas.addEventListener("webglcontextlost", () => { drawInSoftware(); recolour(); }, { once: true });
  document.body.dataset.renderer = renderer.name;
}

// A canvas that WebGL has had can be nothing else: a fresh one takes its place.
function drawInSoftware() {
  const fresh = canvas.cloneNode();
  canvas.replaceWith(fresh);
  canvas = fresh;
  renderer = rasterOf(canvas);
  document.body.dataset.renderer = renderer.name;
}

function ratio() {
  return Math.min(window.devicePixelRatio || 1, 2);
}

function ask() {
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    renderer.draw(view, radiusOf(points, view), ratio());
    ring();
  });
}

function recolour() {
  const style = getComputedStyle(document.documentElement);
  const faded = rgb(style.getPropertyValue("--faded").trim());
  const { x, y, colours } = coloured(points, order, { scheme: state.scheme, kept: state.kept, faded });
  renderer.load(x, y, colours);
  ask();
}

function keep() {
  const { chosen, sought, scheme } = state;
  state.kept = chosen.size || sought ? new Uint8Array(points.count) : null;
  let count = points.count;
  if (state.kept) {
    count = 0;
    for (let row = 0; row < points.count; row++) {
      const isKept = (!sought || sought[row]) && (!chosen.size || chosen.has(scheme.entryOf(row)));
      state.kept[row] = isKept ? 1 : 0;
      count += state.kept[row];
    }
  }
  const all = points.count.toLocaleString("en");
  say(state.kept ? `${count.toLocaleString("en")} of ${all} points are kept` : `${all} points`);
  $("show-kept").hidden = !state.kept || !count;
  recolour();
  settle();
}

function colourBy(place) {
  state.column = points.columns[place] || null;
  state.scheme = schemeOf(points, state.column);
  state.chosen.clear();
  drawLegend($("legend"), points, { ...state, changed: keep });
  keep();
}

function say(text) {
  $("status").textContent = text;
}

// What costs more than a frame waits until the map stands still.
function settle() {
  clearTimeout(settling);
  settling = setTimeout(() => {
    if (!$("in-view").open) return;
    const rows = inView();
    const said = { way: view.pixels(), middle: { x: view.width / 2, y: view.height / 2 }, opened: (row) => open(row, true) };
    const shown = fillTable($("table"), points, rows, said);
    $("table-note").textContent =
      `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} points in view, nearest to its middle first`;
  }, 150);
}

function inView() {
  const rows = [...rowsWithin(points, grid, view.box(0, 0, view.width, view.height))];
  return state.kept ? rows.filter((row) => state.kept[row]) : rows;
}

function ring() {
  const mark = $("ring");
  mark.hidden = state.shown < 0;
  if (mark.hidden) return;
  const way = view.pixels();
  const [left, top] = [way.left + points.x[state.shown] * way.across, way.top - points.y[state.shown] * way.up];
  mark.style.transform = `translate(${left}px, ${top}px)`;
  placeCard($("card"), left, top, view.width, view.height);
}

function open(row, isAsked) {
  const isPinned = isAsked && row >= 0;
  if (row === state.shown && isPinned === state.isPinned) return;
  const isOther = row !== state.shown;
  [state.shown, state.isPinned] = [row, isPinned];
  const card = $("card");
  card.hidden = row < 0;
  card.classList.toggle("pinned", isPinned);
  if (row >= 0 && isOther) fillCard(card, points, row).addEventListener("click", close);
  if (row >= 0 && isPinned) say(describe(row));
  ring();
}

function close() {
  open(-1, false);
  $("stage").focus({ preventScroll: true });
}

function describe(row) {
  const value = state.column ? state.column.value(row) : null;
  const told = state.column && state.column !== points.nameColumn ? `, ${state.column.name}: ${value ?? UNKNOWN}` : "";
  return points.nameOf(row) + told;
}

function nearestTo(left, top, reach) {
  return nearest(points, grid, view, { left, top, reach, kept: state.kept });
}

function resize() {
  const box = $("stage").getBoundingClientRect();
  view.resize(box.width, box.height);
  canvas.width = Math.round(view.width * ratio());
  canvas.height = Math.round(view.height * ratio());
  ask();
  settle();
}

function showKept() {
  const box = { left: Infinity, right: -Infinity, low: Infinity, high: -Infinity };
  for (let row = 0; row < points.count; row++) {
    if (state.kept && !state.kept[row]) continue;
    box.left = Math.min(box.left, points.x[row]);
    box.right = Math.max(box.right, points.x[row]);
    box.low = Math.min(box.low, points.y[row]);
    box.high = Math.max(box.high, points.y[row]);
  }
  view.show(box);
  ask();
  settle();
}

function zoomBy(factor) {
  view.zoom(factor, view.width / 2, view.height / 2);
  ask();
  settle();
}

function start() {
  startRenderer();
  const choice = $("colour-by");
  points.columns.forEach((column, place) => {
    // A column of as many words as rows tells nothing by colour.
    if (column.kind === "word" && (!column.words.length || column.counts[1] < 2)) return;
    const option = element("option", column.name);
    option.value = String(place);
    choice.append(option);
  });
  if (choice.options.length) choice.value = [...choice.options].some((one) => one.value === String(points.colour_by))
    ? String(points.colour_by) : choice.options[0].value;
  choice.closest("label").hidden = !choice.options.length;
  choice.addEventListener("change", () => colourBy(Number(choice.value)));
  let typing = 0;
  $("search").addEventListener("input", (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      state.sought = found(points, event.target.value);
      keep();
    }, 120);
  });
  $("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && state.kept) showKept();
  });
  $("show-kept").addEventListener("click", showKept);
  $("in-view").addEventListener("toggle", settle);
  $("zoom-in").addEventListener("click", () => zoomBy(1.5));
  $("zoom-out").addEventListener("click", () => zoomBy(1 / 1.5));
  $("whole").addEventListener("click", () => { view.fit(); zoomBy(1); });
  listen($("stage"), view, {
    moved() {
      if (!state.isPinned) open(-1, false);
      ask();
      settle();
    },
    pointed(left, top) {
      if (!state.isPinned) open(nearestTo(left, top, 10), false);
    },
    tapped(left, top, reach) {
      open(nearestTo(left, top, reach), true);
    },
    left() {
      if (!state.isPinned) open(-1, false);
    },
    named() {
      const row = nearestTo(view.width / 2, view.height / 2, Math.max(view.width, view.height) / 2);
      const count = inView().length.toLocaleString("en");
      say(row < 0 ? "no point in view" : `${count} points in view; nearest to the middle: ${describe(row)}`);
    },
    closed: close,
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
  new ResizeObserver(resize).observe($("stage"));
  resize();
  colourBy(choice.options.length ? Number(choice.value) : -1);
}

start();
