export const tab = { name: "review", isFor: (about) => about.features.review, mount: () => () => {} };
