export const tab = { name: "tree", isFor: () => false, mount: () => () => {} };
