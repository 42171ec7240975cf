// Search: by words, a picture or both, within a branch and with counts; thousands of results in one page that scrolls.

import * as api from "../api.js";
import { clear, element, saveFile } from "../dom.js";
import { virtualGrid } from "../parts/grid.js";
import { notice } from "../parts/notice.js";
import { number, word } from "../words.js";
import { searchBar } from "./search/bar.js";
import { detailPanel } from "./search/detail.js";
import { examplesShown } from "./search/examples.js";
import { facetColumns, filterPanel } from "./search/filters.js";
import { hitActions, hitCard } from "./search/hit.js";
import { emptyState, hasQuestion, hashOf, queryOf, stateOf } from "./search/state.js";
import { tableOfHits } from "./search/table.js";

const FIRST = 60;
const MOST = 10_000; // results that one can scroll through
const MOST_VARIED = 600; // where what is alike is put apart, page by page, which takes its time
const AT_ONCE = 1_000; // results that a table is fetched with

export const tab = { name: "search", mount };

function mount(root, context) {
  const view = new View(context);
  view.place(root);
  view.run();
  return { update: () => view.update(), unmount: () => view.leave() };
}

class View {
  constructor(context) {
    this.context = context;
    this.about = context.about;
    this.state = stateOf(location.hash);
    this.picture = context.session.searchPicture ??= { file: null, vector: null };
    this.kinds = new Map(this.about.index.columns.map(({ name, kind }) => [name, kind]));
    this.total = 0;
    this.stop = new AbortController();
    this.told = element("p", { class: "search-told soft" });
    this.understood = element("p", { class: "search-understood soft" }); // how the question was taken
    this.problems = element("div");
    this.makeParts();
  }

  makeParts() {
    const [about, state, changed] = [this.about, () => this.state, () => this.go()];
    const failed = (error) => this.fail(error);
    this.bar = searchBar({ about, state, picture: this.picture, asked: changed, failed });
    this.panel = filterPanel({ about, state, changed });
    this.examples = examplesShown({ state, changed });
    this.grid = virtualGrid({
      label: word("search.results"),
      words: { waiting: word("search.waiting") },
      load: (offset, count) => this.load(offset, count),
      cardOf: (hit, place) => this.cardOf(hit, place),
      opened: (hit) => this.detail.show(hit),
      told: (count) => { this.total = count; },
      failed,
    });
    this.detail = detailPanel({
      around: (hit, way) => this.grid.items[this.grid.items.indexOf(hit) + way] || null,
      actions: (hit, close) => hitActions(hit, this.about, (does) => { close(); this.act(does, hit); }),
      within: (path) => { this.state.within = [path]; this.go(); },
      closed: (hit) => this.focusOn(hit),
    });
    this.switches = ["group", "collapse", "varied"].filter((name) => name !== "group" || this.about.index.has_lineage).map((name) => this.switchOf(name));
    this.saving = element("button", { type: "button", onclick: () => this.saveTable() }, word("search.save"));
  }

  focusOn(hit) {
    const place = this.grid.items.indexOf(hit);
    if (place >= 0) this.grid.focus(place);
  }

  switchOf(name) {
    const turn = () => {
      this.state[name] = !this.state[name];
      this.go();
    };
    const attributes = { type: "button", "aria-pressed": "false", dataset: { does: name }, onclick: turn };
    return element("button", attributes, word(`search.${name}`));
  }

  place(root) {
    const isWide = matchMedia("(min-width: 56rem)").matches;
    const filters = element("details", { class: "search-side", open: isWide },
      element("summary", {}, word("search.filters")), this.panel.node);
    const head = element("div", { class: "search-head" },
      this.told, element("div", { class: "row" }, this.switches, this.saving));
    this.found = element("section", { class: "search-found", "aria-label": word("search.results") },
      this.examples.node, head, this.understood, this.problems, this.grid.node);
    root.append(
      element("h1", { class: "unseen" }, word("search.title")),
      this.bar.node,
      element("div", { class: "search-columns" }, filters, this.found),
      this.detail.node,
    );
  }

  update() {
    this.state = location.hash.includes("?") ? stateOf(location.hash) : emptyState();
    this.run();
  }

  leave() {
    this.stop.abort();
    for (const part of [this.bar, this.grid, this.detail, this.examples]) part.end();
  }

  // What is chosen goes into the address, and comes back from there by `update`.
  go() {
    this.isOther = true;
    const hash = hashOf(this.state);
    if (hash === location.hash || (hash === "#search" && location.hash === "")) this.run();
    else this.context.navigate(hash);
  }

