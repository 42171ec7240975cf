export const tab = { name: "search", isFor: () => false, mount: () => () => {} };
