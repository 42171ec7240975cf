// The page starts here: what the server has, the words, then the tab that the address names.

import * as api from "./api.js";
import { clear, element } from "./dom.js";
import { notice } from "./parts/notice.js";
import { keyDialog } from "./parts/key.js";
import { newSession } from "./session.js";
import { loadWords, word } from "./words.js";

// The tabs in their order, each with what the server must have for it; its script comes when it is first opened.
const TABS = {
  identify: (features) => features.identify,
  search: (features) => features.search,
  tree: (features) => features.tree,
  map: (features) => features.map,
  compare: (features) => features.compare,
  review: (features) => features.identify || features.review,
};
const main = document.getElementById("main");
const session = newSession();
let [shown, about, routes] = [null, null, 0]; // shown: {name, unmount, update}

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

// `#search?q=moth` is the tab `search` and what it is asked.
async function route({ isFirst }) {
  const [wanted, query = ""] = decodeHash();
  const names = Object.keys(TABS).filter((name) => TABS[name](about.features));
  const name = names.includes(wanted) ? wanted : names[0];
  drawTabs(names, name);
  if (!name) return clear(main, element("h1", {}, word("app.name")), element("p", {}, word("app.nothing")));
  const asked = new URLSearchParams(query);
  routes += 1;
  const turn = routes;
  if (shown?.name === name && shown.update) return shown.update(asked);
  const tab = await loaded(name);
  if (!tab || turn !== routes) return undefined; // another was wanted meanwhile
  show(tab, asked);
  if (!isFirst) main.focus({ preventScroll: true });
  return scrollTo(0, 0);
}

async function loaded(name) {
  try {
    return (await import(`./tabs/${name}.js`)).tab;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // what a browser throws for a script that does not come
    shown?.unmount?.();
    shown = null;
    clear(main, element("h1", {}, word(`${name}.title`)), notice({ detail: word("error.unreachable"), hint: word("error.reload") }));
    return null;
  }
}

function show(tab, asked) {
  shown?.unmount?.();
  document.title = `${word(`${tab.name}.title`)} · thuja`;
  const root = element("div", { class: `tab tab-${tab.name}` });
  clear(main, root);
  const mounted = tab.mount(root, context(asked));
  shown = typeof mounted === "function" ? { name: tab.name, unmount: mounted } : { name: tab.name, ...mounted };
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

function drawTabs(names, current) {
  const links = names.map((name) => {
    const isHere = name === current;
    return element("a", { href: `#${name}`, "aria-current": isHere ? "page" : null }, word(`${name}.title`));
  });
  clear(document.getElementById("tabs"), links);
  links[names.indexOf(current)]?.scrollIntoView({ block: "nearest", inline: "center" }); // on a phone they scroll
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
