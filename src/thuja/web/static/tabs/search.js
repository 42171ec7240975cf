// Search: by words, a picture or both, within a branch and with counts; thousands of results in one page that scrolls.

import * as api from "../api.js";
import { clear, element, saveFile } from "../dom.js";
import { card, pictureImage } from "../parts/card.js";
import { chip } from "../parts/complete.js";
import { virtualGrid } from "../parts/grid.js";
import { notice } from "../parts/notice.js";
import { pathOf, scientificName } from "../parts/taxon.js";
import { searchBar } from "./search/bar.js";
import { detailPanel } from "./search/detail.js";
import { facetColumns, filterPanel } from "./search/filters.js";
import { emptyState, hasQuestion, hashOf, queryOf, stateOf } from "./search/state.js";
import { tableOfHits } from "./search/table.js";
import { number, word } from "../words.js";

const FIRST = 60;
const MOST = 10_000; // results that one can scroll through
const MOST_SAVED = 1_000;

function mount(root, context) {
  const { about, session, announce } = context;
  const kinds = new Map(about.index.columns.map(({ name, kind }) => [name, kind]));
  const most = Math.min(MOST, about.limits.k);
  const [known, ending] = [new Map(), new AbortController()];
  const picture = (session.searchPicture ||= { file: null, vector: null });
  let [state, stop, asked, total] = [stateOf(location.hash), null, null, 0];

  const told = element("p", { class: "search-told soft" });
  const problems = element("div");
  const understood = element("p", { class: "search-understood soft" }); // how the question was taken
  const examples = element("div", { class: "search-examples" });
  const bar = searchBar({ about, state: () => state, picture, asked: go, failed: fail });
  const panel = filterPanel({ about, state: () => state, changed: go });
  const grid = virtualGrid({
    label: word("search.results"), load, cardOf, failed: fail, opened: (hit) => detail.show(hit),
    words: { waiting: word("search.waiting") }, told: (count) => { total = count; },
  });
  const detail = detailPanel({
    around: (hit, way) => grid.items[grid.items.indexOf(hit) + way] || null,
    actions: detailActions,
    within: (path) => { state.within = [path]; go(); },
    closed: (hit) => { const place = grid.items.indexOf(hit); if (place >= 0) grid.focus(place); },
  });
  const switches = ["group", "collapse"].map((name) => element("button", {
    type: "button", "aria-pressed": "false", dataset: { does: name }, onclick: () => { state[name] = !state[name]; go(); },
  }, word(`search.${name}`)));
  const saving = element("button", { type: "button", onclick: saveTable }, word("search.save"));
  const filters = element("details", { class: "search-side", open: matchMedia("(min-width: 56rem)").matches },
    element("summary", {}, word("search.filters")), panel.node);

  root.append(
    element("h1", { class: "unseen" }, word("search.title")),
    bar.node,
    element(
      "div",
      { class: "search-columns" },
      filters,
      element("section", { class: "search-found", "aria-label": word("search.results") },
        examples, element("div", { class: "search-head" }, told, element("div", { class: "row" }, switches, saving)), understood, problems, grid.node),
    ),
    detail.node,
  );

  // What is chosen goes into the address, and comes back from there by `update`.
  function go() {
    const hash = hashOf(state);
    if (hash === location.hash || (hash === "#search" && location.hash === "")) run();
    else context.navigate(hash);
  }

  async function run() {
    stop?.abort();
    stop = new AbortController();
    const { signal } = stop;
    drawState();
    try {
      clear(problems);
      told.textContent = word("search.asking");
      grid.node.classList.add("stale");
      asked = queryOf(state, { vector: await pictureVector(signal), kinds });
      const found = await api.search({ ...asked, k: FIRST, offset: 0, facets: facetColumns(about, state) }, [], { signal });
      show(found);
    } catch (error) {
      if (error.name === "AbortError") return;
      show({ hits: [], total: 0, facets: {} });
      told.textContent = "";
      fail(error);
    }
  }

  // The total counts what the filters keep; one of each species, or copies once, are fewer, and no one knows how many.
  function show(found) {
    const isWhole = found.hits.length < FIRST;
    total = isWhole ? found.hits.length : Math.min(found.total, most);
    grid.node.classList.remove("stale");
    grid.reset(total, found.hits, { isOpen: !isWhole && (state.group || state.collapse) });
    panel.count(found.facets);
    saving.disabled = !found.hits.length;
    told.textContent = found.hits.length ? foundWords(found, isWhole) : word("search.none");
    const more = hasQuestion(state, picture.vector) || !found.hits.length ? found.told || [] : [];
    clear(understood, more.join(" "));
    announce([told.textContent, ...more].join(" "));
  }

  function foundWords(found, isWhole) {
    const isAsked = hasQuestion(state, picture.vector);
    const parts = [word(state.group ? "search.grouped" : isAsked ? "search.found" : "search.kept", { count: found.total })];
    if (isWhole && found.hits.length < found.total) parts.push(word("search.shown", { count: found.hits.length }));
    if (!isWhole && found.total > most) parts.push(word("search.first", { count: most }));
    if (typeof found.took_ms === "number") parts.push(`${number(found.took_ms, { maximumFractionDigits: 1 })} ms`);
    return parts.join(" · ");
  }

  async function load(offset, count) {
    const found = await api.search({ ...asked, k: count, offset }, [], { signal: stop.signal });
    return found.hits;
  }

  // The picture goes to the model once; what is asked with it from then on is its vector.
  async function pictureVector(signal) {
    if (picture.file && !picture.vector) {
      const { vectors: [vector], errors } = await api.embed([picture.file], { signal });
      if (!vector) throw new api.ApiError({ detail: errors?.[0] || word("search.no_image") });
      picture.vector = vector;
    }
    return picture.vector;
  }

  function fail(error) {
    clear(problems, notice(error));
  }

  function cardOf(hit, place) {
    const isNamed = hit.taxon && pathOf(hit.taxon) !== "";
    const name = isNamed ? scientificName(hit.taxon) : word("search.unnamed");
    const made = card(isNamed ? hit : { ...hit, taxon: null }, { onopen: () => detail.show(hit), actions: cardActions(hit, name), hasScore: hasQuestion(state, picture.vector) });
    if (!isNamed) made.querySelector("figcaption").prepend(element("span", { class: "soft" }, name));
    made.dataset.label = word("search.result", { place: place + 1, name });
    return made;
  }

  function cardActions(hit, name) {
    const action = (does, text, key) => element("button", {
      class: "quiet", type: "button", dataset: { does }, "aria-label": word(key, { name }), title: word(key, { name }),
      "aria-pressed": does === "more" ? null : String(state[does].includes(hit.id)),
      onclick: () => (does === "more" ? moreLike(hit) : mark(does, hit)),
    }, text);
    return [
      action("more", word("search.more"), "search.more_of"),
      action("like", "+", "search.like_of"), action("unlike", "−", "search.unlike_of"),
    ];
  }

  function detailActions(hit, close) {
    const button = (key, does) => element("button", { type: "button", onclick: () => { close(); does(); } }, word(key));
    const path = hit.taxon ? pathOf(hit.taxon) : "";
    return [
      button("search.more", () => moreLike(hit)),
      button("search.like", () => mark("like", hit)),
      button("search.unlike", () => mark("unlike", hit)),
      path && about.features.tree ? element("a", { class: "button", href: `#tree?${new URLSearchParams({ of: path })}` }, word("search.in_tree")) : null,
      path && about.features.compare ? element("a", { class: "button", href: `#compare?${new URLSearchParams({ a: path })}` }, word("search.compare")) : null,
    ];
  }

  function moreLike(hit) {
    Object.assign(state, { text: "", like: [hit.id], unlike: [] });
    Object.assign(picture, { file: null, vector: null });
    go();
  }

  function mark(list, hit) {
    const other = list === "like" ? "unlike" : "like";
    state[other] = state[other].filter((id) => id !== hit.id);
    state[list] = state[list].includes(hit.id) ? state[list].filter((id) => id !== hit.id) : [...state[list], hit.id];
    go();
  }

  function drawState() {
    bar.refresh();
    panel.refresh();
    switches.forEach((one) => one.setAttribute("aria-pressed", String(state[one.dataset.does])));
    const chips = (list) => (state[list].length ? element(
      "p",
      { class: "row" },
      element("span", { class: "soft" }, word(`search.${list}_these`)),
      state[list].map((id) => chip(example(id), id, () => { state[list] = state[list].filter((one) => one !== id); go(); })),
    ) : null);
    clear(examples, chips("like"), chips("unlike"));
  }

  // An example is known by its id alone: what it shows comes when it comes.
  function example(id) {
    const shown = element("span", { class: "chip-example" }, id);
    if (!known.has(id)) known.set(id, api.record(id, { signal: ending.signal }));
    known.get(id).then(({ picture: its, taxon }) => {
      const name = (taxon && scientificName(taxon)) || id;
      clear(shown, its ? element("span", { class: "chip-picture" }, pictureImage(its, name)) : null, element("span", { title: id }, name));
    }, () => known.delete(id)); // the search says what is wrong with it
    return shown;
  }

  async function saveTable() {
    saving.disabled = true;
    try {
      const hits = [];
      const wanted = Math.min(total, most);
      while (hits.length < wanted) {
        const count = Math.min(MOST_SAVED, wanted - hits.length);
        const came = await load(hits.length, count);
        hits.push(...came);
        if (came.length < count) break;
        announce(word("search.saving", { count: hits.length }));
      }
      saveFile("search.csv", "text/csv;charset=utf-8", tableOfHits(hits));
      announce(word("search.saved", { count: hits.length }));
    } catch (error) {
      if (error.name !== "AbortError") fail(error);
    } finally {
      saving.disabled = false;
    }
  }

  run();
  return {
    update() {
      state = location.hash.includes("?") ? stateOf(location.hash) : emptyState();
      run();
    },
    unmount() {
      stop?.abort();
      ending.abort();
      bar.end();
      grid.end();
      detail.end();
    },
  };
}

export const tab = { name: "search", mount };
