// What is asked of the photos: among which names, how sure an answer must be, how many others are shown.

import { clear, element, freshId } from "../../dom.js";
import { chip, completion } from "../../parts/complete.js";
import { rankWord, rankedText, scientificName, taxonName } from "../../parts/taxon.js";
import { share, word } from "../../words.js";

const [LEAST, MOST] = [0.5, 0.99];
const EXAMPLES = 1000; // as many as a server takes

// Gives {node, read()}; `onchange` is called when another question stands there.
export function questionForm(context, onchange) {
  const { labels, model } = context.about;
  const state = context.session.question; // kept while another tab is shown
  state.among ||= labels ? "all" : "labels";
  const changed = () => onchange();
  const kinds = [
    labels && ["all", word(labels.is_taxa ? "identify.among_all" : "identify.among_labels", { count: labels.count })],
    labels?.is_taxa && ["within", word("identify.among_within")],
    labels?.is_taxa && ["checklist", word("identify.among_checklist")],
    model.has_text && ["labels", word("identify.among_own")],
  ].filter(Boolean);
  const details = {
    within: branchPart(state, changed),
    checklist: namesPart(state, changed, { key: "checklist", hasFile: true }),
    labels: namesPart(state, changed, { key: "own" }),
  };
  const reveal = () => Object.entries(details).forEach(([kind, part]) => { part.hidden = kind !== state.among; });
  const among = radios(kinds, state.among, (kind) => { state.among = kind; reveal(); changed(); });
  const parts = [element("fieldset", {}, element("legend", {}, word("identify.among")), among), ...Object.values(details)];
  reveal();
  if (labels?.is_taxa) parts.push(confidencePart(state, changed), rankPart(labels.ranks, state, changed));
  return {
    node: element("div", { class: "question" }, parts),
    read: () => questionOf(state, context),
    inShort: () => inShort(state, labels),
  };
}

// The question in one line, for who has not opened it.
function inShort(state, labels) {
  const { among, names, within, confidence } = state;
  if (among === "labels") return names.length ? word("identify.labels_short", { count: names.length }) : word("identify.nothing_short");
  const all = word(labels.is_taxa ? "identify.among_all" : "identify.among_labels", { count: labels.count });
  const branches = among === "within" ? within.map((one) => one.text).join(", ") : "";
  const list = among === "checklist" && names.length ? word("identify.checklist_short", { count: names.length }) : "";
  const sure = labels.is_taxa ? word("identify.surely", { share: share(confidence) }) : "";
  return [branches || list || all, sure].filter(Boolean).join(", ");
}

function questionOf(state, { session, about }) {
  const isOwn = state.among === "labels" && state.names.length > 0;
  const asked = { wants: about.labels?.is_taxa ? ["vector", "siblings"] : ["vector"] };
  if (isOwn) asked.labels = state.names;
  else if (about.labels?.is_taxa) {
    asked.confidence = state.confidence;
    if (state.rank) asked.rank = state.rank;
    if (state.among === "within" && state.within.length) asked.within = state.within.map((one) => one.asked);
    if (state.among === "checklist" && state.names.length) asked.checklist = state.names;
  }
  if (session.examples.length && !isOwn) asked.examples = session.examples.slice(-EXAMPLES).map(({ label, vector }) => ({ label, vector }));
  return asked;
}

function radios(kinds, chosen, onchoose) {
  const name = freshId("among");
  return kinds.map(([kind, text]) => {
    const input = element("input", { type: "radio", name, value: kind, checked: kind === chosen, onchange: () => onchoose(kind) });
    return element("label", { class: "choice" }, input, element("span", {}, text));
  });
}

function branchPart(state, changed) {
  const chips = element("div", { class: "row chips" });
  const draw = () => clear(chips, state.within.map((one) => chip(one.node.cloneNode(true), one.text, () => {
    state.within = state.within.filter((other) => other !== one);
    draw();
    changed();
  })));
  const box = completion({
    label: word("identify.branch"),
    placeholder: word("identify.branch_hint"),
    isFree: true,
    onchoose: (item) => {
      if (state.within.some((one) => one.text === item.text)) return;
      const node = item.taxon ? taxonName(item.taxon, { isShort: true }) : element("span", {}, item.text);
      const asked = item.taxon ? rankedText(item.taxon) : item.text;
      state.within = [...state.within, { text: item.taxon ? scientificName(item.taxon) : item.text, asked, node }];
      draw();
      changed();
    },
  });
  draw();
  return element("div", { class: "among-detail" }, box.node, chips);
}

// Names, one a line, typed or of a file; a table's first column is taken.
function namesPart(state, changed, { key, hasFile = false }) {
  const id = freshId("names");
  const told = element("p", { class: "soft", id: `${id}-told` }, word(`identify.${key}_hint`));
  const area = element("textarea", { id, rows: 5, spellcheck: "false", "aria-describedby": `${id}-told`, placeholder: word(`identify.${key}_like`) });
  const read = () => {
    state.names = linesOf(area.value);
    told.textContent = state.names.length ? word("identify.names", { count: state.names.length }) : word(`identify.${key}_hint`);
  };
  area.addEventListener("input", read);
  if (state.among === (key === "own" ? "labels" : key)) area.value = state.names.join("\n");
  area.addEventListener("change", changed);
  const file = element("input", { type: "file", accept: ".txt,.csv,.tsv", class: "unseen", id: `${id}-file` });
  file.addEventListener("change", async () => {
    if (!file.files[0]) return;
    area.value = firstColumn(await file.files[0].text()).join("\n");
    read();
    changed();
  });
  const part = element(
    "div",
    { class: "among-detail" },
    element("label", { for: id }, word(`identify.${key}`)),
    area,
    told,
    hasFile ? element("p", {}, file, element("label", { class: "button", for: `${id}-file` }, word("identify.checklist_file"))) : null,
  );
  return part;
}

export function linesOf(text) {
  return [...new Set(text.split(/\r?\n/).map((line) => line.trim()).filter(Boolean))];
}

// The first cell of each row; a heading such as "scientific_name" is no name.
export function firstColumn(text) {
  const cells = linesOf(text.replace(/^\uFEFF/, "")).map((line) => line.split(/[,\t;]/)[0].replace(/^"|"$/g, "").trim());
  return cells.filter((cell, row) => cell && !(row === 0 && /^(scientific_?name|species|name|taxon|label)$/i.test(cell)));
}

function confidencePart(state, changed) {
  const id = freshId("confidence");
  const shown = element("output", { for: id }, share(state.confidence));
  const input = element("input", { id, type: "range", min: LEAST, max: MOST, step: 0.01, value: state.confidence });
  input.addEventListener("input", () => {
    state.confidence = Number(input.value);
    shown.textContent = share(state.confidence);
  });
  input.addEventListener("change", changed);
  return element(
    "div",
    { class: "confidence" },
    element("label", { for: id }, word("identify.confidence"), " ", shown),
    input,
    element("p", { class: "soft" }, word("identify.confidence_hint")),
  );
}

function rankPart(ranks, state, changed) {
  const id = freshId("rank");
  const choices = [["", word("identify.rank_deepest")], ...ranks.map((rank) => [rank, rankWord(rank)])];
  const options = choices.map(([value, text]) => element("option", { value, selected: value === state.rank }, text));
  const select = element("select", { id }, options);
  select.addEventListener("change", () => { state.rank = select.value; changed(); });
  return element("div", {}, element("label", { for: id }, word("identify.rank")), select);
}
