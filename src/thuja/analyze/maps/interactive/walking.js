// Moving about the map by mouse, touch and keys. `told` has what to do: moved, pointed, tapped, left, named, closed.

export function listen(stage, view, told) {
  const held = new Map();
  let travelled = 0;
  const at = (event) => {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest("button, a, article")) return;
    stage.setPointerCapture(event.pointerId);
    held.set(event.pointerId, at(event));
    if (held.size === 1) travelled = 0;
  });
  stage.addEventListener("pointermove", (event) => {
    const here = at(event);
    const before = held.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") told.pointed(here.x, here.y);
      return;
    }
    const [right, down] = [here.x - before.x, here.y - before.y];
    const other = [...held].find(([id]) => id !== event.pointerId);
    held.set(event.pointerId, here);
    travelled += Math.hypot(right, down);
    if (!other) {
      if (travelled > 3) view.pan(right, down);
    } else {
      // Two fingers: the map moves by half of each finger's way and grows as they part.
      const far = (one) => Math.hypot(one.x - other[1].x, one.y - other[1].y) || 1;
      view.pan(right / 2, down / 2);
      view.zoom(far(here) / far(before), (here.x + other[1].x) / 2, (here.y + other[1].y) / 2);
    }
    if (travelled > 3) told.moved();
  });
  const release = (event) => {
    if (!held.delete(event.pointerId)) return;
    if (event.type === "pointerup" && travelled <= 3) {
      const { x, y } = at(event);
      told.tapped(x, y, event.pointerType === "mouse" ? 12 : 24);
    }
  };
  stage.addEventListener("pointerup", release);
  stage.addEventListener("pointercancel", release);
  stage.addEventListener("pointerleave", () => told.left());
  stage.addEventListener("dblclick", (event) => {
    if (event.target.closest("button, a, article")) return;
    const { x, y } = at(event);
    view.zoom(2, x, y);
    told.moved();
  });
  stage.addEventListener(
    "wheel",
    (event) => {
      if (event.target.closest("article")) return;
      event.preventDefault();
      const { x, y } = at(event);
      view.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 16 : 1) * 0.0016), x, y);
      told.moved();
    },
    { passive: false },
  );
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target !== stage && event.key !== "Escape") return;
    const step = 0.15 * Math.min(view.width, view.height);
    const keys = {
      ArrowLeft: () => view.pan(step, 0),
      ArrowRight: () => view.pan(-step, 0),
      ArrowUp: () => view.pan(0, step),
      ArrowDown: () => view.pan(0, -step),
      "+": () => view.zoom(1.4, view.width / 2, view.height / 2),
      "=": () => view.zoom(1.4, view.width / 2, view.height / 2),
      "-": () => view.zoom(1 / 1.4, view.width / 2, view.height / 2),
      0: () => view.fit(),
    };
    if (event.key in keys) {
      keys[event.key]();
      told.moved();
      told.named();
    } else if (event.key === "Enter" || event.key === " ") {
      told.tapped(view.width / 2, view.height / 2, Math.max(view.width, view.height));
    } else if (event.key === "Escape") {
      told.closed();
    } else {
      return;
    }
    event.preventDefault();
  });
}
