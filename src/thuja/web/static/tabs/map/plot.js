// The map itself: points on a canvas that one moves and zooms, with a ring round the one that is shown.

import { element } from "../../dom.js";
import { gridOf, rowsWithin } from "../../plot/cells.js";
import { coloured, rgb, shuffled } from "../../plot/colours.js";
import { rasterOf } from "../../plot/raster.js";
import { nearest, radiusOf, viewOf } from "../../plot/view.js";
import { listen } from "../../plot/walking.js";
import { webglOf } from "../../plot/webgl.js";

// `pointed(row)` is told of the point under the pointer, -1 for none; `tapped(row)` of a click, touch or Enter;
// `moved()` of another view, `named(row)` of a move by keys, `placed(left, top, view)` of where the marked point is.
export function plotOf(stage, points, told) {
  return new Plot(stage, points, told);
}

class Plot {
  constructor(stage, points, told) {
    Object.assign(this, { stage, points, told });
    [this.grid, this.order, this.view] = [gridOf(points), shuffled(points.count), viewOf(points)];
    this.marked = -1;
    this.canvas = element("canvas", { class: "map-canvas", "aria-hidden": "true" });
    this.ring = element("div", { class: "map-ring", hidden: true });
    stage.prepend(this.canvas, this.ring);
    this.drawing = webglOf(this.canvas, false);
    this.ending = new AbortController();
    const { signal } = this.ending;
    this.canvas.addEventListener("webglcontextlost", () => this.drawInSoftware(), { once: true, signal });
    if (!this.drawing) this.drawInSoftware();
    this.listen();
    this.resize();
  }

  get renderer() {
    return this.drawing.name;
  }

  listen() {
    const { view, told } = this;
    const middle = () => [view.width / 2, view.height / 2, Math.max(view.width, view.height) / 2];
    listen(this.stage, view, {
      moved: () => this.moved(),
      pointed: (left, top) => told.pointed(this.near(left, top, 10)),
      tapped: (left, top, reach) => told.tapped(this.near(left, top, reach)),
      left: () => told.pointed(-1),
      named: () => told.named(this.near(...middle())),
      closed: told.closed,
    });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.load(), { signal: this.ending.signal });
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.stage);
  }

  // A canvas that WebGL has had can be nothing else: a fresh one takes its place.
  drawInSoftware() {
    const fresh = this.canvas.cloneNode();
    this.canvas.replaceWith(fresh);
    this.canvas = fresh;
    this.drawing = rasterOf(fresh);
    this.load();
  }

  // `look` is {scheme, kept}: the colours, and flags of the points that are not faded or null for all.
  draw(look) {
    this.look = look;
    this.load();
  }

  load() {
    if (!this.look) return;
    const faded = rgb(getComputedStyle(this.stage).getPropertyValue("--faded").trim());
    const { x, y, colours } = coloured(this.points, this.order, { ...this.look, faded });
    this.drawing.load(x, y, colours);
    this.ask();
  }

  ask() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.drawing.draw(this.view, radiusOf(this.points, this.view), this.ratio);
      this.place();
    });
  }

  get ratio() {
    return Math.min(window.devicePixelRatio || 1, 2);
  }

  resize() {
    const { width, height } = this.stage.getBoundingClientRect();
    if (!width || !height) return;
    this.view.resize(width, height);
    this.canvas.width = Math.round(this.view.width * this.ratio);
    this.canvas.height = Math.round(this.view.height * this.ratio);
    this.ask();
  }

  moved() {
    this.ask();
    this.told.moved();
  }

  // Puts the ring round a point, -1 for none.
  mark(row) {
    this.marked = row;
    this.place();
  }

  place() {
    const { points, marked } = this;
    this.ring.hidden = marked < 0;
    if (marked < 0) return;
    const way = this.view.pixels();
    const [left, top] = [way.left + points.x[marked] * way.across, way.top - points.y[marked] * way.up];
    this.ring.style.transform = `translate(${left}px, ${top}px)`;
    this.told.placed(left, top, this.view);
  }

  near(left, top, reach) {
    return nearest(this.points, this.grid, this.view, { left, top, reach, kept: this.look?.kept });
  }

  zoom(factor) {
    this.view.zoom(factor, this.view.width / 2, this.view.height / 2);
    this.moved();
  }

  whole() {
    this.view.fit();
    this.moved();
  }

  show(rows) {
    const { x, y } = this.points;
    const box = { left: Infinity, right: -Infinity, low: Infinity, high: -Infinity };
    for (const row of rows) {
      box.left = Math.min(box.left, x[row]);
      box.right = Math.max(box.right, x[row]);
      box.low = Math.min(box.low, y[row]);
      box.high = Math.max(box.high, y[row]);
    }
    if (rows.length) this.view.show(box);
    this.moved();
  }

  // The rows in a box of pixels.
  within(left, top, right, bottom) {
    return [...rowsWithin(this.points, this.grid, this.view.box(left, top, right, bottom))];
  }

  end() {
    this.ending.abort();
    this.watcher.disconnect();
    cancelAnimationFrame(this.frame);
    this.drawing.end?.();
  }
}
