// Points by the cell of a grid, to find the nearest without looking at all of them.
const CELLS = 128;
const SHIFT = 9; // 65536 places, 128 cells

export function gridOf(points) {
  const starts = new Uint32Array(CELLS * CELLS + 1);
  const cellOf = (row) => (points.y[row] >> SHIFT) * CELLS + (points.x[row] >> SHIFT);
  for (let row = 0; row < points.count; row++) starts[cellOf(row) + 1]++;
  for (let cell = 0; cell < CELLS * CELLS; cell++) starts[cell + 1] += starts[cell];
  const next = starts.slice();
  const rows = new Uint32Array(points.count);
  for (let row = 0; row < points.count; row++) rows[next[cellOf(row)]++] = row;
  return { starts, rows };
}

// The rows whose places lie in a box of the file's own units, in no order.
export function* rowsWithin(points, grid, box) {
  const clip = (value) => Math.max(0, Math.min(CELLS - 1, Math.floor(value) >> SHIFT));
  const [left, right, low, high] = [clip(box.left), clip(box.right), clip(box.low), clip(box.high)];
  for (let line = low; line <= high; line++) {
    const end = grid.starts[line * CELLS + right + 1];
    for (let place = grid.starts[line * CELLS + left]; place < end; place++) {
      const row = grid.rows[place];
      const [x, y] = [points.x[row], points.y[row]];
      if (x >= box.left && x <= box.right && y >= box.low && y <= box.high) yield row;
    }
  }
}
