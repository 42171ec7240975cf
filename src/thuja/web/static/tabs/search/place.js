// Where on the globe the pictures were taken: between four sides in degrees, or inside the areas of a GeoJSON file.

import { clear, element, freshId } from "../../dom.js";
import { chip } from "../../parts/complete.js";
import { notice } from "../../parts/notice.js";
import { word } from "../../words.js";
import { WHOLE } from "./state.js";

const MOST = 1_000_000; // bytes of a file: it goes along with every question
const PAIRS = [["latitude", "longitude"], ["decimalLatitude", "decimalLongitude"], ["decimal_latitude", "decimal_longitude"]];

// The columns that hold latitude and longitude; none where an index knows no places.
export function placeColumns(about) {
  const isNumber = (name) => about.index.columns.some((column) => column.name === name && column.kind === "number");
  return PAIRS.find((pair) => pair.every(isNumber)) ?? [];
}

// `region` is the visit's place for what a file holds: {name, shape}. No address could hold that.
export function placeFilter(told) {
  return new Place(told);
}

class Place {
  constructor({ state, region, changed }) {
    Object.assign(this, { state, region, changed });
    this.chosen = element("div", { class: "filter-chips" });
    this.problem = element("div");
    this.sides = Object.keys(WHOLE).map((side) => this.side(side));
    this.chooser = element("input", {
      type: "file", accept: ".geojson,.json,application/geo+json", class: "unseen", tabindex: "-1", "aria-hidden": "true",
      onchange: () => this.choose(),
    });
    const opening = element("button", { type: "button", onclick: () => this.chooser.click() }, word("search.area_file"));
    this.node = element(
      "details",
      { class: "facet filter-place" },
      element("summary", {}, element("span", {}, word("search.place"))),
      element("fieldset", { class: "filter-range" }, element("legend", {}, word("search.box")), this.sides.map(({ node }) => node)),
      this.chosen, opening, this.chooser, this.problem,
    );
    this.refresh();
  }

  side(name) {
    const id = freshId("side");
    const most = Math.abs(WHOLE[name]);
    const set = ({ target: { value } }) => {
      const { box } = this.state();
      if (value) box[name] = value;
      else delete box[name];
      this.changed();
    };
    const input = element("input", { id, type: "number", step: "any", min: -most, max: most, placeholder: WHOLE[name], onchange: set });
    return { name, input, node: element("div", {}, element("label", { for: id }, word(`search.${name}`)), input) };
  }

  refresh() {
    const { box } = this.state();
    const { name, shape } = this.region;
    for (const side of this.sides) if (side.input !== document.activeElement) side.input.value = box[side.name] ?? "";
    const isUsed = Boolean(shape || Object.keys(box).length);
    if (isUsed && !this.isUsed) this.node.open = true; // and may be closed again
    this.isUsed = isUsed;
    clear(this.chosen, shape ? chip(element("span", {}, name), name, () => this.take({ name: "", shape: null })) : null);
  }

  async choose() {
    const [file] = this.chooser.files;
    this.chooser.value = "";
    if (!file) return;
    const isLarge = file.size > MOST;
    const shape = isLarge ? null : areasIn(await file.text().catch(() => "")); // it may be gone by now
    const { name } = file;
    const detail = word(isLarge ? "search.area_large" : "search.area_broken", { name });
    clear(this.problem, shape ? null : notice({ detail, hint: word("search.area_hint") }));
    if (shape) this.take({ name, shape });
  }

  take(region) {
    Object.assign(this.region, region);
    this.refresh();
    this.changed();
  }
}

// The polygons of a file, without what else it tells of them; null where there are none.
function areasIn(text) {
  const [left, coordinates] = [[parsed(text)], []];
  while (left.length) {
    const one = left.pop();
    if (one?.type === "Polygon") coordinates.push(one.coordinates);
    else if (one?.type === "MultiPolygon") for (const polygon of [one.coordinates].flat()) coordinates.push(polygon);
    else for (const inner of [one?.features, one?.geometries, one?.geometry].flat()) if (inner) left.push(inner);
  }
  return coordinates.length ? { type: "MultiPolygon", coordinates } : null;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no JSON
  }
}
