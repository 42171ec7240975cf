// Compare: two taxa side by side, their nearest look-alikes in pairs, and what tells the two apart.

import * as api from "../api.js";
import { clear, element } from "../dom.js";
import { card } from "../parts/card.js";
import { completion } from "../parts/complete.js";
import { tabLink } from "../parts/link.js";
import { notice } from "../parts/notice.js";
import { likeness } from "../parts/score.js";
import { lineageText, pathOf, rankWord, scientificName, taxonName, taxonOf } from "../parts/taxon.js";
import { number, word } from "../words.js";
import { columnWord } from "./search/filters.js";

// How often a picture lies nearer to the mean of its own side (.5 is chance), from which the words on the left hold.
const WORDS = [["apart", 0.97], ["mostly", 0.85], ["often", 0.65], ["hardly", 0]];

export const tab = { name: "compare", mount };

function mount(root, context) {
  const view = new View(context);
  view.place(root);
  view.show();
  return { update: (query) => view.update(query), unmount: () => view.stop.abort() };
}

class View {
  constructor(context) {
    this.context = context;
    this.features = context.about.features;
    this.sides = sidesOf(context.query);
    this.stop = new AbortController();
    this.names = { a: element("p", { class: "compare-name" }), b: element("p", { class: "compare-name" }) };
    this.found = element("div", { class: "compare-found" });
    this.swap = element("button", {
      type: "button", class: "compare-swap", onclick: () => this.go({ a: this.sides.b, b: this.sides.a }),
    }, word("compare.swap"));
  }

  place(root) {
    const box = (side) => {
      const onchoose = ({ taxon }) => this.go({ ...this.sides, [side]: pathOf(taxon) });
      const { node } = completion({ label: word(`compare.${side}`), placeholder: word("compare.example"), onchoose });
      return element("div", {}, node, this.names[side]);
    };
    root.append(
      element("h1", {}, word("compare.heading")),
      element("div", { class: "compare-boxes" }, box("a"), this.swap, box("b")),
      this.found,
    );
  }

  go(sides) {
    const values = new URLSearchParams(Object.entries(sides).filter(([, path]) => path));
    this.context.navigate(`compare?${values}`);
  }

  update(query) {
    this.sides = sidesOf(query);
    return this.show();
  }

  async show() {
    this.stop.abort();
    this.stop = new AbortController();
    const { signal } = this.stop;
    const { a, b } = this.sides;
    for (const side of ["a", "b"]) this.drawName(side);
    this.swap.disabled = !(a && b);
    const missing = this.isMissing();
    if (missing) return clear(this.found, missing);
    this.found.classList.add("stale");
    try {
      this.draw(await api.compare(a, b, { signal }));
    } catch (error) {
      if (error.name !== "AbortError") clear(this.found, notice(error));
    } finally {
      if (!signal.aborted) this.found.classList.remove("stale");
    }
    return undefined;
  }

  // What is said where there are no two taxa to compare.
  isMissing() {
    const { a, b } = this.sides;
    if (!a || !b) return element("p", { class: "soft" }, word(a || b ? "compare.one_more" : "compare.invitation"));
    return a === b ? notice({ detail: word("compare.same_twice"), hint: word("compare.same_hint") }) : null;
  }

  drawName(side, taxon = taxonOf(this.sides[side])) {
    clear(this.names[side], this.sides[side] ? taxonName(taxon) : word("compare.none"));
  }

  draw({ a, b, cosine, told_apart: share, pairs, tells }) {
    this.drawName("a", a.node.taxon);
    this.drawName("b", b.node.taxon);
    const told = { a: scientificName(a.node.taxon), b: scientificName(b.node.taxon), cosine: cosine.toFixed(2) };
    const isTold = typeof share === "number";
    const sentence = word(isTold ? `compare.${WORDS.find(([, least]) => share >= least)[0]}` : "compare.cosine", told);
    clear(
      this.found,
      element("p", { class: "compare-sentence" }, sentence),
      element("p", { class: "soft" }, howAlike(share, told)),
      element("div", { class: "compare-sides" }, this.side(a), this.side(b)),
      tells.length ? tellsTable(told, tells) : null,
      pairs.length ? pairsList(pairs) : null,
    );
    this.context.announce(sentence);
  }

  side({ node, pictures }) {
    const { search, tree } = this.features;
    const shown = pictures.map((picture) => element("li", {}, card({ picture, taxon: null })));
    return element(
      "section",
      { class: "compare-side", "aria-label": scientificName(node.taxon) },
      element("p", { class: "tree-rank" }, rankWord(node.rank)),
      element("h2", {}, taxonName(node.taxon)),
      element("p", { class: "soft compare-lineage" }, lineageText(node.taxon)),
      element("p", { class: "soft" }, word("tree.pictures", { count: node.count })),
      element("ul", { class: "compare-pictures" }, shown),
      element("p", { class: "row" },
        search ? tabLink("search", { within: node.path }, "tree.search") : null,
        tree ? tabLink("tree", { of: node.path }, "search.in_tree") : null),
    );
  }
}

function sidesOf(query) {
  return { a: query.get("a") || "", b: query.get("b") || "" };
}

function howAlike(share, told) {
  const means = word("compare.means", told);
  if (typeof share !== "number") return means;
  const maximumFractionDigits = share > 0.99 && share < 1 ? 1 : 0;
  const percent = number(share, { style: "percent", maximumFractionDigits });
  return `${word("compare.share", { share: percent })} ${means}`;
}

function tellsTable(told, tells) {
  const label = word("compare.tells");
  const head = [told.a, told.b].map((name) => element("th", { scope: "col" }, name));
  const lines = tells.map((tell) => element("tr", {}, element("th", { scope: "row" }, nameOfTell(tell)),
    [tell.a, tell.b].map((said) => element("td", {}, said || "–"))));
  return element(
    "section",
    {},
    element("h2", {}, label),
    element("p", { class: "soft" }, word("compare.tells_how")),
    element("div", { class: "compare-table", tabindex: "0", role: "region", "aria-label": label },
      element("table", {},
        element("thead", {}, element("tr", {}, element("td", {}), head)), element("tbody", {}, lines))),
  );
}

// A column by its name, a word that captions use, or a look that the model sees.
function nameOfTell({ what, kind }) {
  if (kind === "word") return word("compare.in_captions", { word: what });
  return kind === "look" ? word("compare.looks", { look: what }) : columnWord(what);
}

function pairsList(pairs) {
  const items = pairs.map(({ a, b, score }) => element("li", {},
    card(a, { hasScore: false }), card(b, { hasScore: false }),
    element("p", { class: "soft" }, word("search.likeness"), " ", likeness(score))));
  return element(
    "section",
    { "aria-label": word("compare.pairs") },
    element("h2", {}, word("compare.pairs")),
    element("p", { class: "soft" }, word("compare.pairs_how")),
    element("ol", { class: "compare-pairs" }, items),
  );
}
