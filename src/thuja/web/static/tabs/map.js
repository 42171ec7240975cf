// Map: the vectors of the index in the plane, coloured by a column; a line drawn round points makes a list of them.

import { clear, element, freshId } from "../dom.js";
import { notice } from "../parts/notice.js";
import { taxonName, taxonOf } from "../parts/taxon.js";
import { schemeOf } from "../plot/colours.js";
import { word } from "../words.js";
import { pointCard } from "./map/card.js";
import { boundsOf, rowsInside } from "./map/chosen.js";
import { lassoOver } from "./map/lasso.js";
import { layoutAsked, layoutChoice, layoutOf, madeOf, progressOf, untilStill, wholeMap } from "./map/layout.js";
import { drawLegend } from "./map/legend.js";
import { chosenList } from "./map/list.js";
import { plotOf } from "./map/plot.js";
import { pointsOf } from "./map/points.js";
import { columnWord } from "./search/filters.js";

const MOST = 100_000; // points that are drawn smoothly
const MOST_ALIKE = 0.6; // of the points of one value: beyond, the next column tells more
const SAID = { get unknown() { return word("search.unknown"); }, others: (count) => word("map.others", { count }) };

export const tab = { name: "map", mount };

function mount(root, context) {
  const view = new View(context);
  view.place(root);
  view.lay();
  return () => view.leave();
}

class View {
  constructor(context) {
    this.context = context;
    this.within = context.query.get("within") || "";
    this.by = context.query.get("by") || "";
    this.asked = Math.min(Number(context.query.get("points")) || 0, MOST);
    this.layout = layoutOf(context.query);
    this.shown = ""; // the layout that is seen, which the one chosen may have to wait for
    this.pressed = new Set(); // entries of the legend that are kept
    this.drawn = null; // rows inside the line
    this.tool = "move";
    this.id = freshId("map");
    this.renewStage();
    this.choice = element("select", { id: `${this.id}-by`, onchange: () => this.recolour(this.choice.value) });
    this.layouts = layoutChoice(`${this.id}-layout`, this.layout, (layout) => this.layAs(layout));
    this.legend = element("div", { class: "map-legend", role: "group", "aria-label": word("map.legend") });
    this.status = element("p", { class: "map-status", role: "status" }, word("map.loading"));
    this.chosen = chosenList({
      hasSearch: context.about.features.search,
      opened: (row) => this.card.open(row, { isPinned: true }),
      shown: (rows) => this.plot.show(rows),
      cleared: () => this.reset(),
      announce: context.announce,
    });
    this.waiting = element("p", { class: "soft map-waiting", role: "status" });
    this.made = element("p", { class: "soft map-made" });
    this.problems = element("div");
    this.tools = ["move", "lasso", "box"].map((name) => element("button", {
      type: "button", "aria-pressed": String(name === "move"), dataset: { tool: name }, onclick: () => this.use(name),
    }, word(`map.${name}`)));
  }

  place(root) {
    const choice = (key, select) =>
      element("div", { class: "map-by" }, element("label", { for: select.id }, word(key)), select);
    const tools = element("div", { class: "map-tools", role: "group", "aria-label": word("map.tools") }, this.tools);
    const within = this.within ? element("p", { class: "map-within" }, word("map.within"), " ",
      taxonName(taxonOf(this.within)), " ", element("a", { href: "#map" }, word("map.all"))) : null;
    const side = element("aside", { class: "map-side", "aria-label": word("map.legend") },
      this.legend, this.status, this.chosen.node);
    root.append(
      element("h1", { class: "unseen" }, word("map.title")),
      this.problems,
      element("div", { class: "map-head" },
        choice("map.colour_by", this.choice), choice("map.layout", this.layouts), tools, within),
      this.waiting,
      element("div", { class: "map-columns" }, this.stage, side),
      this.made,
      element("p", { class: "soft map-keys", id: `${this.id}-keys` }, word("map.keys")),
    );
  }

  // Each layout has a stage of its own, as what is drawn on one listens to it.
  renewStage() {
    const stage = element("div", {
      class: "map-stage", tabindex: "0", role: "application", "aria-label": word("map.label"),
      "aria-describedby": `${this.id}-keys`,
    }, this.zoomButtons());
    const isHeld = this.stage?.contains(document.activeElement);
    this.stage?.replaceWith(stage);
    if (isHeld) stage.focus({ preventScroll: true });
    this.stage = stage;
  }

  zoomButtons() {
    const button = (key, sign, does) =>
      element("button", { type: "button", "aria-label": word(key), title: word(key), onclick: does }, sign);
    return element("div", { class: "map-zoom" },
      button("map.closer", "+", () => this.plot?.zoom(1.5)),
      button("map.farther", "−", () => this.plot?.zoom(1 / 1.5)),
      button("map.whole", "⤢", () => this.plot?.whole()));
  }

  // What the map is of, as the address and the server take it.
  get query() {
    return { ...(this.within ? { within: this.within } : {}), ...(this.asked ? { points: this.asked } : {}) };
  }

  address(other = {}) {
    const asked = { ...this.query, ...(this.by ? { by: this.by } : {}), ...layoutAsked(this.layout), ...other };
    return `#map?${new URLSearchParams(asked)}`;
  }

  layAs(layout) {
    this.layout = layout;
    this.context.rewrite(this.address());
    this.lay();
  }

