export const tab = { name: "identify", isFor: (about) => about.features.identify, mount: () => () => {} };