  async run() {
    this.stop.abort();
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.drawState();
    clear(this.problems);
    this.told.textContent = word("search.asking");
    this.grid.node.classList.add("stale");
    try {
      this.asked = queryOf(this.state, { vector: await this.pictureVector(signal), kinds: this.kinds });
      const facets = facetColumns(this.about, this.state);
      this.show(await api.search({ ...this.asked, k: FIRST, offset: 0, facets }, [], { signal }));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.show({ hits: [], total: 0, facets: {} });
      this.told.textContent = "";
      this.fail(error);
    }
  }

  // The picture goes to the model once; what is asked with it from then on is its vector.
  async pictureVector(signal) {
    const { picture } = this;
    if (picture.file && !picture.vector) {
      const { vectors: [vector], errors } = await api.embed([picture.file], { signal });
      if (!vector) throw new api.ApiError({ detail: errors?.[0] || word("search.no_image") });
      picture.vector = vector;
    }
    return picture.vector;
  }

  get most() {
    return Math.min(this.state.varied ? MOST_VARIED : MOST, this.about.limits.k);
  }

  // What is put apart is so within a page: pages of one size, or a picture would come twice.
  async load(offset, count) {
    const k = this.state.varied ? Math.max(count, FIRST) : count;
    const found = await api.search({ ...this.asked, k, offset }, [], { signal: this.stop.signal });
    return found.hits.slice(0, count);
  }

  // The total counts what the filters keep; one of each species, or copies once, are fewer, and no one knows how many.
  show(found) {
    const { hits, facets } = found;
    const isWhole = hits.length < FIRST;
    this.total = isWhole ? hits.length : Math.min(found.total, this.most);
    this.grid.node.classList.remove("stale");
    this.grid.reset(this.total, hits, { isOpen: !isWhole && (this.state.group || this.state.collapse) });
    this.toTop();
    this.panel.count(facets);
    this.saving.disabled = !hits.length;
    this.told.textContent = hits.length ? this.foundWords(found, isWhole) : word("search.none");
    const more = this.isAsked || !hits.length ? found.told || [] : [];
    clear(this.understood, more.join(" "));
    this.context.announce([this.told.textContent, ...more].join(" "));
  }

  // Other results are looked at from the first on; those that one comes back to, from where one was.
  toTop() {
    if (this.isOther && this.found.getBoundingClientRect().top < 0) this.found.scrollIntoView({ block: "start", behavior: "instant" });
    this.isOther = false;
  }

  get isAsked() {
    return hasQuestion(this.state, this.picture.vector);
  }

  foundWords({ hits, total: count, took_ms: took }, isWhole) {
    const order = this.state.varied ? "search.varied_found" : this.isAsked ? "search.found" : "search.kept";
    const key = this.state.group ? "search.grouped" : order;
    const parts = [word(key, { count })];
    if (isWhole && hits.length < count) parts.push(word("search.shown", { count: hits.length }));
    if (!isWhole && count > this.most) parts.push(word("search.first", { count: this.most }));
    if (typeof took === "number") parts.push(`${number(took, { maximumFractionDigits: 1 })} ms`);
    return parts.join(" · ");
  }

  fail(error) {
    clear(this.problems, notice(error));
  }

  cardOf(hit, place) {
    return hitCard(hit, {
      place,
      state: this.state,
      hasScore: this.isAsked,
      onopen: () => this.detail.show(hit),
      onact: (does) => this.act(does, hit),
    });
  }

  // `more` asks anew with this picture alone; `like` and `unlike` add it to what is asked, or take it away again.
  act(does, { id }) {
    const { state } = this;
    if (does === "more") {
      Object.assign(state, { text: "", like: [id], unlike: [] });
      Object.assign(this.picture, { file: null, vector: null });
    } else {
      const other = does === "like" ? "unlike" : "like";
      const without = (list) => list.filter((one) => one !== id);
      state[other] = without(state[other]);
      state[does] = state[does].includes(id) ? without(state[does]) : [...state[does], id];
    }
    this.go();
  }

  drawState() {
    for (const part of [this.bar, this.panel, this.examples]) part.refresh();
    for (const one of this.switches) one.setAttribute("aria-pressed", String(this.state[one.dataset.does]));
  }

  async saveTable() {
    const { announce } = this.context;
    this.saving.disabled = true;
    try {
      const hits = await this.allHits((count) => announce(word("search.saving", { count })));
      saveFile("search.csv", "text/csv;charset=utf-8", tableOfHits(hits));
      announce(word("search.saved", { count: hits.length }));
    } catch (error) {
      if (error.name !== "AbortError") this.fail(error);
    } finally {
      this.saving.disabled = false;
    }
  }

  async allHits(told) {
    const hits = [];
    const wanted = this.total;
    while (hits.length < wanted) {
      const count = Math.min(this.state.varied ? FIRST : AT_ONCE, wanted - hits.length);
      const came = await this.load(hits.length, count);
      hits.push(...came);
      told(hits.length);
      if (came.length < count) break;
    }
    return hits;
  }
}
