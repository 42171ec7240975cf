// What has been asked of the tree: each node once a visit, with its children.

import * as api from "../../api.js";

const MOST = 500; // nodes that are remembered

export function nodesOf() {
  const held = new Map();
  return {
    // {node, children} of a path, "" for the root; a node that was refused is asked again.
    of(path) {
      if (!held.has(path)) {
        const asked = api.children(path).then((found) => {
          held.set(path, { promise: asked, found });
          return found;
        });
        asked.catch(() => held.delete(path));
        held.set(path, { promise: asked, found: null });
        if (held.size > MOST) held.delete(held.keys().next().value);
      }
      return held.get(path).promise;
    },
    held: (path) => held.get(path)?.found || null,
  };
}
