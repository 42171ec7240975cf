// What the tabs of one visit share, in memory alone: photos and their answers, reviewed names, examples.
// Nothing of it outlives the page, and nothing is kept on the server.

export function newSession() {
  const listeners = new Set();
  return {
    photos: [], // of the tab Identify, with their results
    question: { among: "", within: [], names: [], confidence: 0.8, rank: "" }, // of the tab Identify
    runs: [], // requests that are under way
    examples: [], // {label, vector, from}: sent with each question
    changed: () => listeners.forEach((heard) => heard()),
    // Calls `heard` on each change; gives what ends that.
    onChange(heard) {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
  };
}
