// The legend, the search by name, and the table of the points in view.

import { element } from "./card.js";
import { UNKNOWN, rgb } from "./colours.js";

function swatch(colour) {
  const made = element("span", undefined, "swatch");
  made.style.background = `rgb(${colour.join(",")})`;
  return made;
}

// Buttons that keep the points of an entry and fade the others; `chosen` is a set of entries.
export function drawLegend(legend, points, { column, scheme, chosen, changed }) {
  if (scheme.kind === "number") {
    const bar = element("div", undefined, "ramp");
    bar.style.background = `linear-gradient(90deg, ${points.ramp.join(",")})`;
    const ends = element("div", undefined, "ends");
    const digits = { maximumSignificantDigits: 4 };
    ends.append(element("span", column.low.toLocaleString("en", digits)));
    ends.append(element("span", column.high.toLocaleString("en", digits)));
    const unknown = column.codes.reduce((sum, code) => sum + (code === column.missing), 0);
    legend.replaceChildren(bar, ends);
    if (unknown) {
      const line = element("div", undefined, "entry");
      line.append(swatch(rgb(points.others)), element("span", UNKNOWN), element("small", unknown.toLocaleString("en")));
      legend.append(line);
    }
    return;
  }
  const buttons = scheme.entries.map((entry, place) => {
    const button = element("button", undefined, "entry");
    button.type = "button";
    button.setAttribute("aria-pressed", String(chosen.has(place)));
    button.title = `${entry.label}: keep these alone, or press again to show all`;
    button.append(swatch(entry.colour), element("span", entry.label));
    button.append(element("small", entry.count.toLocaleString("en")));
    button.addEventListener("click", () => {
      if (!chosen.delete(place)) chosen.add(place);
      button.setAttribute("aria-pressed", String(chosen.has(place)));
      changed();
    });
    return button;
  });
  legend.replaceChildren(...buttons);
}

// The rows that have these words in their name or in any column of words, as flags; null where nothing is sought.
export function found(points, sought) {
  const words = sought.trim().toLowerCase();
  if (!words) return null;
  const flags = new Uint8Array(points.count);
  for (const column of points.columns) {
    if (column.kind !== "word") continue;
    column.lower = column.lower || column.words.map((word) => word.toLowerCase());
    const hits = Uint8Array.from([0, ...column.lower.map((word) => word.includes(words))]);
    if (!hits.includes(1)) continue;
    for (let row = 0; row < points.count; row++) if (hits[column.codes[row]]) flags[row] = 1;
  }
  return flags;
}

const MOST_ROWS = 50;

// The points in view, nearest to its middle first, as rows with a button each.
export function fillTable(table, points, rows, { way, middle, opened }) {
  const apart = (row) =>
    Math.hypot(way.left + points.x[row] * way.across - middle.x, way.top - points.y[row] * way.up - middle.y);
  const shown = rows.map((row) => [apart(row), row]).sort((one, other) => one[0] - other[0]).slice(0, MOST_ROWS);
  const columns = points.columns.filter((column) => column !== points.nameColumn);
  const head = element("tr");
  for (const title of ["point", ...columns.map((column) => column.name)]) {
    const cell = element("th", title);
    cell.scope = "col";
    head.append(cell);
  }
  const lines = shown.map(([, row]) => {
    const line = element("tr");
    const first = element("td");
    const button = element("button", points.nameOf(row), "link");
    button.type = "button";
    button.addEventListener("click", () => opened(row));
    first.append(button);
    line.append(first, ...columns.map((column) => element("td", column.value(row) ?? "–")));
    return line;
  });
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(...lines);
  return shown.length;
}
