// The tree as an indented list with the manners of an ARIA tree: arrows walk, open and close it, a letter finds a name.

import { clear, element } from "../../dom.js";
import { pathsDown, rankWord, scientificName, taxonName } from "../../parts/taxon.js";
import { number, word } from "../../words.js";

const FIRST = 100; // children of one node before one asks for more
const ITEM = '[role="treeitem"]';

// `nodes` are asked for children; `picked(path)` is told what is chosen, `failed(error)` what did not come.
export function outline(told) {
  return new Outline(told);
}

class Outline {
  constructor({ nodes, label, picked, failed }) {
    Object.assign(this, { nodes, picked, failed });
    this.rest = new WeakMap(); // of a line that stands for more: the children that it stands for
    this.node = element("ul", {
      class: "outline", role: "tree", "aria-label": label,
      onkeydown: (event) => this.keyed(event), onclick: (event) => this.clicked(event),
    });
  }

  // Opens the tree down to a node and marks it; the focus stays where it is.
  async show(path) {
    const mine = (this.asked = (this.asked ?? 0) + 1); // a later path is not overtaken by this one
    if (!this.node.firstElementChild) {
      const { node } = await this.nodes.of("");
      clear(this.node, item({ ...node, path: "", has_children: true }, 1));
    }
    let line = this.node.firstElementChild;
    await this.open(line);
    for (const wanted of pathsDown(path)) {
      const next = this.below(line, wanted);
      if (!next) break;
      line = next;
      await this.open(line);
    }
    if (mine !== this.asked) return;
    for (const one of this.node.querySelectorAll('[aria-selected="true"]')) one.setAttribute("aria-selected", "false");
    line.setAttribute("aria-selected", "true");
    if (!this.node.contains(document.activeElement)) this.reach(line);
    this.scrollTo(line);
  }

  scrollTo(line) {
    const frame = this.node.parentElement;
    const top = line.getBoundingClientRect().top - frame.getBoundingClientRect().top;
    const isSeen = top > 40 && top < frame.clientHeight - 60;
    if (frame.scrollHeight > frame.clientHeight && !isSeen) frame.scrollTop += top - frame.clientHeight / 3;
  }

  // The line of a path among the children of a line, unfolded where it is among the rest.
  below(line, wanted) {
    const list = childrenOf(line);
    const isWanted = ({ path }) => path === wanted;
    const last = list?.lastElementChild;
    if (this.rest.get(last)?.children.some(isWanted)) this.unfold(last);
    return [...(list?.children ?? [])].find(({ dataset }) => isWanted(dataset));
  }

  async open(line) {
    if (line.getAttribute("aria-expanded") !== "false") return;
    line.setAttribute("aria-busy", "true");
    try {
      const { children } = await this.nodes.of(line.dataset.path);
      if (!childrenOf(line)) line.append(this.group(children, Number(line.getAttribute("aria-level")) + 1));
      line.setAttribute("aria-expanded", "true");
    } finally {
      line.removeAttribute("aria-busy");
    }
  }

  close(line) {
    line.setAttribute("aria-expanded", "false");
    childrenOf(line)?.remove();
  }

  group(children, level) {
    const list = element("ul", { role: "group" }, children.slice(0, FIRST).map((child) => item(child, level)));
    const rest = children.slice(FIRST);
    if (rest.length) {
      const more = moreItem(rest.length, level);
      this.rest.set(more, { children: rest, level });
      list.append(more);
    }
    return list;
  }

  unfold(more) {
    const { children, level } = this.rest.get(more);
    const lines = children.map((child) => item(child, level));
    more.replaceWith(...lines);
    return lines[0];
  }

  // One line takes the tab key.
  reach(line, { isFocused = false } = {}) {
    for (const one of this.node.querySelectorAll(`${ITEM}[tabindex="0"]`)) one.tabIndex = -1;
    line.tabIndex = 0;
    if (isFocused) line.focus();
  }

  act(line) {
    if (this.rest.has(line)) this.reach(this.unfold(line), { isFocused: true });
    else this.picked(line.dataset.path);
  }

  async keyed(event) {
    const line = event.target.closest(ITEM);
    if (!line || event.altKey || event.ctrlKey || event.metaKey) return;
    const lines = [...this.node.querySelectorAll(ITEM)];
    const at = lines.indexOf(line);
    const to = (one) => one && this.reach(one, { isFocused: true });
    const isOpen = line.getAttribute("aria-expanded") === "true";
    const ways = {
      ArrowDown: () => to(lines[at + 1]),
      ArrowUp: () => to(lines[at - 1]),
      ArrowRight: () => (isOpen ? to(childrenOf(line).firstElementChild) : this.open(line)),
      ArrowLeft: () => (isOpen ? this.close(line) : to(line.parentElement.closest(ITEM))),
      Home: () => to(lines[0]),
      End: () => to(lines.at(-1)),
      Enter: () => this.act(line),
      " ": () => this.act(line),
      "*": () => Promise.all([...line.parentElement.children].map((one) => this.open(one))),
    };
    if (event.key in ways) {
      event.preventDefault();
      await Promise.resolve(ways[event.key]()).catch(this.failed);
    } else if (event.key.length === 1) {
      const begins = ({ dataset }) => dataset.name.startsWith(event.key.toLowerCase());
      to([...lines.slice(at + 1), ...lines.slice(0, at)].find(begins));
    }
  }

  clicked(event) {
    const line = event.target.closest(ITEM);
    if (!line) return;
    this.reach(line, { isFocused: true });
    if (!event.target.closest(".outline-mark") || !line.hasAttribute("aria-expanded")) this.act(line);
    else if (line.getAttribute("aria-expanded") === "true") this.close(line);
    else this.open(line).catch(this.failed);
  }
}

function childrenOf(line) {
  return line.querySelector(":scope > ul");
}

function item(node, level) {
  const name = node.path ? scientificName(node.taxon) : word("tree.life");
  const told = [name, node.rank ? rankWord(node.rank) : "", word("tree.pictures", { count: node.count })];
  return element(
    "li",
    {
      role: "treeitem", tabindex: "-1", "aria-level": String(level), "aria-selected": "false",
      "aria-expanded": node.has_children ? "false" : null, "aria-label": told.filter(Boolean).join(", "),
      dataset: { path: node.path, name: name.toLowerCase() },
    },
    element("div", { class: "outline-line" },
      element("span", { class: "outline-mark", "aria-hidden": "true" }),
      element("span", { class: "outline-name" }, node.path ? taxonName(node.taxon) : name),
      element("small", {}, number(node.count))),
  );
}

function moreItem(count, level) {
  const attributes = { role: "treeitem", tabindex: "-1", "aria-level": String(level), "aria-selected": "false" };
  const line = [element("span", { class: "outline-mark" }), word("tree.more", { count })];
  return element("li", { ...attributes, dataset: { name: "" } }, element("div", { class: "outline-line" }, line));
}
