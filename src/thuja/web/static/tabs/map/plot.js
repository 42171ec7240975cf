// The map itself: points on a canvas that one moves and zooms, with a ring round the one that is shown.

import { gridOf, rowsWithin } from "../../plot/cells.js";
import { coloured, rgb, shuffled } from "../../plot/colours.js";
import { rasterOf } from "../../plot/raster.js";
import { nearest, radiusOf, viewOf } from "../../plot/view.js";
import { listen } from "../../plot/walking.js";
import { webglOf } from "../../plot/webgl.js";
import { element } from "../../dom.js";

// `pointed(row)` is told of the point under the pointer, -1 for none; `tapped(row)` of a click, touch or Enter;
// `moved()` of another view, `named()` of a move by keys.
export function plotOf(stage, points, told) {
  const [grid, order] = [gridOf(points), shuffled(points.count)];
  const view = viewOf(points);
  const ring = element("div", { class: "map-ring", hidden: true });
  let canvas = element("canvas", { class: "map-canvas", "aria-hidden": "true" });
  let [renderer, isAsked, look, shown] = [null, false, null, -1];
  stage.prepend(canvas, ring);

  function drawInSoftware() {
    // A canvas that WebGL has had can be nothing else.
    const fresh = canvas.cloneNode();
    canvas.replaceWith(fresh);
    canvas = fresh;
    renderer = rasterOf(canvas);
    load();
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
      place();
    });
  }

  function load() {
    if (!look) return;
    const faded = rgb(getComputedStyle(stage).getPropertyValue("--faded").trim());
    const { x, y, colours } = coloured(points, order, { ...look, faded });
    renderer.load(x, y, colours);
    ask();
  }

  function at(row) {
    const way = view.pixels();
    return { left: way.left + points.x[row] * way.across, top: way.top - points.y[row] * way.up };
  }

  function place() {
    ring.hidden = shown < 0;
    if (shown < 0) return;
    const { left, top } = at(shown);
    ring.style.transform = `translate(${left}px, ${top}px)`;
    told.placed?.(left, top, view);
  }

  function near(left, top, reach) {
    return nearest(points, grid, view, { left, top, reach, kept: look?.kept });
  }

  function resize() {
    const { width, height } = stage.getBoundingClientRect();
    if (!width || !height) return;
    view.resize(width, height);
    canvas.width = Math.round(view.width * ratio());
    canvas.height = Math.round(view.height * ratio());
    ask();
  }

  function moved() {
    ask();
    told.moved();
  }

  listen(stage, view, {
    moved,
    pointed: (left, top) => told.pointed(near(left, top, 10)),
    tapped: (left, top, reach) => told.tapped(near(left, top, reach)),
    left: () => told.pointed(-1),
    named: () => told.named(near(view.width / 2, view.height / 2, Math.max(view.width, view.height) / 2)),
    closed: told.closed,
  });
  renderer = webglOf(canvas, false);
  canvas.addEventListener("webglcontextlost", drawInSoftware, { once: true });
  if (!renderer) drawInSoftware();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", load);
  const watcher = new ResizeObserver(resize);
  watcher.observe(stage);
  resize();

  return {
    view,
    // `look` is {scheme, kept}: the colours, and flags of the points that are not faded or null for all.
    draw(next) {
      look = next;
      load();
    },
    mark(row) {
      shown = row;
      place();
    },
    zoom(factor) {
      view.zoom(factor, view.width / 2, view.height / 2);
      moved();
    },
    whole() {
      view.fit();
      moved();
    },
    show(rows) {
      const box = { left: Infinity, right: -Infinity, low: Infinity, high: -Infinity };
      for (const row of rows) {
        box.left = Math.min(box.left, points.x[row]);
        box.right = Math.max(box.right, points.x[row]);
        box.low = Math.min(box.low, points.y[row]);
        box.high = Math.max(box.high, points.y[row]);
      }
      if (box.left <= box.right) view.show(box);
      moved();
    },
    // The rows in a box of pixels.
    within: (left, top, right, bottom) => [...rowsWithin(points, grid, view.box(left, top, right, bottom))],
    get renderer() { return renderer.name || "canvas"; },
    end() {
      watcher.disconnect();
      dark.removeEventListener("change", load);
    },
  };
}
