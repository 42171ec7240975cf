// One function an endpoint of the server; what goes wrong is an ApiError, whose `detail` is a sentence for the reader.

import { word } from "./words.js";

const MOST_WAITS = 30;
let askKey = null;

export class ApiError extends Error {
  constructor({ status = 0, detail, hint = "" }) {
    super(detail);
    Object.assign(this, { name: "ApiError", status, detail, hint });
  }
}

// `ask(isRefused)` is called where the server wants an API key; it gives one, or null.
export function askKeyWith(ask) {
  askKey = ask;
}

export const about = () => asked("api/about");
export const identify = (images, question, options) => asked("api/identify", { ...options, ...form({ images }, { question }) });
export const why = (image, question, options) => asked("api/why", { ...options, ...form({ image: [image] }, { question }) });
export const record = (id, options) => asked(`api/records/${encodeURIComponent(id)}`, options);
export const taxa = (q, limit = 12, options = {}) => asked(`api/taxa?${new URLSearchParams({ q, limit })}`, options);
export const children = (of, options) => asked(`api/taxa/children?${new URLSearchParams({ of })}`, options);
export const compare = (a, b, options) => asked(`api/taxa/compare?${new URLSearchParams({ a, b })}`, options);
export const map = (query = {}, options = {}) => asked(`api/map?${new URLSearchParams(query)}`, options);
export const mapPoints = (query = {}, options = {}) =>
  asked(`api/map/points?${new URLSearchParams(query)}`, { ...options, as: "arrayBuffer" });
export const embed = (images, options) => asked("api/embed", { ...options, ...form({ images }, {}) });
export const embedTexts = (texts, options) => asked("api/embed", { ...options, ...json({ texts }) });
export const review = (query = {}, options = {}) => asked(`api/review?${new URLSearchParams(query)}`, options);
export const decide = (row, decision, options) =>
  asked(`api/review/${encodeURIComponent(row)}`, { ...options, ...json(decision) });
export const reviewExport = (options) => asked("api/review/export", { ...options, as: "text" });

export function search(query, images = [], options = {}) {
  const body = images.length ? form({ images }, { query }) : json(query);
  return asked("api/search", { ...options, ...body });
}

// How far the layout by neighbours is; asking begins it.
export const mapLayout = (options = {}) => asked("api/map/layout", options);

// The address of a picture for an <img>, also where a proxy serves the page below another path.
export const pictureAddress = (url) => url.replace(/^\/(?!\/)/, "");

async function asked(path, options = {}) {
  const { as = "json", method = "GET", body, headers = {}, signal, onwait } = options;
  for (let tries = 0; ; tries += 1) {
    const answer = await sent(path, { method, body, signal, headers });
    if (answer.ok) return received(answer[as]());
    if (answer.status === 503 && answer.headers.has("Retry-After") && tries < MOST_WAITS) {
      const seconds = Math.min(60, Math.max(0.2, Number(answer.headers.get("Retry-After")) || 1));
      onwait?.(seconds);
      await waited(seconds, signal);
    } else if (!(answer.status === 401 && (await newKey()))) {
      throw await problem(answer);
    }
  }
}

async function sent(path, request) {
  return received(fetch(path, { ...request, credentials: "same-origin" }));
}

// A connection that fails may do so before the answer or in the midst of it.
async function received(coming) {
  try {
    return await coming;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError({ detail: word("error.unreachable"), hint: word("error.unreachable_hint") });
  }
}

async function problem(answer) {
  const isTold = (answer.headers.get("Content-Type") || "").includes("json");
  const told = isTold ? await received(answer.json()) : {};
  const detail = typeof told.detail === "string" ? told.detail : word("error.status", { status: String(answer.status) });
  return new ApiError({ status: answer.status, detail, hint: told.hint || "" });
}

// A key is shown once; the server then knows this browser by a cookie, which <img> sends too.
async function newKey() {
  for (let isRefused = false; ; isRefused = true) {
    const key = askKey ? await askKey(isRefused) : null;
    if (!key) return false;
    const answer = await sent("api/session", json({ key }));
    if (answer.ok) return true;
    if (answer.status !== 401) throw await problem(answer);
  }
}

export async function waited(seconds, signal) {
  signal?.throwIfAborted();
  return new Promise((done, stopped) => {
    const timer = setTimeout(done, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      stopped(signal.reason);
    }, { once: true });
  });
}

function json(body) {
  return { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
}

function form(files, fields) {
  const body = new FormData();
  for (const [name, ones] of Object.entries(files)) {
    ones.forEach((one, place) => body.append(name, one, `picture-${place + 1}.jpg`));
  }
  for (const [name, value] of Object.entries(fields)) body.append(name, JSON.stringify(value));
  return { method: "POST", body };
}
