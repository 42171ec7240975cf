// The tree as an indented list with the manners of an ARIA tree: arrows walk, open and close it, a letter finds a name.

import { clear, element } from "../../dom.js";
import { rankOf, rankWord, scientificName, taxonName } from "../../parts/taxon.js";
import { number, word } from "../../words.js";

const FIRST = 100; // children of one node before one asks for more

export function outline({ nodes, label, picked, failed }) {
  const tree = element("ul", { class: "outline", role: "tree", "aria-label": label });

  function item(node, level) {
    const name = node.path ? scientificName(node.taxon) : word("tree.life");
    return element(
      "li",
      {
        role: "treeitem", tabindex: "-1", "aria-level": String(level), "aria-selected": "false",
        "aria-expanded": node.has_children ? "false" : null, dataset: { path: node.path, name: name.toLowerCase() },
        "aria-label": `${name}, ${node.rank ? rankWord(node.rank) : ""} ${word("tree.pictures", { count: node.count })}`,
      },
      element("div", { class: "outline-line" },
        element("span", { class: "outline-mark", "aria-hidden": "true" }),
        element("span", { class: "outline-name" }, node.path ? taxonName(node.taxon) : name),
        element("small", {}, number(node.count))),
    );
  }

  function childrenOf(line) {
    return line.querySelector(":scope > ul");
  }

  async function open(line) {
    if (!line.hasAttribute("aria-expanded") || line.getAttribute("aria-expanded") === "true") return;
    line.setAttribute("aria-busy", "true");
    try {
      const { children } = await nodes.of(line.dataset.path);
      if (!childrenOf(line)) line.append(group(children, Number(line.getAttribute("aria-level")) + 1, FIRST));
      line.setAttribute("aria-expanded", "true");
    } finally {
      line.removeAttribute("aria-busy");
    }
  }

  function group(children, level, most) {
    const list = element("ul", { role: "group" }, children.slice(0, most).map((child) => item(child, level)));
    if (children.length > most) {
      list.append(element("li", { role: "treeitem", tabindex: "-1", "aria-level": String(level), "aria-selected": "false", class: "outline-more", dataset: { name: "" } },
        element("div", { class: "outline-line" }, element("span", { class: "outline-mark" }), word("tree.more", { count: children.length - most }))));
      list.lastChild.rest = { children: children.slice(most), level };
    }
    return list;
  }

  // The line that stands for the rest gives way to it, or to what is sought in it.
  function unfold(more) {
    const { children, level } = more.rest;
    const lines = children.map((child) => item(child, level));
    more.replaceWith(...lines);
    return lines[0];
  }

  function close(line) {
    line.setAttribute("aria-expanded", "false");
    childrenOf(line)?.remove();
  }

  function seen() {
    return [...tree.querySelectorAll('[role="treeitem"]')];
  }

  function reach(line, { isFocused = false } = {}) {
    tree.querySelectorAll('[role="treeitem"][tabindex="0"]').forEach((one) => { one.tabIndex = -1; });
    line.tabIndex = 0;
    if (isFocused) line.focus();
  }

  function select(line) {
    tree.querySelectorAll('[aria-selected="true"]').forEach((one) => one.setAttribute("aria-selected", "false"));
    line.setAttribute("aria-selected", "true");
  }

  async function keyed(event) {
    const line = event.target.closest('[role="treeitem"]');
    if (!line || event.altKey || event.ctrlKey || event.metaKey) return;
    const lines = seen();
    const at = lines.indexOf(line);
    const to = (one) => one && reach(one, { isFocused: true });
    const isOpen = line.getAttribute("aria-expanded");
    const ways = {
      ArrowDown: () => to(lines[at + 1]),
      ArrowUp: () => to(lines[at - 1]),
      ArrowRight: () => (isOpen === "true" ? to(childrenOf(line)?.firstElementChild) : open(line)),
      ArrowLeft: () => (isOpen === "true" ? close(line) : to(line.parentElement.closest('[role="treeitem"]'))),
      Home: () => to(lines[0]),
      End: () => to(lines[lines.length - 1]),
      Enter: () => act(line),
      " ": () => act(line),
      "*": () => Promise.all([...line.parentElement.children].map(open)),
    };
    if (event.key in ways) {
      event.preventDefault();
      await Promise.resolve(ways[event.key]()).catch(failed);
    } else if (event.key.length === 1) {
      const letter = event.key.toLowerCase();
      to([...lines.slice(at + 1), ...lines.slice(0, at)].find((one) => one.dataset.name.startsWith(letter)));
    }
  }

  function act(line) {
    if (line.rest) reach(unfold(line), { isFocused: true });
    else picked(line.dataset.path);
  }

  tree.addEventListener("keydown", keyed);
  tree.addEventListener("click", (event) => {
    const line = event.target.closest('[role="treeitem"]');
    if (!line) return;
    reach(line, { isFocused: true });
    if (event.target.closest(".outline-mark") && line.hasAttribute("aria-expanded")) {
      if (line.getAttribute("aria-expanded") === "true") close(line);
      else open(line).catch(failed);
    } else {
      act(line);
    }
  });

  return {
    node: tree,
    // Opens the tree down to a node and marks it; the focus stays where it is.
    async show(path) {
      if (!tree.firstElementChild) {
        const { node } = await nodes.of("");
        clear(tree, item({ ...node, path: "", has_children: true }, 1));
      }
      let line = tree.firstElementChild;
      await open(line);
      const names = path ? path.split("/") : [];
      for (let depth = 1; depth <= names.length; depth++) {
        if (!names[depth - 1]) continue;
        const wanted = names.slice(0, depth).join("/");
        const next = await step(line, wanted);
        if (!next) break;
        line = next;
        await open(line);
      }
      select(line);
      if (!tree.contains(document.activeElement)) reach(line);
      const frame = tree.parentElement;
      const top = line.getBoundingClientRect().top - frame.getBoundingClientRect().top;
      if (frame.scrollHeight > frame.clientHeight && (top < 40 || top > frame.clientHeight - 60)) frame.scrollTop += top - frame.clientHeight / 3;
    },
  };

  async function step(line, wanted) {
    const list = childrenOf(line);
    if (!list) return null;
    const found = () => [...list.children].find((one) => one.dataset.path === wanted);
    if (!found() && list.lastElementChild?.rest?.children.some((one) => one.path === wanted)) unfold(list.lastElementChild);
    return found() || null;
  }
}
