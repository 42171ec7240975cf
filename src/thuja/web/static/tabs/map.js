export const tab = { name: "map", isFor: () => false, mount: () => () => {} };
