// What this browser remembers between visits, where it may: of one that forbids that, until the page is closed.

const here = new Map();

export function kept(name) {
  return here.get(name) ?? stored((storage) => storage.getItem(name)) ?? "";
}

// An empty value is forgotten.
export function keep(name, value) {
  here.set(name, value);
  stored((storage) => (value ? storage.setItem(name, value) : storage.removeItem(name)));
}

function stored(use) {
  try {
    return localStorage && use(localStorage); // null in a browser without any
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // what a browser throws that keeps nothing, or is full
    return null;
  }
}
