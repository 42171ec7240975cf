// All words of the page, in the reader's language where there is a file of it, in English where there is none.
// Another language is another file in words/ and its code in LANGUAGES; a word that it lacks is said in English.

const LANGUAGES = ["en"];
let [words, spare, language] = [{}, {}, "en"];

export async function loadWords(wanted = navigator.languages) {
  const codes = wanted.map((code) => code.toLowerCase().split("-")[0]);
  language = codes.find((code) => LANGUAGES.includes(code)) || "en";
  spare = await file("en");
  words = language === "en" ? spare : await file(language);
  document.documentElement.lang = language;
}

// `word("identify.names", { count: 3 })`: {names} are filled in; an entry of several forms is chosen by `count`.
export function word(key, values = {}) {
  const entry = found(words, key) ?? found(spare, key) ?? key;
  const text = typeof entry === "string" ? entry : entry[form(values.count)] ?? entry.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? shown(values[name]) : whole));
}

export function hasWord(key) {
  return (found(words, key) ?? found(spare, key)) !== undefined;
}

export function number(value, options = {}) {
  return value.toLocaleString(language, options);
}

// A share as it may honestly be said: neither certain nor impossible.
export function share(value) {
  if (value > 0 && value < 0.01) return `< ${percent(0.01)}`;
  if (value > 0.99) return `> ${percent(0.99)}`;
  return percent(value);
}

// A share beside the bound that it does not reach: with a decimal where both would read the same.
export function shareBelow(value, bound) {
  const isNear = percent(value) === percent(bound);
  return isNear ? number(Math.floor(value * 1000) / 1000, { style: "percent", maximumFractionDigits: 1 }) : share(value);
}

function percent(value) {
  return number(value, { style: "percent", maximumFractionDigits: 0 });
}

function form(count) {
  return new Intl.PluralRules(language).select(count ?? 0);
}

function shown(value) {
  return typeof value === "number" ? number(value) : String(value);
}

function found(book, key) {
  return key.split(".").reduce((part, name) => part?.[name], book);
}

async function file(code) {
  const answer = await fetch(new URL(`words/${code}.json`, import.meta.url));
  return answer.json();
}
