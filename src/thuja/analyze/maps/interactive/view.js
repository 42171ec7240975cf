// Which part of the map is in view, and the way from the file's places (0 to 65535 on both axes) to pixels.

import { rowsWithin } from "./cells.js";

export const STEPS = 65535;
const CLOSEST = 300; // times the whole map; beyond it the steps of the places show

export function viewOf(points) {
  const [width, height] = [points.right - points.left || 1, points.high - points.low || 1];
  const longest = Math.max(width, height);
  // World units: the longer side of the map is one.
  const unit = { x: width / longest / STEPS, y: height / longest / STEPS };
  const view = { x: 0.5, y: 0.5, scale: 1, width: 1, height: 1, least: 1 };

  view.fit = () => {
    [view.x, view.y] = [(unit.x * STEPS) / 2, (unit.y * STEPS) / 2];
    view.least = 0.92 * Math.min(view.width / (unit.x * STEPS), view.height / (unit.y * STEPS));
    view.scale = view.least;
  };
  view.resize = (width, height) => {
    const wasWhole = view.scale === view.least;
    [view.width, view.height] = [Math.max(width, 1), Math.max(height, 1)];
    const { x, y, scale } = view;
    view.fit();
    if (!wasWhole) [view.x, view.y, view.scale] = [x, y, Math.max(scale, view.least / 2)];
  };
  view.pan = (right, down) => {
    view.x -= right / view.scale;
    view.y += down / view.scale;
    view.x = Math.max(-0.25, Math.min(1.25, view.x));
    view.y = Math.max(-0.25, Math.min(1.25, view.y));
  };
  view.zoom = (factor, left, top) => {
    const scale = Math.max(view.least / 2, Math.min(view.least * CLOSEST, view.scale * factor));
    const [right, down] = [left - view.width / 2, top - view.height / 2];
    // What lies under the pointer stays there.
    view.x += right / view.scale - right / scale;
    view.y -= down / view.scale - down / scale;
    view.scale = scale;
  };
  view.show = (box) => {
    view.x = ((box.left + box.right) / 2) * unit.x;
    view.y = ((box.low + box.high) / 2) * unit.y;
    const across = Math.max((box.right - box.left) * unit.x, 1e-9);
    const up = Math.max((box.high - box.low) * unit.y, 1e-9);
    view.scale = Math.min(view.least * 40, 0.8 * Math.min(view.width / across, view.height / up));
    view.scale = Math.max(view.scale, view.least);
  };
  // Pixels of a place are `left + x * across`, `top - y * up`.
  view.pixels = () => ({
    across: unit.x * view.scale,
    up: unit.y * view.scale,
    left: view.width / 2 - view.x * view.scale,
    top: view.height / 2 + view.y * view.scale,
  });
  view.box = (left, top, right, bottom) => {
    const way = view.pixels();
    return {
      left: (left - way.left) / way.across,
      right: (right - way.left) / way.across,
      low: (way.top - bottom) / way.up,
      high: (way.top - top) / way.up,
    };
  };
  return view;
}

// The point nearest to a pixel within a reach, or -1; only those that are kept.
export function nearest(points, grid, view, { left, top, reach, kept }) {
  const way = view.pixels();
  let [found, least] = [-1, reach * reach];
  for (const row of rowsWithin(points, grid, view.box(left - reach, top - reach, left + reach, top + reach))) {
    if (kept && !kept[row]) continue;
    const dx = way.left + points.x[row] * way.across - left;
    const dy = way.top - points.y[row] * way.up - top;
    const apart = dx * dx + dy * dy;
    if (apart <= least) [found, least] = [row, apart];
  }
  return found;
}

export function radiusOf(points, view) {
  const crowd = points.count > 50000 ? 1.5 : points.count > 10000 ? 2 : points.count > 2000 ? 2.8 : 4;
  return Math.min(crowd * Math.pow(Math.max(view.scale / view.least, 1), 0.35), 7);
}
