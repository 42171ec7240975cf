// Which points a line drawn by hand, or a box, goes round. Places are the file's own, 0 to 65535 on both axes.

// The rows inside a line [[left, top], ...] of pixels, closed from its last corner to its first; kept ones only.
export function rowsInside(points, rows, line, view) {
  const way = view.pixels();
  const corners = line.map(([left, top]) => [(left - way.left) / way.across, (way.top - top) / way.up]);
  const inside = [];
  for (const row of rows) if (isInside(points.x[row], points.y[row], corners)) inside.push(row);
  return inside;
}

// Even-odd rule: a ray to the right crosses the line an odd number of times.
export function isInside(x, y, corners) {
  let inside = false;
  for (let here = 0, before = corners.length - 1; here < corners.length; before = here++) {
    const [[left, low], [right, high]] = [corners[here], corners[before]];
    if (low > y !== high > y && x < ((right - left) * (y - low)) / (high - low) + left) inside = !inside;
  }
  return inside;
}

export function boundsOf(line) {
  const [lefts, tops] = [line.map(([left]) => left), line.map(([, top]) => top)];
  return [Math.min(...lefts), Math.min(...tops), Math.max(...lefts), Math.max(...tops)];
}

export function boxLine({ left, top, width, height }) {
  return [[left, top], [left + width, top], [left + width, top + height], [left, top + height]];
}
