// Search: by words, a picture or both, within a branch and with counts; thousands of results in one page that scrolls.

import { clear, element } from "../dom.js";
import { virtualGrid } from "../parts/grid.js";
import { notice } from "../parts/notice.js";
import { number, word } from "../words.js";
import { asking } from "./search/asking.js";
import { searchBar } from "./search/bar.js";
import { detailPanel } from "./search/detail.js";
import { examplesShown } from "./search/examples.js";
import { filterPanel } from "./search/filters.js";
import { hitActions, hitCard } from "./search/hit.js";
import { saveHits } from "./search/saving.js";
import { ENDS, acted, emptyState, hasQuestion, hashOf, stateOf, wayOf } from "./search/state.js";
import { foundWords } from "./search/told.js";
import { wayBox } from "./search/way.js";

const MOST = 10_000; // results that one can scroll through
const MOST_VARIED = 600; // where what is alike is put apart, page by page, which takes its time

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
    this.region = context.session.searchRegion ??= { name: "", shape: null };
    this.asking = asking({ about: this.about, picture: this.picture, region: this.region });
    this.total = 0;
    this.told = element("p", { class: "search-told soft" });
    this.understood = element("p", { class: "search-understood soft" }); // how the question was taken
    this.problems = element("div");
    this.used = element("span"); // how many filters there are, also where they are folded
    this.makeParts();
  }

  makeParts() {
    const [about, state, changed] = [this.about, () => this.state, () => this.go()];
    const failed = (error) => this.fail(error);
    this.bar = searchBar({ about, state, picture: this.picture, asked: changed, failed });
    this.way = wayBox({ about, state, picture: this.picture, changed: () => this.turn() });
    this.panel = filterPanel({ about, state, region: this.region, changed });
    this.examples = examplesShown({ state, changed });
    this.grid = virtualGrid({
      label: word("search.results"),
      words: { waiting: word("search.waiting") },
      page: this.asking.page,
      load: (offset, count) => this.asking.load(offset, count),
      cardOf: (hit, place) => this.cardOf(hit, place),
      opened: (hit) => this.detail.show(hit),
      told: (count) => { this.total = count; },
      failed,
    });
    this.detail = detailPanel({
      around: (hit, way) => this.grid.items[this.grid.items.indexOf(hit) + way] || null,
      actions: (hit, close) => hitActions(hit, {
        about, state: this.state, onact: (does) => this.act(does, hit, close),
      }),
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
      element("summary", {}, word("search.filters"), this.used), this.panel.node);
    const head = element("div", { class: "search-head" },
      this.told, element("div", { class: "row" }, this.switches, this.saving));
    this.found = element("section", { class: "search-found", "aria-label": word("search.results") },
      this.examples.node, head, this.understood, this.problems, this.grid.node);
    root.append(
      element("h1", { class: "unseen" }, word("search.title")),
      this.bar.node,
      this.way.node,
      element("button", { class: "skip", type: "button", onclick: () => this.grid.focus(0) }, word("search.to_results")),
      element("div", { class: "search-columns" }, filters, this.found),
      this.detail.node,
    );
  }

  update() {
    this.state = location.hash.includes("?") ? stateOf(location.hash) : emptyState();
    this.run();
  }

  leave() {
    for (const part of [this.asking, this.bar, this.way, this.grid, this.detail, this.examples]) part.end();
  }

  // What is chosen goes into the address, and comes back from there by `update`.
  go() {
    this.isOther = true;
    const hash = hashOf(this.state);
    if (hash === location.hash || (hash === "#search" && location.hash === "")) this.run();
    else this.context.navigate(hash);
  }

  // A direction with one end is none yet: the results stay as they are. Says whether others come.
  turn() {
    const isWhole = Boolean(this.asking.query.direction || wayOf(this.state));
    if (isWhole) this.go();
    else {
      this.context.rewrite(hashOf(this.state));
      this.drawState();
    }
    return isWhole;
  }

  async run() {
    this.drawState();
    clear(this.problems);
    this.told.textContent = word("search.asking");
    this.grid.node.classList.add("stale");
    try {
      this.show(await this.asking.first(this.state));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.show({ hits: [], total: 0, facets: {} });
      this.told.textContent = "";
      this.fail(error);
    }
  }

  get most() {
    return this.state.varied ? MOST_VARIED : MOST;
  }

  // The total counts what the filters keep; one of each species, or copies once, are fewer, and no one knows how many.
  show(found) {
    const { hits, facets } = found;
    const isWhole = hits.length < this.asking.page;
    this.total = isWhole ? hits.length : Math.min(found.total, this.most);
    this.grid.node.classList.remove("stale");
    this.grid.reset(this.total, hits, { isOpen: !isWhole && (this.state.group || this.state.collapse) });
    this.toTop();
    this.panel.count(facets);
    this.saving.disabled = !hits.length;
    const { state, isAsked, most } = this;
    this.told.textContent = hits.length ? foundWords(found, { state, isAsked, isWhole, most }) : word("search.none");
    const more = isAsked || !hits.length ? found.told || [] : [];
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

  // Who has chosen one end of a direction looks on for the other.
  act(does, hit, close = () => {}) {
    acted(this.state, does, hit.id);
    const isEnd = ENDS.includes(does);
    if (isEnd && !this.turn()) return this.detail.show(hit);
    close();
    if (does === "more") Object.assign(this.picture, { file: null, vector: null });
    return isEnd ? undefined : this.go();
  }

  drawState() {
    for (const part of [this.bar, this.way, this.panel, this.examples]) part.refresh();
    const { used } = this.panel;
    clear(this.used, used ? element("small", { class: "facet-chosen" }, number(used)) : null);
    for (const one of this.switches) one.setAttribute("aria-pressed", String(this.state[one.dataset.does]));
  }

  async saveTable() {
    const { announce } = this.context;
    this.saving.disabled = true;
    try {
      await saveHits(this.asking, { total: this.total, announce });
    } catch (error) {
      if (error.name !== "AbortError") this.fail(error);
    } finally {
      this.saving.disabled = false;
    }
  }
}
