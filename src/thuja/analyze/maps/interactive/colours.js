// The colour of each point by a column: a palette for words with "others", a ramp for numbers, grey for what is unknown.

export const UNKNOWN = "not known";

export function rgb(hex) {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function alongRamp(ramp, share) {
  const place = Math.max(0, Math.min(1, share)) * (ramp.length - 1);
  const step = Math.min(Math.floor(place), ramp.length - 2);
  const [from, to] = [rgb(ramp[step]), rgb(ramp[step + 1])];
  return from.map((value, part) => Math.round(value + (place - step) * (to[part] - value)));
}

// A shuffled order in which points are drawn, the same each time, so that no class lies over all others.
export function shuffled(count) {
  const order = Uint32Array.from({ length: count }, (_, place) => place);
  let seed = 20231;
  for (let place = count - 1; place > 0; place--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((seed / 4294967296) * (place + 1));
    [order[place], order[other]] = [order[other], order[place]];
  }
  return order;
}

const SAID = { unknown: UNKNOWN, others: (rest) => `${rest.toLocaleString("en")} other${rest > 1 ? "s" : ""}` };

// What the legend says, and the index in it of every point: `entries` are {label, colour, count}. `said` are the words
// of another language.
export function schemeOf(points, column, said = SAID) {
  const [palette, others] = [points.palette, rgb(points.others)];
  if (!column) {
    return { kind: "plain", entries: [], colourOf: () => rgb(palette[0]), entryOf: () => 0 };
  }
  if (column.kind === "number") {
    const span = column.high - column.low || 1;
    const table = Array.from({ length: 256 }, (_, step) => alongRamp(points.ramp, step / 255));
    const colourOf = (row) => {
      const number = column.number(row);
      return number === null ? others : table[Math.round((255 * (number - column.low)) / span)];
    };
    return { kind: "number", entries: [], colourOf, entryOf: () => 0 };
  }
  // Words stand in the file from the most frequent to the least.
  const first = Math.min(palette.length, column.words.length);
  const entries = Array.from({ length: first }, (_, place) => ({
    label: column.words[place], colour: rgb(palette[place]), count: column.counts[place + 1],
  }));
  const known = points.count - column.counts[0];
  const rest = column.words.length - first;
  const other = entries.length;
  if (rest) {
    const count = known - entries.reduce((sum, one) => sum + one.count, 0);
    entries.push({ label: said.others(rest), colour: others, count });
  }
  const unknown = entries.length;
  if (column.counts[0]) entries.push({ label: said.unknown, colour: others, count: column.counts[0] });
  const entryOf = (row) => {
    const code = column.codes[row];
    return code === 0 ? unknown : code <= first ? code - 1 : other;
  };
  return { kind: "word", entries, entryOf, colourOf: (row) => entries[entryOf(row)].colour };
}

// Points in the order of drawing, those that are kept over those that are not, with the colour of each.
export function coloured(points, order, { scheme, kept, faded }) {
  const count = points.count;
  const [x, y, colours] = [new Uint16Array(count), new Uint16Array(count), new Uint8Array(4 * count)];
  let place = 0;
  for (const isKept of kept ? [0, 1] : [1]) {
    for (const row of order) {
      if (kept && kept[row] !== isKept) continue;
      [x[place], y[place]] = [points.x[row], points.y[row]];
      colours.set(isKept ? scheme.colourOf(row) : faded, 4 * place);
      colours[4 * place + 3] = 255;
      place++;
    }
  }
  return { x, y, colours };
}
