// The page starts here: what the server has, the words, then the tab that the address names.

import * as api from "./api.js";
import { clear, element } from "./dom.js";
import { notice } from "./parts/notice.js";
import { keyDialog } from "./parts/key.js";
import { newSession } from "./session.js";
import { tab as compare } from "./tabs/compare.js";
import { tab as identify } from "./tabs/identify.js";
import { tab as map } from "./tabs/map.js";
import { tab as review } from "./tabs/review.js";
import { tab as search } from "./tabs/search.js";
import { tab as tree } from "./tabs/tree.js";
import { loadWords, word } from "./words.js";

const TABS = [identify, search, tree, map, compare, review];
const main = document.getElementById("main");
const session = newSession();
let [shown, about] = [null, null]; // shown: {tab, unmount, update}

async function start() {
  await loadWords();
  dressShell();
  api.askKeyWith(keyDialog);
  try {
    about = await api.about();
  } catch (error) {
    clear(main, element("h1", {}, word("app.name")), notice(error));
    return;
  }
  drawColophon();
  addEventListener("hashchange", () => route({ isFirst: false }));
  route({ isFirst: true });
}

function dressShell() {
  const skip = document.getElementById("skip");
  skip.textContent = word("app.skip");
  skip.addEventListener("click", (event) => {
    event.preventDefault(); // the address's # names a tab
    main.focus();
  });
  document.getElementById("tabs").setAttribute("aria-label", word("app.sections"));
}

function open() {
  return TABS.filter((tab) => tab.isFor(about));
}

// `#search?q=moth` is the tab `search` and what it is asked.
function route({ isFirst }) {
  const [name, query = ""] = decodeHash();
  const tabs = open();
  const tab = tabs.find((one) => one.name === name) || tabs[0];
  drawTabs(tabs, tab);
  if (!tab) return clear(main, element("h1", {}, word("app.name")), element("p", {}, word("app.nothing")));
  const asked = new URLSearchParams(query);
  if (shown?.tab === tab && shown.update) return shown.update(asked);
  shown?.unmount?.();
  document.title = `${word(`${tab.name}.title`)} · thuja`;
  const root = element("div", { class: `tab tab-${tab.name}` });
  clear(main, root);
  const mounted = tab.mount(root, context(asked));
  shown = typeof mounted === "function" ? { tab, unmount: mounted } : { tab, ...mounted };
  if (!isFirst) main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

function decodeHash() {
  const hash = location.hash.slice(1);
  const at = hash.indexOf("?");
  return at < 0 ? [hash] : [hash.slice(0, at), hash.slice(at + 1)];
}

function context(query) {
  return {
    about,
    session,
    query, // URLSearchParams of the address
    navigate: (hash) => { location.hash = hash; },
    rewrite: (hash) => history.replaceState(null, "", `#${hash.replace(/^#/, "")}`),
    announce,
  };
}

function announce(text) {
  const live = document.getElementById("live");
  live.textContent = "";
  requestAnimationFrame(() => { live.textContent = text; });
}

function drawTabs(tabs, current) {
  const links = tabs.map((tab) => {
    const isHere = tab === current;
    return element("a", { href: `#${tab.name}`, "aria-current": isHere ? "page" : null }, word(`${tab.name}.title`));
  });
  clear(document.getElementById("tabs"), links);
  links[tabs.indexOf(current)]?.scrollIntoView({ block: "nearest", inline: "center" }); // on a phone they scroll
}

function drawColophon() {
  const parts = [word("app.version", { version: about.version })];
  if (about.model) parts.push(word("app.model", { model: about.model.name ?? about.model.id }));
  if (about.labels) parts.push(word("app.labels", { count: about.labels.count }));
  if (about.index) parts.push(word("app.index", { count: about.index.rows }));
  parts.push(word("app.private"));
  clear(document.getElementById("colophon"), parts.map((part) => element("span", {}, part)));
}

start();
