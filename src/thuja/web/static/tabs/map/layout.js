// How the map is laid out: by neighbours once the server has drawn that, on the principal axes until then.

import * as api from "../../api.js";
import { element } from "../../dom.js";
import { number, word } from "../../words.js";

const LAYOUTS = ["neighbours", "axes"];
const PAUSE = 2; // seconds between two looks at how far the server is
const GLANCE = 0.1;
const MOST_TRIES = 3;

export function layoutOf(query) {
  const asked = query.get("layout");
  return LAYOUTS.includes(asked) ? asked : LAYOUTS[0];
}

// What stands in the address: the usual layout does not.
export const layoutAsked = (layout) => (layout === LAYOUTS[0] ? {} : { layout });

export function layoutChoice(id, layout, chosen) {
  const options = LAYOUTS.map((name) => element("option", { value: name }, word(`map.by_${name}`)));
  const choice = element("select", { id, onchange: () => chosen(choice.value) }, options);
  choice.value = layout;
  return choice;
}

// How far the layout by neighbours is, until that is settled.
export async function* progressOf(signal) {
  for (;;) {
    const told = await api.mapLayout({ signal });
    yield told;
    if (told.state !== "drawing") return;
    await api.waited(PAUSE, signal);
  }
}

// A header and the numbers that it tells of; both anew where the index has grown in between.
export async function wholeMap(query, signal) {
  for (let tries = 0; ; tries += 1) {
    const header = await api.map(query, { signal });
    try {
      return [header, await api.mapPoints({ ...query, version: header.version }, { signal })];
    } catch (error) {
      if (error.status !== 404 || tries === MOST_TRIES) throw error;
    }
  }
}

// Until nobody drags anything over a node.
export async function untilStill(node, signal) {
  while (node.matches(":active")) await api.waited(GLANCE, signal);
}

// How the map came to be, and what can be read off it. `rows` are those of the index, `more` leads to a larger sample.
export function madeOf(header, { rows, more }) {
  const { count, total = count, layout, fitted, method, shares = [], notes = [] } = header;
  const share = number(shares.reduce((all, one) => all + one, 0), { style: "percent" });
  const isPlaced = layout === "neighbours" && fitted < rows;
  const said = [
    shares.length ? word("map.axes", { share }) : layout === "axes" ? "" : word("map.near", { method }),
    isPlaced ? word("map.placed", { count: fitted }) : "",
    ...notes,
  ].filter(Boolean).join(" ");
  if (count >= total) return [word("map.whole_index", { count }), " ", said];
  return [word("map.sample", { count, total }), " ", more ? [more, ". "] : null, said];
}
