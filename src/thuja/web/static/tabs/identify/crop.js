// A dialog that cuts a box out of a photo: by mouse and touch on its frame and handles, by keyboard with the arrows.

import { clear, element, freshId } from "../../dom.js";
import { share, word } from "../../words.js";
import { opened } from "./photos.js";

const [LEAST, STEP, FINE] = [0.04, 0.05, 0.01];
const SIDE = 1200;
const HANDLES = ["nw", "ne", "sw", "se"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// The chosen box in shares, null for the whole picture, undefined where nothing was changed.
export async function cropDialog(photo) {
  const canvas = await drawn(photo.file);
  const id = freshId("crop");
  let box = photo.box ?? { x: 0.1, y: 0.1, width: 0.8, height: 0.8 };
  let answer;
  const frame = element("div", {
    class: "crop-frame", tabindex: 0, role: "application", "aria-roledescription": word("crop.frame"),
    "aria-label": word("crop.frame"), "aria-describedby": `${id}-help ${id}-told`,
  }, HANDLES.map((corner) => element("span", { class: `crop-handle crop-${corner}`, dataset: { corner } })));
  const told = element("p", { class: "soft", id: `${id}-told`, "aria-live": "polite" });
  const stage = element("div", { class: "crop-stage" }, canvas, frame);
  const place = (next) => {
    box = bounded(next);
    for (const [name, value] of [["left", box.x], ["top", box.y], ["width", box.width], ["height", box.height]]) {
      frame.style.setProperty(name, `${value * 100}%`);
    }
    told.textContent = word("crop.told", { width: share(box.width), height: share(box.height), x: share(box.x), y: share(box.y) });
  };
  const dialog = element("dialog", { class: "crop-dialog", "aria-labelledby": `${id}-title` });
  const end = (chosen) => { answer = chosen; dialog.close(); };
  clear(
    dialog,
    element("h2", { id: `${id}-title` }, word("crop.title")),
    element("p", { class: "soft", id: `${id}-help` }, word("crop.help")),
    stage,
    told,
    element(
      "div",
      { class: "row" },
      element("button", { class: "primary", type: "button", onclick: () => end(box) }, word("crop.use")),
      element("button", { type: "button", onclick: () => end(null) }, word("crop.whole")),
      element("button", { class: "quiet", type: "button", onclick: () => dialog.close() }, word("crop.cancel")),
    ),
  );
  byPointer(stage, frame, { box: () => box, place });
  frame.addEventListener("keydown", (event) => byKey(event, { box, place, use: () => end(box) }));
  place(box);
  document.body.append(dialog);
  dialog.showModal();
  frame.focus();
  return new Promise((done) => {
    dialog.addEventListener("close", () => { dialog.remove(); done(answer); });
  });
}

async function drawn(file) {
  const bitmap = await opened(file);
  const scale = SIDE / Math.max(bitmap.width, bitmap.height); // a small picture is enlarged: a finger needs room
  const canvas = element("canvas", { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale), "aria-hidden": "true" });
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas;
}

// Within the picture, and never too small to hold an animal.
export function bounded({ x, y, width, height }) {
  const [wide, high] = [Math.min(1, Math.max(LEAST, width)), Math.min(1, Math.max(LEAST, height))];
  return { x: Math.min(1 - wide, Math.max(0, x)), y: Math.min(1 - high, Math.max(0, y)), width: wide, height: high };
}

// Arrows move the frame; with Shift they move its lower right corner; with Alt they go finely.
function byKey(event, { box, place, use }) {
  if (event.key === "Enter") {
    event.preventDefault();
    return use();
  }
  const arrow = ARROWS[event.key];
  if (!arrow) return undefined;
  event.preventDefault();
  const step = event.altKey ? FINE : STEP;
  const [right, down] = arrow.map((way) => way * step);
  if (event.shiftKey) return place(stretched(box, "se", { right, down }));
  return place({ ...box, x: box.x + right, y: box.y + down });
}

// The frame's inside moves it, a handle stretches it, the picture beside it draws a fresh one.
function byPointer(stage, frame, { box, place }) {
  stage.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    frame.focus();
    const area = stage.getBoundingClientRect();
    const at = ({ clientX, clientY }) => [(clientX - area.left) / area.width, (clientY - area.top) / area.height];
    const [from, before] = [at(event), box()];
    const corner = event.target.dataset?.corner;
    const isInside = event.target === frame;
    const move = (moved) => {
      const [x, y] = at(moved);
      const way = { right: x - from[0], down: y - from[1] };
      if (corner) place(stretched(before, corner, way));
      else if (isInside) place({ ...before, x: before.x + way.right, y: before.y + way.down });
      else place(between(from, [x, y]));
    };
    const end = () => {
      stage.removeEventListener("pointermove", move);
      stage.removeEventListener("pointerup", end);
      stage.removeEventListener("pointercancel", end);
    };
    stage.setPointerCapture(event.pointerId);
    stage.addEventListener("pointermove", move);
    stage.addEventListener("pointerup", end);
    stage.addEventListener("pointercancel", end);
  });
}

function between([ax, ay], [bx, by]) {
  const clip = (value) => Math.min(1, Math.max(0, value));
  const [left, right] = [clip(Math.min(ax, bx)), clip(Math.max(ax, bx))];
  const [top, bottom] = [clip(Math.min(ay, by)), clip(Math.max(ay, by))];
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function stretched({ x, y, width, height }, corner, { right, down }) {
  let [left, top, end, bottom] = [x, y, x + width, y + height];
  if (corner.includes("w")) left = Math.min(end - LEAST, Math.max(0, left + right));
  else end = Math.max(left + LEAST, Math.min(1, end + right));
  if (corner.includes("n")) top = Math.min(bottom - LEAST, Math.max(0, top + down));
  else bottom = Math.max(top + LEAST, Math.min(1, bottom + down));
  return { x: left, y: top, width: end - left, height: bottom - top };
}
