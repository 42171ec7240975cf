// The points that are chosen, as a list, a table to save, and a search for more like them.

import { clear, element, saveFile } from "../../dom.js";
import { word } from "../../words.js";
import { tableOf } from "../../parts/table.js";

const MOST_LISTED = 100;
const MOST_ASKED = 12; // pictures of a choice that a search is asked with

// `opened(row)`, `shown(rows)` and `cleared()` are told of what is pressed.
export function chosenList({ hasSearch, opened, shown, cleared, announce }) {
  const actions = element("div", { class: "row map-actions", hidden: true });
  const list = element("ul", { class: "map-list" });

  function buttons(points, rows) {
    const button = (key, does) => element("button", { type: "button", onclick: does }, word(key));
    if (!rows.length) return button("map.clear", cleared);
    const link = hasSearch ? element("a", { class: "button", href: searchOf(points, rows) }, word("map.search")) : null;
    return [
      button("search.save", () => save(points, rows)), link,
      button("map.zoom_to", () => shown(rows)), button("map.clear", cleared),
    ];
  }

  function line(points, row) {
    const attributes = { type: "button", class: "link map-line", onclick: () => opened(row) };
    return element("li", {}, element("button", attributes, points.nameOf(row)));
  }

  function save(points, rows) {
    saveFile("map.csv", "text/csv;charset=utf-8", tableOfPoints(points, rows));
    announce(word("search.saved", { count: rows.length }));
  }

  return {
    node: element("div", {}, actions, list),
    // `rows` are those chosen, null where nothing is asked for.
    show(points, rows) {
      actions.hidden = !rows;
      clear(actions, rows ? buttons(points, rows) : null);
      const rest = (rows?.length ?? 0) - MOST_LISTED;
      const end = rest > 0 ? element("li", { class: "soft" }, word("map.rest", { count: rest })) : null;
      clear(list, (rows || []).slice(0, MOST_LISTED).map((row) => line(points, row)), end);
    },
  };
}

// A search is asked with those nearest to the middle of the choice.
function searchOf(points, rows) {
  const [x, y] = ["x", "y"].map((axis) => rows.reduce((sum, row) => sum + points[axis][row], 0) / rows.length);
  const apart = (row) => Math.hypot(points.x[row] - x, points.y[row] - y);
  const nearest = rows.map((row) => [apart(row), row]).sort((one, other) => one[0] - other[0]).slice(0, MOST_ASKED);
  return `#search?${new URLSearchParams(nearest.map(([, row]) => ["like", points.ids[row]]))}`;
}

function tableOfPoints(points, rows) {
  const along = (axis, low, high) => (row) => low + (points[axis][row] / 65535) * (high - low);
  const [x, y] = [along("x", points.left, points.right), along("y", points.low, points.high)];
  const value = (column, row) => (column.kind === "number" ? column.number(row) : column.value(row));
  const cells = (row) => [points.ids[row], x(row), y(row), ...points.columns.map((column) => value(column, row))];
  return tableOf(["id", "x", "y", ...points.columns.map(({ name }) => name)], rows.map(cells));
}
