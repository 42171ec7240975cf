// What is looked through: the photos of this visit, which live in the browser alone, or the server's batch.
// Both give items {id, name, address(), link, certainty, answers, path, settled, model, decision}, least certain first.

import * as api from "../../api.js";
import { saveFile } from "../../dom.js";
import { tableOf } from "../../parts/table.js";
import { RANKS, scientificName } from "../../parts/taxon.js";
import { word } from "../../words.js";
import { encoded } from "../identify/photos.js";

const PAGE = 50;
const COLUMNS = [ // those of the server's own export
  "file_name", "scientific_name", ...RANKS, "common", "crop", "decision", "who", "when", "model", "answer", "answer_score",
];

// The photos that the tab Identify has answers for.
export function visitQueue(session) {
  const photos = session.photos.filter((photo) => photo.result?.answers.length);
  const items = photos.map(itemOf).sort((a, b) => a.certainty - b.certainty);
  const progress = () => counted(items);
  return {
    kind: "visit",
    title: word("review.visit"),
    items,
    progress,
    more: async () => {},
    async decide(item, decision, { name, taxon, who }) {
      const when = new Date().toISOString();
      item.photo.decision = decision === "undo" ? null : { decision, name, taxon, who, when, model: item.model };
      item.decision = item.photo.decision;
    },
    vectorOf: async (item) => item.photo.result.vector,
    async save() {
      const rows = items.filter(hasName).map(rowOf).map((row) => COLUMNS.map((column) => row[column]));
      saveFile("thuja-review.csv", "text/csv", tableOf(COLUMNS, rows));
    },
  };
}

function itemOf(photo) {
  const { result, name } = photo;
  return {
    ...result,
    photo,
    id: photo.id,
    name,
    certainty: result.answers[0].score,
    decision: photo.decision,
    address: async () => (photo.file ? URL.createObjectURL(await encoded(photo, 1200)) : result.picture ?? ""),
  };
}

// A row that `thuja predict --examples` reads as it is; a name without a lineage stands as the species, alone.
function rowOf({ name, answers, decision, model, photo }) {
  const taxon = decision.taxon ?? { species: decision.name };
  const [best] = answers;
  return {
    ...Object.fromEntries([...RANKS, "common"].map((rank) => [rank, taxon[rank]])),
    file_name: name, scientific_name: scientificName(taxon), crop: cropOf(photo), decision: decision.decision,
    who: decision.who, when: decision.when, model, answer: best.text, answer_score: best.score,
  };
}

// The box in pixels of the upright picture, as a catalog tells it.
function cropOf({ box, size }) {
  if (!box || !size) return "";
  const sides = [box.x * size.width, box.y * size.height, box.width * size.width, box.height * size.height];
  return sides.map(Math.round).join(",");
}

const hasName = (item) => ["accept", "correct"].includes(item.decision?.decision);

function counted(items) {
  const count = (kind) => items.filter((item) => item.decision?.decision === kind).length;
  const [accepted, corrected, skipped] = [count("accept"), count("correct"), count("skip")];
  return { total: items.length, open: items.length - accepted - corrected - skipped, accepted, corrected, skipped, failed: 0 };
}

// The batch that `thuja serve --review` was given; each decision is on the server's disk when it is acknowledged.
export async function batchQueue() {
  let page = await api.review({ limit: PAGE });
  let { progress } = page;
  const model = page.model;
  const wrapped = (item) => ({ ...item, id: item.row, model, address: async () => (item.url ? api.pictureAddress(item.url) : "") });
  const items = page.items.map(wrapped);
  return {
    kind: "batch",
    title: word("review.batch", { name: page.name }),
    items,
    progress: () => progress,
    async more() {
      if (page.next === null) return;
      page = await api.review({ limit: PAGE, after: page.next });
      const known = new Set(items.map((item) => item.id));
      items.push(...page.items.map(wrapped).filter((item) => !known.has(item.id)));
    },
    async decide(item, decision, { name, who }) {
      const told = await api.decide(item.row, { decision, who, ...(decision === "correct" ? { name } : {}) });
      item.decision = told.item.decision;
      progress = told.progress;
    },
    async vectorOf(item) {
      if (!item.url) return null;
      const picture = await fetch(api.pictureAddress(item.url));
      const told = await api.embed([await picture.blob()]);
      return packed(told.vectors[0]);
    },
    save: async () => saveFile("thuja-review.csv", "text/csv", await api.reviewExport()),
  };
}

// Little-endian float32 in base64, as /api/identify gives vectors.
function packed(vector) {
  if (typeof vector === "string") return vector;
  const view = new DataView(new ArrayBuffer(vector.length * 4));
  vector.forEach((value, place) => view.setFloat32(place * 4, value, true));
  return btoa(String.fromCharCode(...new Uint8Array(view.buffer)));
}
