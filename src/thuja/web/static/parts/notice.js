// One clear sentence of what went wrong, with what to do about it.

import { element } from "../dom.js";

export function notice(problem, ...actions) {
  const detail = problem.detail || problem.message || String(problem);
  return element(
    "div",
    { class: "notice", role: "alert" },
    element("p", { class: "notice-detail" }, detail),
    problem.hint ? element("p", { class: "notice-hint" }, problem.hint) : null,
    actions.length ? element("p", { class: "notice-actions" }, actions) : null,
  );
}
