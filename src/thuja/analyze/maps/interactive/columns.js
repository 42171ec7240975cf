// A column of the points: words by number in a dictionary, numbers in steps, as `columns.py` packs them.

const NO_NUMBER = 65535;

// `raw` says what the codes (N,) mean: {name, kind: "word", words} or {name, kind: "number", low, high, step, is_whole}.
export function readColumn(raw, codes) {
  if (raw.kind === "word") {
    const counts = new Uint32Array(raw.words.length + 1);
    for (const code of codes) counts[code]++;
    const value = (row) => (codes[row] ? raw.words[codes[row] - 1] : null);
    return { ...raw, codes, counts, value };
  }
  const number = (row) => (codes[row] === NO_NUMBER ? null : raw.low + codes[row] * raw.step);
  const digits = raw.is_whole ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 5 };
  const value = (row) => (codes[row] === NO_NUMBER ? null : number(row).toLocaleString("en", digits));
  return { ...raw, codes, missing: NO_NUMBER, number, value };
}
