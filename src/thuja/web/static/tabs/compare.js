// Compare: two taxa side by side, their nearest look-alikes in pairs, and what tells the two apart.

import * as api from "../api.js";
import { clear, element } from "../dom.js";
import { card } from "../parts/card.js";
import { completion } from "../parts/complete.js";
import { notice } from "../parts/notice.js";
import { likeness } from "../parts/score.js";
import { lineageText, pathOf, rankWord, scientificName, taxonName, taxonOf } from "../parts/taxon.js";
import { columnWord } from "./search/filters.js";
import { number, word } from "../words.js";

// How often a picture lies nearer to the mean of its own side (.5 is chance), from which the words on the left hold.
const WORDS = [["apart", 0.97], ["mostly", 0.85], ["often", 0.65], ["hardly", 0]];

function mount(root, context) {
  const { about, announce } = context;
  let sides = sidesOf(context.query);
  let stop = null;

  const boxes = Object.fromEntries(["a", "b"].map((side) => [side, completion({
    label: word(`compare.${side}`), placeholder: word("compare.example"), onchoose: ({ taxon }) => choose(side, pathOf(taxon)),
  })]));
  const names = { a: element("p", { class: "compare-name" }), b: element("p", { class: "compare-name" }) };
  const found = element("div", { class: "compare-found" });
  const swap = element("button", { type: "button", class: "compare-swap", onclick: () => go({ a: sides.b, b: sides.a }) }, word("compare.swap"));
  root.append(
    element("h1", {}, word("compare.heading")),
    element("div", { class: "compare-boxes" },
      element("div", {}, boxes.a.node, names.a), swap, element("div", {}, boxes.b.node, names.b)),
    found,
  );

  function choose(side, path) {
    go({ ...sides, [side]: path });
  }

  function go(next) {
    const values = new URLSearchParams(Object.entries(next).filter(([, path]) => path));
    context.navigate(String(values) ? `compare?${values}` : "compare");
  }

  async function show() {
    stop?.abort();
    stop = new AbortController();
    const { signal } = stop;
    for (const side of ["a", "b"]) clear(names[side], sides[side] ? taxonName(taxonOf(sides[side])) : word("compare.none"));
    swap.disabled = !(sides.a && sides.b);
    if (!sides.a || !sides.b) return clear(found, element("p", { class: "soft" }, word(sides.a || sides.b ? "compare.one_more" : "compare.invitation")));
    if (sides.a === sides.b) return clear(found, notice({ detail: word("compare.same_twice"), hint: word("compare.same_hint") }));
    found.classList.add("stale");
    try {
      const told = await api.compare(sides.a, sides.b, { signal });
      draw(told);
    } catch (error) {
      if (error.name !== "AbortError") clear(found, notice(error));
    } finally {
      if (!signal.aborted) found.classList.remove("stale");
    }
    return undefined;
  }

  function draw({ a, b, cosine, told_apart: share, pairs, tells }) {
    clear(names.a, taxonName(a.node.taxon));
    clear(names.b, taxonName(b.node.taxon));
    const told = { a: scientificName(a.node.taxon), b: scientificName(b.node.taxon), cosine: cosine.toFixed(2) };
    const sentence = typeof share === "number" ? word(`compare.${WORDS.find(([, least]) => share >= least)[0]}`, told) : word("compare.cosine", told);
    clear(
      found,
      element("p", { class: "compare-sentence" }, sentence),
      element("p", { class: "soft" }, howAlike(share, told)),
      element("div", { class: "compare-sides" }, side(a), side(b)),
      tells?.length ? tellsTable(a, b, tells) : null,
      pairs?.length ? pairsList(pairs) : null,
    );
    announce(sentence);
  }

  function side({ node, pictures }) {
    const link = (name, values, key) => element("a", { class: "button", href: `#${name}?${new URLSearchParams(values)}` }, word(key));
    return element(
      "section",
      { class: "compare-side", "aria-label": scientificName(node.taxon) },
      element("p", { class: "tree-rank" }, rankWord(node.rank)),
      element("h2", {}, taxonName(node.taxon)),
      element("p", { class: "soft compare-lineage" }, lineageText(node.taxon)),
      element("p", { class: "soft" }, word("tree.pictures", { count: node.count })),
      element("ul", { class: "compare-pictures" }, pictures.map((picture) => element("li", {}, card({ picture, taxon: null })))),
      element("p", { class: "row" },
        about.features.search ? link("search", { within: node.path }, "tree.search") : null,
        about.features.tree ? link("tree", { of: node.path }, "search.in_tree") : null),
    );
  }

  function pairsList(pairs) {
    return element(
      "section",
      { "aria-label": word("compare.pairs") },
      element("h2", {}, word("compare.pairs")),
      element("p", { class: "soft" }, word("compare.pairs_how")),
      element("ol", { class: "compare-pairs" }, pairs.map((pair) => element(
        "li",
        {},
        card(pair.a, { hasScore: false }), card(pair.b, { hasScore: false }),
        element("p", { class: "soft" }, word("search.likeness"), " ", likeness(pair.score)),
      ))),
    );
  }

  show();
  return {
    update(query) {
      sides = sidesOf(query);
      return show();
    },
    unmount: () => stop?.abort(),
  };
}

function sidesOf(query) {
  return { a: query.get("a") || "", b: query.get("b") || "" };
}

function howAlike(share, told) {
  const digits = share > 0.99 && share < 1 ? 1 : 0;
  const said = typeof share === "number"
    ? `${word("compare.share", { share: number(share, { style: "percent", maximumFractionDigits: digits }) })} ` : "";
  return said + word("compare.means", told);
}

// A column by its name, a word that captions use, or a look that the model sees.
function nameOfTell({ what, kind }) {
  if (kind === "word") return word("compare.in_captions", { word: what });
  return kind === "look" ? word("compare.looks", { look: what }) : columnWord(what);
}

function tellsTable(a, b, tells) {
  const value = (one) => (one === null || one === undefined || one === "" ? "–" : typeof one === "number" ? number(one, { maximumSignificantDigits: 3 }) : String(one));
  return element(
    "section",
    {},
    element("h2", {}, word("compare.tells")),
    element("p", { class: "soft" }, word("compare.tells_how")),
    element(
      "div",
      { class: "compare-table", tabindex: "0", role: "region", "aria-label": word("compare.tells") },
      element(
        "table",
        {},
        element("thead", {}, element("tr", {},
          element("td", {}), element("th", { scope: "col" }, scientificName(a.node.taxon)), element("th", { scope: "col" }, scientificName(b.node.taxon)))),
        element("tbody", {}, tells.map((tell) => element("tr", {},
          element("th", { scope: "row" }, nameOfTell(tell)), element("td", {}, value(tell.a)), element("td", {}, value(tell.b))))),
      ),
    ),
  );
}

export const tab = { name: "compare", mount };
