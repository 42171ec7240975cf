// Tree: the tree of life of the index, node by node, with counts and a typical picture of each.

import { clear, element } from "../dom.js";
import { card } from "../parts/card.js";
import { completion } from "../parts/complete.js";
import { notice } from "../parts/notice.js";
import { crumbs } from "../parts/path.js";
import { RANKS, pathOf, rankWord, scientificName, taxonName, taxonOf } from "../parts/taxon.js";
import { nodesOf } from "./tree/nodes.js";
import { outline } from "./tree/outline.js";
import { number, word } from "../words.js";

const FIRST = 60; // children with pictures before one asks for more

function mount(root, context) {
  const { about, announce } = context;
  const nodes = nodesOf();
  let asked = 0;

  const problems = element("div");
  const shown = element("section", { class: "tree-node", "aria-labelledby": "tree-name" });
  const lines = outline({ nodes, label: word("tree.title"), picked: go, failed: fail });
  const jump = completion({ label: word("tree.find"), placeholder: word("tree.find_example"), onchoose: ({ taxon }) => go(pathOf(taxon)) });
  root.append(
    element("h1", { class: "unseen" }, word("tree.title")),
    element("div", { class: "tree-find" }, jump.node),
    problems,
    element(
      "div",
      { class: "tree-columns" },
      shown,
      element("details", { class: "tree-side", open: matchMedia("(min-width: 56rem)").matches },
        element("summary", {}, word("tree.outline")), lines.node),
    ),
  );

  function go(path) {
    context.navigate(path ? `tree?${new URLSearchParams({ of: path })}` : "tree");
  }

  function fail(error) {
    clear(problems, notice(error));
  }

  async function show(path) {
    const mine = ++asked;
    clear(problems);
    shown.classList.add("stale");
    try {
      const { node, children, more = 0 } = await nodes.of(path);
      if (mine !== asked) return;
      draw(node, children, more);
      announce(word("tree.told", { name: nameOf(node), count: node.count, children: children.length }));
      await lines.show(path);
    } catch (error) {
      if (mine === asked && error.name !== "AbortError") fail(error);
    } finally {
      if (mine === asked) shown.classList.remove("stale");
    }
  }

  function draw(node, children, more) {
    const typical = !children.length && node.picture ? card({ picture: node.picture, taxon: node.taxon }) : null;
    clear(
      shown,
      node.path ? crumbs(ancestors(node), (one) => go(one.path)) : null,
      element(
        "div",
        { class: "tree-head" },
        element("div", {},
          node.rank ? element("p", { class: "tree-rank" }, rankWord(node.rank)) : null,
          element("h2", { id: "tree-name", tabindex: "-1" }, node.path ? taxonName(node.taxon) : word("tree.life")),
          element("p", { class: "soft" }, [word("tree.pictures", { count: node.count }),
            children.length ? word("tree.children", { count: children.length + more }) : null].filter(Boolean).join(" · "))),
        actions(node, children),
      ),
      typical,
      cards(children, FIRST),
      more ? element("p", { class: "soft" }, word("tree.left_out", { count: more })) : null,
    );
  }

  function actions(node, children) {
    const link = (name, values, key, isPrimary) =>
      element("a", { class: isPrimary ? "button strong" : "button", href: `#${name}?${new URLSearchParams(values)}` }, word(key));
    const rank = children[0]?.rank;
    return element(
      "div",
      { class: "row tree-actions" },
      about.features.search ? link("search", node.path ? { within: node.path } : {}, "tree.search", true) : null,
      about.features.map && rank ? link("map", { ...(node.path ? { within: node.path } : {}), by: rank }, "tree.map") : null,
      about.features.compare && node.path ? link("compare", comparison(node), "tree.compare") : null,
    );
  }

  // With its greatest sister, where there is one.
  function comparison(node) {
    const parent = nodes.held(parentOf(node.path));
    const sister = parent?.children.find((one) => one.path !== node.path && one.rank === node.rank);
    return sister ? { a: node.path, b: sister.path } : { a: node.path };
  }

  function cards(children, most) {
    if (!children.length) return null;
    const list = element("ul", { class: "tree-cards" }, children.slice(0, most).map((child) => element("li", {}, childCard(child))));
    const rest = children.length - most;
    if (rest <= 0) return list;
    const more = element("button", {
      type: "button",
      onclick: () => { list.append(...children.slice(most).map((child) => element("li", {}, childCard(child)))); more.remove(); },
    }, word("tree.more", { count: rest }));
    return [list, more];
  }

  function childCard(child) {
    const made = card({ picture: child.picture, taxon: child.taxon }, { onopen: () => go(child.path) });
    made.querySelector(".card-picture").setAttribute("aria-label", word("tree.open", { name: nameOf(child) }));
    const head = made.querySelector(".card-head");
    head.append(element("span", { class: "tree-count" }, number(child.count)));
    head.before(element("small", { class: "tree-rank" }, rankWord(child.rank)));
    return made;
  }

  show(context.query.get("of") || "");
  return {
    update(query) {
      const wanted = query.get("of") || "";
      const hadFocus = shown.contains(document.activeElement);
      return show(wanted).then(() => {
        if (!hadFocus) return;
        scrollTo(0, 0);
        document.getElementById("tree-name")?.focus({ preventScroll: true });
      });
    },
    unmount() { asked = -1; },
  };
}

function nameOf(node) {
  return node.path ? scientificName(node.taxon) : word("tree.life");
}

function parentOf(path) {
  return path.replace(/\/*[^/]*$/, "");
}

// From the root down; a rank without a name is no step.
function ancestors(node) {
  const names = node.path.split("/");
  const steps = names.map((name, place) => [name, names.slice(0, place + 1).join("/")]).filter(([name]) => name);
  const above = steps.map(([, path]) => ({ path, rank: RANKS[path.split("/").length - 1], taxon: path === node.path ? node.taxon : taxonOf(path) }));
  return [{ path: "", taxon: taxonOf(""), rank: null }, ...above];
}

export const tab = { name: "tree", mount };
