// A taxon's name as biologists write it, and its lineage as the API takes it.

import { element } from "../dom.js";
import { hasWord, word } from "../words.js";

export const RANKS = ["kingdom", "phylum", "class", "order", "family", "genus", "species"];

export function rankWord(rank) {
  return hasWord(`rank.${rank}`) ? word(`rank.${rank}`) : rank;
}

export function rankOf(taxon) {
  return RANKS.findLast((rank) => taxon[rank]) ?? null;
}

export function scientificName(taxon) {
  if (taxon.scientific_name) return taxon.scientific_name;
  if (taxon.genus && taxon.species) return `${taxon.genus} ${taxon.species}`;
  const rank = rankOf(taxon);
  return rank ? taxon[rank] : "";
}

// `Animalia/Chordata/Aves`, a missing rank an empty part.
export function pathOf(taxon) {
  const rank = rankOf(taxon);
  return rank ? RANKS.slice(0, RANKS.indexOf(rank) + 1).map((one) => taxon[one] || "").join("/") : "";
}

// `Animalia`, `Animalia/Chordata`, ... of a path; a rank without a name is no step.
export function pathsDown(path) {
  const names = path.split("/");
  return names.map((name, place) => (name ? names.slice(0, place + 1).join("/") : null)).filter(Boolean);
}

export function taxonOf(path) {
  const names = path.split("/");
  return Object.fromEntries(RANKS.map((rank, place) => [rank, names[place] || ""]));
}

// `kingdom Animalia genus Oenanthe`: what no homonym can be mistaken for.
export function rankedText(taxon) {
  return RANKS.filter((rank) => taxon[rank]).map((rank) => `${rank} ${taxon[rank]}`).join(" ");
}

export function lineageText(taxon) {
  return RANKS.slice(0, 6).filter((rank) => taxon[rank]).map((rank) => taxon[rank]).join(" › ");
}

// Genus and species in italics, the common name behind; `isShort` leaves the common name out.
export function taxonName(taxon, { isShort = false } = {}) {
  const rank = rankOf(taxon);
  const name = scientificName(taxon) || word("taxon.root");
  const isItalic = rank === "genus" || (rank === "species" && taxon.genus);
  return element(
    "span",
    { class: "taxon" },
    element(isItalic ? "i" : "span", { class: "taxon-name", lang: rank ? "la" : null }, name),
    taxon.common && !isShort ? element("span", { class: "taxon-common" }, ` ${taxon.common}`) : null,
  );
}

// The name of an answer: a taxon, or a label of the reader's own.
export function answerName(answer, options) {
  return answer.taxon ? taxonName(answer.taxon, options) : element("span", { class: "taxon" }, answer.text);
}
