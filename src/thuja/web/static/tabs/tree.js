// Tree: the tree of life of the index, node by node, with counts and a typical picture of each.

import { clear, element } from "../dom.js";
import { card } from "../parts/card.js";
import { completion } from "../parts/complete.js";
import { tabLink } from "../parts/link.js";
import { notice } from "../parts/notice.js";
import { crumbs } from "../parts/path.js";
import { RANKS, pathOf, pathsDown, rankWord, scientificName, taxonName, taxonOf } from "../parts/taxon.js";
import { number, word } from "../words.js";
import { nodesOf } from "./tree/nodes.js";
import { outline } from "./tree/outline.js";

const FIRST = 60; // children with pictures before one asks for more

export const tab = { name: "tree", mount };

function mount(root, context) {
  const view = new View(context);
  view.place(root);
  view.show(context.query.get("of") || "");
  return { update: (query) => view.update(query.get("of") || ""), unmount: () => view.leave() };
}

class View {
  constructor(context) {
    this.context = context;
    this.features = context.about.features;
    this.nodes = nodesOf();
    this.asked = 0; // tells a late answer from the one that is waited for
    this.problems = element("div");
    this.shown = element("section", { class: "tree-node", "aria-labelledby": "tree-name" });
    this.outline = outline({
      nodes: this.nodes, label: word("tree.title"),
      picked: (path) => this.go(path), failed: (error) => this.fail(error),
    });
  }

  place(root) {
    const jump = completion({
      label: word("tree.find"), placeholder: word("tree.find_example"), onchoose: ({ taxon }) => this.go(pathOf(taxon)),
    });
    const isWide = matchMedia("(min-width: 56rem)").matches;
    const side = element("details", { class: "tree-side", open: isWide },
      element("summary", {}, word("tree.outline")), this.outline.node);
    root.append(
      element("h1", { class: "unseen" }, word("tree.title")),
      element("div", { class: "tree-find" }, jump.node),
      this.problems,
      element("div", { class: "tree-columns" }, this.shown, side),
    );
  }

  go(path) {
    this.context.navigate(path ? `tree?${new URLSearchParams({ of: path })}` : "tree");
  }

  fail(error) {
    clear(this.problems, notice(error));
  }

  leave() {
    this.asked = -1;
  }

  async update(path) {
    const hadFocus = this.shown.contains(document.activeElement);
    await this.show(path);
    if (!hadFocus) return;
    scrollTo(0, 0);
    document.getElementById("tree-name")?.focus({ preventScroll: true });
  }

  async show(path) {
    const mine = ++this.asked;
    clear(this.problems);
    this.shown.classList.add("stale");
    try {
      const { node, children, more = 0 } = await this.nodes.of(path);
      if (mine !== this.asked) return;
      this.draw(node, children, more);
      const count = children.length + more;
      this.context.announce(word("tree.told", { name: nameOf(node), count: node.count, children: count }));
      await this.outline.show(node.path);
    } catch (error) {
      if (mine === this.asked) this.fail(error);
    } finally {
      if (mine === this.asked) this.shown.classList.remove("stale");
    }
  }

  draw(node, children, more) {
    const typical = !children.length && node.picture ? card({ picture: node.picture, taxon: node.taxon }) : null;
    clear(
      this.shown,
      node.path ? crumbs(ancestors(node), (one) => this.go(one.path)) : null,
      element("div", { class: "tree-head" }, heading(node, children.length + more), this.actions(node, children)),
      typical,
      this.cards(children),
      more ? element("p", { class: "soft" }, word("tree.left_out", { count: more })) : null,
    );
  }

  actions(node, children) {
    const { search, map, compare } = this.features;
    const within = node.path ? { within: node.path } : {};
    const links = [
      search ? tabLink("search", within, "tree.search") : null,
      map && children.length ? tabLink("map", { ...within, by: children[0].rank }, "tree.map") : null,
      compare && node.path ? tabLink("compare", this.comparison(node), "tree.compare") : null,
    ];
    links[0]?.classList.add("strong");
    return element("div", { class: "row tree-actions" }, links);
  }

  // With its greatest sister, where there is one.
  comparison({ path, rank }) {
    const parent = this.nodes.held(path.replace(/\/*[^/]*$/, ""));
    const sister = parent?.children.find((one) => one.path !== path && one.rank === rank);
    return sister ? { a: path, b: sister.path } : { a: path };
  }

  cards(children) {
    if (!children.length) return null;
    const items = (some) => some.map((child) => element("li", {}, this.childCard(child)));
    const list = element("ul", { class: "tree-cards" }, items(children.slice(0, FIRST)));
    const rest = children.slice(FIRST);
    if (!rest.length) return list;
    const unfold = () => {
      list.append(...items(rest));
      button.remove();
    };
    const button = element("button", { type: "button", onclick: unfold }, word("tree.more", { count: rest.length }));
    return [list, button];
  }

  childCard(child) {
    const made = card({ picture: child.picture, taxon: child.taxon }, { onopen: () => this.go(child.path) });
    made.querySelector(".card-picture").setAttribute("aria-label", word("tree.open", { name: nameOf(child) }));
    const head = made.querySelector(".card-head");
    head.append(element("span", { class: "tree-count" }, number(child.count)));
    head.before(element("small", { class: "tree-rank" }, rankWord(child.rank)));
    return made;
  }
}

function heading(node, branches) {
  const counts = [word("tree.pictures", { count: node.count })];
  if (branches) counts.push(word("tree.children", { count: branches }));
  return element(
    "div",
    {},
    node.rank ? element("p", { class: "tree-rank" }, rankWord(node.rank)) : null,
    element("h2", { id: "tree-name", tabindex: "-1" }, node.path ? taxonName(node.taxon) : word("tree.life")),
    element("p", { class: "soft" }, counts.join(" · ")),
  );
}

function nameOf(node) {
  return node.path ? scientificName(node.taxon) : word("tree.life");
}

// From the root down to the node itself.
function ancestors(node) {
  const step = (path) => ({ path, rank: RANKS[path.split("/").length - 1], taxon: taxonOf(path) });
  return [{ path: "", rank: null, taxon: taxonOf("") }, ...pathsDown(node.path).slice(0, -1).map(step), node];
}
