// A line drawn round points by mouse, pen or finger, or a box moved by keys; `done(line)` gets its corners in pixels.

import { drawing } from "../../dom.js";
import { boxLine } from "./chosen.js";

const LEAST = 3; // pixels between two corners of the line
const SMALLEST = 8; // pixels of a box's side
const [STEP, FINE_STEP] = [16, 2];
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// `said(line)` is told of a box that keys have moved.
export function lassoOver(stage, told) {
  return new Lasso(stage, told);
}

class Lasso {
  constructor(stage, { done, said }) {
    Object.assign(this, { stage, done, said, tool: "move" });
    this.shape = drawing("polygon");
    this.sheet = drawing("svg", {
      class: "lasso", "aria-hidden": "true",
      onpointerdown: (event) => this.press(event), onpointermove: (event) => this.drag(event),
      onpointerup: (event) => this.release(event), onpointercancel: (event) => this.release(event),
    }, this.shape);
    stage.append(this.sheet);
    stage.addEventListener("keydown", (event) => this.keyed(event), { capture: true });
    this.cancel();
  }

  // "move" leaves the pointer to the map, "lasso" draws a line, "box" a box.
  use(tool) {
    this.tool = tool;
    this.cancel();
    this.sheet.classList.toggle("drawing", tool !== "move");
  }

  cancel() {
    [this.line, this.pointer, this.box] = [[], null, null];
    this.show([]);
  }

  show(corners) {
    this.shape.setAttribute("points", corners.map((corner) => corner.join(",")).join(" "));
  }

  at(event) {
    const frame = this.sheet.getBoundingClientRect();
    return [Math.round(event.clientX - frame.left), Math.round(event.clientY - frame.top)];
  }

  press(event) {
    if (event.button || this.pointer !== null) return;
    this.pointer = event.pointerId;
    this.sheet.setPointerCapture(this.pointer);
    this.line = [this.at(event)];
    event.preventDefault();
    event.stopPropagation();
    this.stage.focus({ preventScroll: true });
  }

  drag(event) {
    event.stopPropagation();
    if (event.pointerId !== this.pointer) return;
    const [here, first, last] = [this.at(event), this.line[0], this.line.at(-1)];
    if (this.tool === "box") {
      const [left, top] = first;
      this.line = boxLine({ left, top, width: here[0] - left, height: here[1] - top });
    } else if (Math.hypot(here[0] - last[0], here[1] - last[1]) >= LEAST) {
      this.line.push(here);
    }
    this.show(this.line);
  }

  release(event) {
    if (event.pointerId !== this.pointer) return;
    event.stopPropagation();
    const { line } = this;
    this.cancel();
    if (event.type === "pointerup" && line.length > 2) this.done(line);
  }

  // The box by keys: arrows move it, with Shift they change its size, Enter takes what is inside.
  keyed(event) {
    if (this.tool !== "box" || event.target !== this.stage) return;
    if (event.key === "Escape") this.cancel();
    else if (event.key === "Enter" && this.box) this.done(boxLine(this.box));
    else if (event.key in WAYS) this.moveBox(WAYS[event.key], event);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  moveBox([right, down], { shiftKey, ctrlKey }) {
    const { width, height } = this.stage.getBoundingClientRect();
    const box = this.box ?? { left: width * 0.35, top: height * 0.35, width: width * 0.3, height: height * 0.3 };
    const step = ctrlKey ? FINE_STEP : STEP;
    const clip = (value, least, most) => Math.round(Math.max(least, Math.min(most, value)));
    if (shiftKey) {
      box.width = clip(box.width + right * step, SMALLEST, width);
      box.height = clip(box.height + down * step, SMALLEST, height);
    } else {
      box.left = clip(box.left + right * step, 0, width - box.width);
      box.top = clip(box.top + down * step, 0, height - box.height);
    }
    this.box = box;
    this.show(boxLine(box));
    this.said(boxLine(box));
  }
}
