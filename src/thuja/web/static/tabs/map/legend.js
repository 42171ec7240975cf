// What the colours mean: a button for each value, which keeps its points and fades the others; a ramp for numbers.

import { clear, element } from "../../dom.js";
import { number, word } from "../../words.js";

function swatch(colour) {
  return element("span", { class: "map-swatch", style: { background: `rgb(${colour.join(",")})` } });
}

export function drawLegend(node, points, { column, scheme, chosen, changed }) {
  if (scheme.kind === "plain") return clear(node);
  if (scheme.kind === "number") {
    const digits = column.is_whole ? { maximumFractionDigits: 0, useGrouping: false } : { maximumSignificantDigits: 4 };
    const ends = [column.low, column.high].map((end) => element("span", {}, number(end, digits)));
    const background = `linear-gradient(90deg, ${points.ramp.join(",")})`;
    const ramp = element("div", { class: "map-ramp", style: { background } });
    return clear(node, ramp, element("div", { class: "map-ends" }, ends));
  }
  return clear(node, scheme.entries.map((entry, place) => {
    const button = element(
      "button",
      {
        type: "button", class: "map-entry", "aria-pressed": String(chosen.has(place)),
        title: word("map.keep", { name: entry.label }),
      },
      swatch(entry.colour), element("span", {}, entry.label), element("small", {}, number(entry.count)),
    );
    button.addEventListener("click", () => {
      if (!chosen.delete(place)) chosen.add(place);
      button.setAttribute("aria-pressed", String(chosen.has(place)));
      changed();
    });
    return button;
  }));
}
