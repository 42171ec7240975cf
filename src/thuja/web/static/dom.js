// Elements of the page, made without markup in strings: what comes from outside is only ever text.

const SVG = "http://www.w3.org/2000/svg";

// `onclick` and its like are listeners, `style` an object of properties; null and false leave an attribute out.
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function drawing(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

// What had the focus keeps it: itself where it is put back, else the button or box of the same name that takes its place.
export function clear(node, ...children) {
  const held = node.contains(document.activeElement) ? document.activeElement : null;
  node.replaceChildren(...kept(children));
  if (held) heir(node, held)?.focus({ preventScroll: true });
  return node;
}

function heir(node, held) {
  if (held.isConnected) return held;
  if (!held.matches("button, a, summary, [type=checkbox], [type=radio]")) return null;
  const name = (one) => one.getAttribute("aria-label") ?? (one.textContent || one.labels?.[0]?.textContent);
  return [...node.querySelectorAll(held.tagName)].find((one) => !one.disabled && name(one) === name(held));
}

// A number for `id` and `aria-labelledby`, of which each is used once.
let drawn = 0;
export function freshId(stem) {
  drawn += 1;
  return `${stem}-${drawn}`;
}

// Only links of the web: a `javascript:` address from a table stays text.
export function isWebLink(address) {
  try {
    return ["http:", "https:"].includes(new URL(address).protocol);
  } catch {
    return false;
  }
}

export function outwardLink(address, text) {
  if (!isWebLink(address)) return element("span", {}, text);
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text);
}

export function saveFile(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  node.append(...kept(children));
  return node;
}

function set(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (name === "style") for (const [key, one] of Object.entries(value)) node.style.setProperty(key, one);
  else if (name === "dataset") Object.assign(node.dataset, value);
  else if (name === "value" || name === "checked" || name === "indeterminate") node[name] = value;
  else node.setAttribute(name, value === true ? "" : value);
}

function kept(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}
