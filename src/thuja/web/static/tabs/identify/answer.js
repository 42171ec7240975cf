// What is said of one photo: where the answer stops and why, the way down to it, what else it may be.

import { element } from "../../dom.js";
import { card } from "../../parts/card.js";
import { notice } from "../../parts/notice.js";
import { pathDown } from "../../parts/path.js";
import { score } from "../../parts/score.js";
import { answerName, pathOf, rankWord } from "../../parts/taxon.js";
import { share, shareBelow, word } from "../../words.js";

const SHOWN = 10; // of a thousand labels of one's own, the best

export function answerOf(photo, about) {
  if (photo.state === "failed") return notice(photo.error);
  if (photo.state === "stopped") return element("p", { class: "soft" }, word("identify.stopped"));
  if (!photo.result) return element("p", { class: "soft pending" }, word("identify.asking"));
  const { result } = photo;
  const isOld = photo.state !== "done"; // another question is under way
  return element(
    "div",
    { class: isOld ? "answer stale" : "answer", "aria-busy": String(isOld) },
    isOld ? element("p", { class: "soft pending" }, word("identify.asking")) : null,
    headline(result),
    result.path.length ? pathDown(result.path, { settled: result.settled, isAsked: asksConfidence(result) }) : null,
    unseen(result.unseen ?? {}),
    honesty(result),
    candidates(result, about),
  );
}

// In one line, for the strip of photos and for those who listen.
export function inShort({ state, result, error }) {
  if (state === "failed") return error.detail;
  if (state === "stopped") return word("identify.stopped_short");
  if (!result) return word("identify.asking_short");
  const best = result.settled ?? result.answers[0];
  if (asksConfidence(result) && !result.settled) return word("identify.unsure_short");
  return best ? word("identify.short", { name: best.text, share: share(best.score) }) : word("identify.nothing");
}

function asksConfidence(result) {
  return typeof result.asked?.confidence === "number";
}

function headline(result) {
  const { settled, path, answers } = result;
  if (!answers.length) return element("p", { class: "verdict" }, word("identify.nothing"));
  if (!asksConfidence(result) || !path.length) {
    const [best] = answers;
    return verdict(answerName(best), best, word(best.rank ? "identify.likeliest" : "identify.likeliest_label"));
  }
  const asked = share(result.asked.confidence);
  const next = path[settled ? path.findIndex((step) => step.rank === settled.rank) + 1 : 0];
  if (!settled) {
    const why = next ? word("identify.unsure_why", { asked, name: next.text, share: shareBelow(next.score, result.asked.confidence) }) : "";
    return element("div", {}, element("h2", { class: "verdict" }, word("identify.unsure", { asked })), element("p", {}, why));
  }
  const reason = next
    ? word("identify.stops", { asked, rank: rankWord(settled.rank), next: rankWord(next.rank), name: next.text, share: shareBelow(next.score, result.asked.confidence) })
    : word("identify.reaches", { asked, rank: rankWord(settled.rank) });
  return verdict(answerName(settled), settled, reason);
}

function verdict(name, answer, reason) {
  return element(
    "div",
    {},
    element("h2", { class: "verdict" }, name, " ", element("span", { class: "verdict-score" }, share(answer.score))),
    element("p", { class: "verdict-why" }, reason),
  );
}

function unseen(shares) {
  const told = Object.entries(shares).filter(([, value]) => value >= 0.005);
  if (!told.length) return null;
  const parts = told.map(([rank, value]) => word("identify.unseen_one", { rank: rankWord(rank), share: share(value) }));
  return element("p", { class: "soft" }, word("identify.unseen", { ranks: parts.join(", ") }));
}

// Whether the numbers may be believed, and what the server says of how it came by them.
function honesty(result) {
  const { asked, isCalibrated, notes } = result;
  const key = isCalibrated ? "identify.calibrated" : "identify.uncalibrated";
  const taught = asked?.examples ? [word("identify.from_examples", { count: asked.examples.length })] : [];
  return element("div", { class: "soft honesty" }, [...taught, ...notes, word(key)].map((text) => element("p", {}, text)));
}

function candidates({ answers, siblings }, about) {
  if (!answers.length) return null;
  const shown = new Map(siblings.map(({ answer, pictures }) => [answer.text, pictures]));
  const named = new Set(answers.map((answer) => answer.text));
  const kin = siblings.filter(({ answer }) => !named.has(answer.text));
  return element(
    "section",
    { class: "candidates" },
    element("h3", {}, word("identify.candidates")),
    element("ol", {}, answers.slice(0, SHOWN).map((answer) => candidate(answer, { about, pictures: answer.pictures?.length ? answer.pictures : shown.get(answer.text) }))),
    kin.length ? [
      element("h3", {}, word("identify.kin")),
      element("ol", {}, kin.map(({ answer, pictures }) => candidate(answer, { about, pictures }))),
    ] : null,
  );
}

function candidate(answer, { about, pictures = [] }) {
  const cards = pictures.slice(0, 3).map((picture) => card({ picture, taxon: null }, { alt: answer.text }));
  return element(
    "li",
    { class: "candidate" },
    element("div", { class: "candidate-head" }, answerName(answer), score(answer.score)),
    cards.length ? element("div", { class: "candidate-pictures" }, cards) : null,
    cards.length && about.features.tree ? treeLink(answer) : null,
  );
}

function treeLink(answer) {
  const query = new URLSearchParams({ of: pathOf(answer.taxon) });
  return element("a", { class: "candidate-more", href: `#tree?${query}` }, word("identify.in_tree", { name: answer.text }));
}
