// What the page holds, as typed arrays: the places of the points, their columns, pictures and links.

import { readColumn } from "./columns.js";

function bytesOf(text) {
  const raw = atob(text.trim());
  const bytes = new Uint8Array(raw.length);
  for (let place = 0; place < raw.length; place++) bytes[place] = raw.charCodeAt(place);
  return bytes;
}

const ARRAYS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };

function numbersOf(text, width) {
  return new ARRAYS[width](bytesOf(text).buffer);
}

export function readPoints() {
  const raw = JSON.parse(document.getElementById("map-data").textContent);
  const x = numbersOf(raw.x, 2);
  const y = numbersOf(raw.y, 2);
  const columns = raw.columns.map((one) => readColumn(one, numbersOf(one.codes, one.width)));
  const thumbnails = new Map();
  numbersOf(raw.thumbnails.rows, 4).forEach((row, place) => thumbnails.set(row, place));
  const name = columns[raw.name] || null;
  const nameOf = (row) => (name && name.value(row)) || `point ${row + 1}`;
  return { ...raw, x, y, columns, thumbnailOf: thumbnails, nameOf, nameColumn: name };
}

// A point's link: a relative path or http(s), whatever the file says.
export function linkOf(points, row) {
  const rest = points.links.rest[row];
  if (rest === undefined || rest === null) return null;
  const link = points.links.prefix + rest;
  return /^https?:\/\//i.test(link) || !/^[a-z][a-z0-9+.-]*:|^\/\//i.test(link) ? link : null;
}

// Sheets of thumbnails are decoded when the first picture of each is asked for.
const sheetUrls = [];
export function thumbnailOf(points, row) {
  const place = points.thumbnailOf.get(row);
  if (place === undefined) return null;
  const { across, cell } = points.thumbnails;
  const sheet = Math.floor(place / (across * across));
  if (!sheetUrls[sheet]) {
    const bytes = bytesOf(document.getElementById(`sheet-${sheet}`).textContent);
    sheetUrls[sheet] = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
  }
  const within = place % (across * across);
  return { url: sheetUrls[sheet], left: (within % across) * cell, top: Math.floor(within / across) * cell };
}
