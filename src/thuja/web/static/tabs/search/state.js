// What is searched for, as the part of the address after #search: whoever gets the address sees the same results.

const LISTS = ["within", "excludes", "like", "unlike"];

// The words of a part of the address, which may have been cut or mistyped on its way here.
function valuesOf(hash) {
  const at = hash.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : hash.slice(at + 1));
}

export function emptyState() {
  return {
    text: "", weight: 0.5, within: [], excludes: [], equals: {}, ranges: {}, like: [], unlike: [],
    group: false, collapse: false, varied: false,
  };
}

export function stateOf(hash) {
  const values = valuesOf(hash);
  const state = emptyState();
  state.text = values.get("q") || "";
  const weight = Number(values.get("w") ?? 0.5);
  state.weight = weight >= 0 && weight <= 1 ? weight : 0.5;
  for (const name of LISTS) state[name] = [...new Set(values.getAll(name).filter(Boolean))];
  state.group = values.get("group") === "species";
  state.collapse = values.get("copies") === "once";
  state.varied = values.get("varied") === "yes";
  for (const [name, value] of values) {
    const [kind, column] = [name.slice(0, name.indexOf(".")), name.slice(name.indexOf(".") + 1)];
    if (kind === "is") (state.equals[column] ||= []).push(value);
    if (kind === "from" || kind === "to") (state.ranges[column] ||= {})[kind] = value;
  }
  return state;
}

export function hashOf(state) {
  const values = new URLSearchParams();
  if (state.text) values.set("q", state.text);
  if (state.weight !== 0.5) values.set("w", String(state.weight));
  for (const name of LISTS) for (const value of state[name]) values.append(name, value);
  for (const [column, chosen] of Object.entries(state.equals)) {
    for (const value of chosen) values.append(`is.${column}`, value);
  }
  for (const [column, range] of Object.entries(state.ranges)) {
    for (const end of ["from", "to"]) if (range[end]) values.set(`${end}.${column}`, range[end]);
  }
  if (state.group) values.set("group", "species");
  if (state.collapse) values.set("copies", "once");
  if (state.varied) values.set("varied", "yes");
  const text = String(values);
  return text ? `#search?${text}` : "#search";
}

export const SAME = 0.97; // a cosine from which two pictures count as one: a copy, or the next frame of the same camera
const VARIED = 0.5; // how much unlikeness to those before weighs against nearness to what is asked

// The body of a request; `vector` is that of a picture, which no address can hold.
export function queryOf(state, { vector, kinds }) {
  const filter = {};
  if (state.within.length) filter.within = state.within;
  if (state.excludes.length) filter.excludes = state.excludes;
  if (Object.keys(state.equals).length) filter.equals = state.equals;
  const ranges = {};
  for (const [column, range] of Object.entries(state.ranges)) {
    const isNumber = kinds.get(column) === "number";
    const isSaid = ([, value]) => value !== "" && (!isNumber || Number.isFinite(Number(value)));
    const ends = Object.entries(range).filter(isSaid);
    if (!ends.length) continue;
    ranges[column] = Object.fromEntries(ends.map(([end, value]) => [end, isNumber ? Number(value) : value]));
  }
  if (Object.keys(ranges).length) filter.ranges = ranges;
  const query = { filter };
  if (state.text) query.text = state.text;
  if (state.text && vector) query.text_weight = state.weight;
  if (vector) query.vector = vector;
  if (state.like.length) query.like = state.like;
  if (state.unlike.length) query.unlike = state.unlike;
  if (state.group) Object.assign(query, { group_by: "species", per_group: 1 });
  if (state.collapse) query.collapse = SAME;
  if (state.varied) query.diversity = VARIED;
  return query;
}

// Whether anything tells which results come first, and not only which are kept.
export function hasQuestion(state, vector) {
  return Boolean(state.text || vector || state.like.length || state.unlike.length);
}
