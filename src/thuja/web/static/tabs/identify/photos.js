// A photo of the reader's: opened, turned upright and cut in the browser. What is sent is a fresh JPEG of its pixels,
// so that nothing the camera wrote beside them (place, date, owner) leaves the reader's machine.

import { word } from "../../words.js";

const [THUMB, SENT, QUALITY] = [240, 1600, 0.94];
let counted = 0;

// state: waiting, asking, done, failed. `box` is in shares of the upright picture, null for all of
// it, and `size` its pixels.
export function photoOf({ file = null, link = "" }) {
  counted += 1;
  const name = file ? file.name || word("identify.pasted", { count: counted }) : link;
  return { id: counted, name, file, link, thumb: "", box: null, size: null, state: "waiting", result: null, error: null, decision: null };
}

// The upright picture as pixels; throws {detail, hint} for a file that the browser cannot open.
export async function opened(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw { detail: word("identify.broken", { name: file.name || "" }), hint: word("identify.broken_hint") };
  }
}

// Gives the photo a small picture of what it shows, within its box.
export async function drawThumb(photo) {
  if (!photo.file) return;
  const bitmap = await opened(photo.file);
  const drawn = await cut(bitmap, photo.box, THUMB);
  bitmap.close();
  if (photo.isForgotten) return;
  URL.revokeObjectURL(photo.thumb);
  photo.thumb = URL.createObjectURL(drawn);
}

// What is sent of a photo: a JPEG of the pixels within its box.
export async function encoded(photo, side = SENT) {
  const bitmap = await opened(photo.file);
  photo.size = { width: bitmap.width, height: bitmap.height };
  const blob = await cut(bitmap, photo.box, side);
  bitmap.close();
  return blob;
}

export function forget(photo) {
  photo.isForgotten = true;
  URL.revokeObjectURL(photo.thumb);
}

function cut(bitmap, box, side) {
  const { x, y, width, height } = box ?? { x: 0, y: 0, width: 1, height: 1 };
  const [left, top] = [Math.round(x * bitmap.width), Math.round(y * bitmap.height)];
  const wide = Math.max(1, Math.round(width * bitmap.width));
  const high = Math.max(1, Math.round(height * bitmap.height));
  const scale = Math.min(1, side / Math.max(wide, high));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(wide * scale));
  canvas.height = Math.max(1, Math.round(high * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // what is see-through is white, as on paper
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, left, top, wide, high, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
}
