// A line drawn round points by mouse, pen or finger, or a box moved by keys; `done(line)` gets its corners in pixels.

import { boxLine } from "./chosen.js";

const SVG = "http://www.w3.org/2000/svg";
const LEAST = 3; // pixels between two corners of the line

export function lassoOver(stage, { done, said }) {
  const sheet = document.createElementNS(SVG, "svg");
  sheet.setAttribute("class", "lasso");
  sheet.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(SVG, "polygon");
  sheet.append(shape);
  stage.append(sheet);
  let [line, tool, box, pointer] = [[], "move", null, null];

  function show(corners) {
    shape.setAttribute("points", corners.map((corner) => corner.join(",")).join(" "));
  }

  function at(event) {
    const frame = sheet.getBoundingClientRect();
    return [Math.round(event.clientX - frame.left), Math.round(event.clientY - frame.top)];
  }

  function cancel() {
    [line, pointer, box] = [[], null, null];
    show([]);
  }

  sheet.addEventListener("pointerdown", (event) => {
    if (event.button || pointer !== null || tool === "move") return;
    pointer = event.pointerId;
    sheet.setPointerCapture(pointer);
    line = [at(event)];
    event.preventDefault();
    event.stopPropagation();
    stage.focus({ preventScroll: true });
  });
  sheet.addEventListener("pointermove", (event) => {
    event.stopPropagation();
    if (event.pointerId !== pointer) return;
    const [here, last] = [at(event), line[line.length - 1]];
    if (tool === "box") {
      const [left, top] = line[0];
      line = boxLine({ left, top, width: here[0] - left, height: here[1] - top });
    } else if (Math.hypot(here[0] - last[0], here[1] - last[1]) >= LEAST) {
      line.push(here);
    }
    show(line);
  });
  const release = (event) => {
    if (event.pointerId !== pointer) return;
    event.stopPropagation();
    const drawn = line;
    cancel();
    if (event.type === "pointerup" && drawn.length > 2) done(drawn);
  };
  sheet.addEventListener("pointerup", release);
  sheet.addEventListener("pointercancel", release);

  // The box by keys: arrows move it, with Shift they change its size, Enter takes what is inside.
  function keyed(event) {
    if (tool !== "box" || event.target !== stage) return;
    const frame = stage.getBoundingClientRect();
    if (event.key === "Escape") {
      cancel();
      return;
    }
    if (event.key === "Enter" && box) {
      const taken = boxLine(box);
      done(taken);
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!(event.key in ways)) return;
    const [right, down] = ways[event.key];
    const step = event.ctrlKey ? 2 : 16;
    box ||= { left: frame.width * 0.35, top: frame.height * 0.35, width: frame.width * 0.3, height: frame.height * 0.3 };
    if (event.shiftKey) {
      box.width = Math.max(8, Math.min(frame.width, box.width + right * step));
      box.height = Math.max(8, Math.min(frame.height, box.height + down * step));
    } else {
      box.left = Math.max(0, Math.min(frame.width - box.width, box.left + right * step));
      box.top = Math.max(0, Math.min(frame.height - box.height, box.top + down * step));
    }
    for (const side of Object.keys(box)) box[side] = Math.round(box[side]);
    show(boxLine(box));
    said(boxLine(box));
    event.preventDefault();
    event.stopImmediatePropagation();
  }
  stage.addEventListener("keydown", keyed, { capture: true });

  return {
    use(name) {
      tool = name;
      cancel();
      sheet.classList.toggle("drawing", tool !== "move");
    },
  };
}
