// The points of the map as the server sends them: a header of JSON, and numbers end to end.

import { readColumn } from "../../plot/columns.js";

// Those of thuja.report.colours and thuja.analyze.maps.figures; a test holds them together.
export const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8c6bb1", "#b8a800"];
export const OTHERS = "#9a9a94";
export const RAMP = ["#3b4cc0", "#3f8fd2", "#2fb5a4", "#8fce5a", "#f2c230"];

const STEPS = 65535;
const ARRAYS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array };

function array(buffer, { dtype, offset, count }) {
  return new ARRAYS[dtype.replace(/^[<|=]/, "")](buffer, offset, count);
}

function placed(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const times = STEPS / (high - low || 1);
  return { low, high, steps: Uint16Array.from(values, (value) => Math.round((value - low) * times)) };
}

export function pointsOf(header, buffer) {
  const [x, y] = [placed(array(buffer, header.x)), placed(array(buffer, header.y))];
  const columns = header.columns.map((raw) => readColumn(raw, array(buffer, raw.codes)));
  const named = (name) => columns.find((column) => column.name === name);
  const [scientific, common] = [named(header.name), named("common")];
  return {
    count: header.count, ids: header.ids, columns, nameColumn: scientific,
    x: x.steps, left: x.low, right: x.high, y: y.steps, low: y.low, high: y.high,
    palette: PALETTE, others: OTHERS, ramp: RAMP,
    nameOf: (row) => [scientific?.value(row), common?.value(row)].filter(Boolean).join(", ") || header.ids[row],
  };
}