  // The layout that is chosen; until the server has drawn that by neighbours, the axes.
  async lay() {
    this.laying?.abort();
    this.laying = new AbortController();
    const { signal } = this.laying;
    try {
      clear(this.problems);
      this.waiting.textContent = "";
      if (this.layout === "axes") return await this.show("axes", signal);
      for await (const told of progressOf(signal)) {
        if (told.state === "ready") await this.show("neighbours", signal);
        else if (this.shown !== "axes") await this.show("axes", signal);
        this.tell(told);
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!this.shown) this.status.textContent = "";
      clear(this.problems, notice(error));
    }
  }

  tell({ state, method, detail }) {
    const said = { drawing: word("map.laying", { method }), failed: word("map.not_laid", { detail }), ready: "" }[state];
    if (this.waiting.textContent && !said) this.context.announce(word("map.laid"));
    if (this.waiting.textContent !== said) this.waiting.textContent = said;
  }

  async show(layout, signal) {
    const [header, data] = await wholeMap({ ...this.query, layout }, signal);
    await untilStill(this.stage, signal);
    const isSame = this.version === header.version; // the same pictures in the same order
    [this.version, this.points, this.shown] = [header.version, pointsOf(header, data), layout];
    const { count, total } = header;
    const more = count < MOST && count < total
      ? element("a", { href: this.address({ points: MOST }) }, word("map.more", { count: Math.min(MOST, total) })) : null;
    clear(this.made, madeOf(header, { rows: this.context.about.index.rows, more }));
    this.draw();
    if (isSame) return this.paint(this.column?.name);
    this.drawn = null;
    this.drawChoice();
  }

  draw() {
    this.card?.end();
    this.plot?.end();
    this.renewStage();
    const { about, announce } = this.context;
    const { points, stage } = this;
    const marked = (row) => this.plot.mark(row);
    this.card = pointCard({ about, announce, points, stage, column: () => this.column, marked });
    this.plot = plotOf(this.stage, this.points, {
      pointed: (row) => this.card.point(row),
      tapped: (row) => this.card.open(row, { isPinned: true }),
      moved: () => this.card.point(-1),
      named: (row) => this.name(row),
      placed: (left, top, view) => this.card.place(left, top, view),
      closed: () => this.card.close(),
    });
    const [done, said] = [(line) => this.chooseInside(line), (line) => this.sayInside(line)];
    this.lasso = lassoOver(this.stage, { done, said });
    this.lasso.use(this.tool);
    this.stage.append(this.card.node); // above the sheet of the lasso
    this.stage.dataset.renderer = this.plot.renderer;
    this.stage.dataset.layout = this.shown;
  }

  drawChoice() {
    // A column of as many words as rows tells nothing by colour.
    const isTelling = ({ kind, words, counts }) => kind !== "word" || (words.length > 1 && counts[1] > 1);
    const telling = this.points.columns.filter(isTelling);
    clear(this.choice, telling.map(({ name }) => element("option", { value: name }, columnWord(name))));
    const wanted = telling.find(({ name }) => name === this.by);
    const isWords = ({ kind, words }) => kind === "word" && words.length > 2;
    const isParted = (column) => isWords(column) && column.counts[1] < MOST_ALIKE * this.points.count;
    const first = wanted || telling.find(isParted) || telling.find(isWords) || telling[0];
    this.choice.parentElement.hidden = !first;
    if (first) this.choice.value = first.name;
    this.colourBy(first?.name);
  }

  recolour(name) {
    this.by = name;
    this.context.rewrite(this.address());
    this.colourBy(name);
  }

  colourBy(name) {
    this.pressed.clear();
    this.paint(name);
  }

  // What is chosen stays chosen.
  paint(name) {
    this.column = this.points.columns.find((column) => column.name === name) || null;
    this.scheme = schemeOf(this.points, this.column, SAID);
    this.drawLegend();
    this.keep();
  }

  drawLegend() {
    const { column, scheme, pressed } = this;
    drawLegend(this.legend, this.points, { column, scheme, chosen: pressed, changed: () => this.keep() });
  }

  use(name) {
    this.tool = name;
    for (const one of this.tools) one.setAttribute("aria-pressed", String(one.dataset.tool === name));
    this.lasso?.use(name);
    this.card?.open(-1);
    if (name !== "move") this.context.announce(word(`map.${name}_how`));
    this.stage.focus({ preventScroll: true });
  }

  // Kept are the points inside the line, and of these the values that are pressed in the legend.
  keep() {
    const { points, pressed, drawn, scheme } = this;
    const isAll = !pressed.size && !drawn;
    const isKept = (row) => !pressed.size || pressed.has(scheme.entryOf(row));
    const rows = isAll ? [] : [...(drawn || points.x.keys())].filter(isKept);
    const kept = isAll ? null : new Uint8Array(points.count);
    for (const row of rows) kept[row] = 1;
    this.plot.draw({ scheme, kept });
    this.status.textContent = isAll ? word("map.points", { count: points.count })
      : word("map.kept", { count: rows.length, all: points.count });
    this.chosen.show(points, isAll ? null : rows);
  }

  reset() {
    this.drawn = null;
    this.pressed.clear();
    this.drawLegend();
    this.keep();
    this.stage.focus({ preventScroll: true });
  }

  inside(line) {
    return rowsInside(this.points, this.plot.within(...boundsOf(line)), line, this.plot.view);
  }

  chooseInside(line) {
    this.drawn = this.inside(line).sort((one, other) => one - other);
    this.card.open(-1);
    this.keep();
  }

  sayInside(line) {
    this.status.textContent = word("map.in_box", { count: this.inside(line).length });
  }

  name(row) {
    this.context.announce(row < 0 ? word("map.nothing") : word("map.nearest", { name: this.card.describe(row) }));
  }

  leave() {
    this.laying?.abort();
    this.card?.end();
    this.plot?.end();
  }
}
