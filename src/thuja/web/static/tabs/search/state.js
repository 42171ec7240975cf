// What is searched for, as the part of the address after #search: whoever gets the address sees the same results.

const LISTS = ["within", "excludes", "like", "unlike", "start", "end"];
const TEXTS = { text: "q", from: "from", to: "to" };
const SWITCHES = { group: ["group", "species"], collapse: ["copies", "once"], varied: ["varied", "yes"] };

export const ENDS = ["start", "end"]; // of a direction, which pictures may stand at
export const FAR = { min: 0.25, max: 3, step: 0.25 }; // how much a direction counts, where a picture counts 1
export const WHOLE = { south: -90, west: -180, north: 90, east: 180 }; // sides of a box, in the order of the API

// The words of a part of the address, which may have been cut or mistyped on its way here.
function valuesOf(hash) {
  const at = hash.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : hash.slice(at + 1));
}

// Columns are named by the address: `__proto__` is a name like any other.
const byName = () => Object.create(null);

// `text` and `like` are what is asked, `from` and `to` words at the ends of a direction, `start` and `end` pictures there.
export function emptyState() {
  return {
    text: "", weight: 0.5, within: [], excludes: [], equals: byName(), ranges: byName(), box: {}, like: [], unlike: [],
    from: "", to: "", start: [], end: [], far: 1, group: false, collapse: false, varied: false,
  };
}

export function stateOf(hash) {
  const values = valuesOf(hash);
  const state = emptyState();
  for (const [name, key] of Object.entries(TEXTS)) state[name] = values.get(key) || "";
  state.weight = numberOf(values.get("w"), { min: 0, max: 1, spare: 0.5 });
  state.far = numberOf(values.get("far"), { ...FAR, spare: 1 });
  for (const name of LISTS) state[name] = [...new Set(values.getAll(name).filter(Boolean))];
  for (const [name, [key, value]] of Object.entries(SWITCHES)) state[name] = values.get(key) === value;
  const sides = (values.get("box") || "").split(",");
  Object.keys(WHOLE).forEach((side, place) => { if (isNumber(sides[place])) state.box[side] = sides[place]; });
  for (const [name, value] of values) {
    const at = name.indexOf(".");
    if (at < 0) continue;
    const [kind, column] = [name.slice(0, at), name.slice(at + 1)];
    if (kind === "is") (state.equals[column] ||= []).push(value);
    if (kind === "from" || kind === "to") (state.ranges[column] ||= byName())[kind] = value;
  }
  return state;
}

export function hashOf(state) {
  const values = new URLSearchParams();
  for (const [name, key] of Object.entries(TEXTS)) if (state[name]) values.set(key, state[name]);
  if (state.weight !== 0.5) values.set("w", String(state.weight));
  if (state.far !== 1) values.set("far", String(state.far));
  for (const name of LISTS) for (const value of state[name]) values.append(name, value);
  for (const [column, chosen] of Object.entries(state.equals)) {
    for (const value of chosen) values.append(`is.${column}`, value);
  }
  for (const [column, range] of Object.entries(state.ranges)) {
    for (const end of ["from", "to"]) if (range[end]) values.set(`${end}.${column}`, range[end]);
  }
  if (Object.keys(state.box).length) values.set("box", Object.keys(WHOLE).map((side) => state.box[side] ?? "").join(","));
  for (const [name, [key, value]] of Object.entries(SWITCHES)) if (state[name]) values.set(key, value);
  const text = String(values);
  return text ? `#search?${text}` : "#search";
}

function isNumber(text) {
  return Boolean(text?.trim()) && Number.isFinite(Number(text));
}

function numberOf(text, { min, max, spare }) {
  return isNumber(text) && Number(text) >= min && Number(text) <= max ? Number(text) : spare;
}

export const SAME = 0.97; // a cosine from which two pictures count as one: a copy, or the next frame of the same camera
const VARIED = 0.5; // how much unlikeness to those before weighs against nearness to what is asked

// The body of a request; `vector` is that of a picture, `region` that of a file, which no address can hold.
export function queryOf(state, { vector, kinds, region }) {
  const query = { filter: filterOf(state, kinds, region) };
  const direction = wayOf(state);
  if (state.text) query.text = state.text;
  if (state.text && vector) query.text_weight = state.weight;
  if (vector) query.vector = vector;
  if (state.like.length) query.like = state.like;
  if (state.unlike.length) query.unlike = state.unlike;
  if (direction) query.direction = direction;
  if (state.group) Object.assign(query, { group_by: "species", per_group: 1 });
  if (state.collapse) query.collapse = SAME;
  if (state.varied) query.diversity = VARIED;
  return query;
}

function filterOf(state, kinds, region) {
  const filter = {};
  const ranges = rangesOf(state, kinds);
  if (state.within.length) filter.within = state.within;
  if (state.excludes.length) filter.excludes = state.excludes;
  if (Object.keys(state.equals).length) filter.equals = state.equals;
  if (Object.keys(ranges).length) filter.ranges = ranges;
  if (Object.keys(state.box).length) filter.box = Object.entries(WHOLE).map(([side, most]) => Number(state.box[side] ?? most));
  if (region) filter.region = region;
  return filter;
}

function rangesOf(state, kinds) {
  const ranges = byName();
  for (const [column, range] of Object.entries(state.ranges)) {
    const hasNumbers = kinds.get(column) === "number";
    const isSaid = ([, value]) => value !== "" && (!hasNumbers || Number.isFinite(Number(value)));
    const ends = Object.entries(range).filter(isSaid);
    if (!ends.length) continue;
    ranges[column] = Object.fromEntries(ends.map(([end, value]) => [end, hasNumbers ? Number(value) : value]));
  }
  return ranges;
}

// A direction that has both its ends, as the API takes it: between pictures where there are some, else between words.
export function wayOf({ from, to, start, end, far }) {
  if (start.length || end.length) return start.length && end.length ? { from: start, to: end, strength: far } : null;
  return from && to ? { from_text: from, to_text: to, strength: far } : null;
}

// Whether more is asked than a direction: it alone counts the same, however far it is to go.
export function hasOther(state, vector) {
  return Boolean(state.text || vector || state.like.length || state.unlike.length);
}

// Whether anything tells which results come first, and not only which are kept.
export function hasQuestion(state, vector) {
  return hasOther(state, vector) || wayOf(state) !== null;
}

// `more` asks anew with this picture alone; the others add it to a list, or take it away again. A picture is on one side
// only, and takes the place of words at the ends of a direction.
export function acted(state, does, id) {
  if (does === "more") return Object.assign(state, { text: "", like: [id], unlike: [], from: "", to: "", start: [], end: [] });
  if (ENDS.includes(does)) Object.assign(state, { from: "", to: "" });
  const other = { like: "unlike", unlike: "like", start: "end", end: "start" }[does];
  const without = (list) => list.filter((one) => one !== id);
  state[other] = without(state[other]);
  state[does] = state[does].includes(id) ? without(state[does]) : [...state[does], id];
  return state;
}
