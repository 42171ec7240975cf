export const tab = { name: "compare", isFor: () => false, mount: () => () => {} };
