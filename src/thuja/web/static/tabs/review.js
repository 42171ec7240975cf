// Review: answers looked through one by one, least certain first, by keyboard; what was decided teaches at once.

import { clear, element, freshId } from "../dom.js";
import { completion } from "../parts/complete.js";
import { notice } from "../parts/notice.js";
import { pathDown } from "../parts/path.js";
import { score } from "../parts/score.js";
import { answerName, scientificName } from "../parts/taxon.js";
import { word } from "../words.js";
import { reviewPicture } from "./review/picture.js";
import { batchQueue, visitQueue } from "./review/queues.js";
import { reviewerBox } from "./review/reviewer.js";

const AHEAD = 10; // so few open items left ask for more
const SHORTCUTS_OFF = "thuja-no-shortcuts";

export const tab = { name: "review", mount };

function mount(root, context) {
  const view = new View(root, context);
  view.start();
  return () => view.leave();
}

class View {
  constructor(root, context) {
    Object.assign(this, { root, context, session: context.session, queue: null, at: 0, undone: [], page: new AbortController() });
    this.reviewer = reviewerBox();
    this.problems = element("div");
    this.head = element("div", { class: "review-head" });
    this.stage = element("div", { class: "review-stage" });
    this.forgetSession = this.session.onChange(() => this.heard());
    document.addEventListener("keydown", (event) => this.key(event), { signal: this.page.signal });
  }

  leave() {
    this.page.abort();
    this.forgetSession();
  }

  start() {
    clear(this.root, element("h1", {}, word("review.heading")), this.problems, this.head, this.stage);
    const hasPhotos = visitQueue(this.session).items.length > 0;
    return this.open(!hasPhotos && this.context.about.features.review ? "batch" : "visit");
  }

  // Photos may be answered while others are looked through.
  heard() {
    const isVisit = this.queue?.kind === "visit";
    if (isVisit && visitQueue(this.session).items.length !== this.queue.items.length) this.join();
    else this.drawHead();
  }

  // The answer that is looked at stays, though a less certain one has come: a key is pressed for what one sees.
  join() {
    const { item, undone } = this;
    this.queue = visitQueue(this.session);
    const again = (one) => this.queue.items.find(({ photo }) => photo === one?.photo);
    this.undone = undone.map(again).filter(Boolean);
    this.at = this.queue.items.indexOf(again(item));
    if (this.item) return this.drawHead();
    this.at = this.nextOpen(0);
    return this.draw();
  }

  async open(kind) {
    const mine = (this.opened = (this.opened ?? 0) + 1);
    let [queue, problem] = [null, null];
    try {
      queue = kind === "batch" ? await batchQueue() : visitQueue(this.session);
    } catch (error) {
      problem = error;
      queue = visitQueue(this.session);
    }
    if (mine !== this.opened) return; // the other was wanted meanwhile
    this.queue = queue;
    clear(this.problems, problem ? notice(problem) : null);
    this.undone = [];
    this.at = this.nextOpen(0);
    this.draw();
  }

  get item() {
    return this.queue?.items[this.at] ?? null;
  }

  nextOpen(from) {
    const { items } = this.queue;
    const order = [...items.keys()].map((place) => (place + from) % items.length);
    return order.find((place) => !items[place].decision) ?? -1;
  }

  async decide(decision, { name = "", taxon = null } = {}) {
    const { item } = this;
    if (!item || this.isBusy) return undefined;
    const who = this.reviewer.name();
    if (!who) {
      this.context.announce(word("review.who_needed"));
      clear(this.problems, notice({ detail: word("review.who_needed") }));
      return this.reviewer.demand();
    }
    const [best] = item.answers;
    const told = decision === "accept" ? { name: best.text, taxon: best.taxon ?? null } : { name, taxon };
    if (!(await this.sent(item, decision, { ...told, who }))) return undefined;
    this.undone.push(item);
    const said = word(`review.said_${decision}`, { name: told.name || item.name });
    return this.goTo(this.nextOpen(this.queue.items.indexOf(item) + 1), said);
  }

  async undo() {
    const item = this.undone.at(-1);
    if (!item || this.isBusy || !(await this.sent(item, "undo", { who: this.reviewer.name() }))) return;
    this.undone.pop();
    await this.goTo(this.queue.items.indexOf(item), word("review.said_undo", { name: item.name }));
  }

  // What is shown next comes before what is taught, which asks the server for each vector.
  goTo(place, said) {
    this.at = place;
    this.draw();
    const next = this.item ? word("review.next", { name: this.item.answers[0].text }) : word("review.finished");
    this.context.announce(`${said}. ${next}`);
    return this.teach();
  }

  async sent(item, decision, told) {
    this.isBusy = true;
    try {
      await this.queue.decide(item, decision, told);
      clear(this.problems);
      await this.fill();
      return true;
    } catch (error) {
      clear(this.problems, notice(error));
      return false;
    } finally {
      this.isBusy = false;
    }
  }

  // What is decided stays so where no more comes.
  async fill() {
    const left = this.queue.items.filter((one) => !one.decision).length;
    if (left < AHEAD && this.queue.progress().open > left) await this.queue.more().catch((error) => clear(this.problems, notice(error)));
  }

  // What was accepted or corrected is sent along with the next questions, where that is wanted.
  async teach() {
    if (!this.session.hasExamples) return;
    const mine = (this.taught = (this.taught ?? 0) + 1);
    const taught = this.queue.items.filter((item) => ["accept", "correct"].includes(item.decision?.decision));
    try {
      for (const item of taught) item.vector ??= await this.queue.vectorOf(item);
    } catch (error) {
      clear(this.problems, notice(error));
    }
    if (mine !== this.taught) return; // another decision came meanwhile
    const examples = taught.filter((item) => item.vector);
    this.session.examples = examples.map(({ decision, vector }) => ({ label: decision.name, vector }));
    this.session.changed();
  }

  key(event) {
    const { key, target } = event;
    const isTyping = target.closest("input, textarea, select, dialog");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem(SHORTCUTS_OFF)) return;
    const isControl = target.closest("button, a, summary");
    const act = {
      Enter: isControl ? null : () => this.decide("accept"),
      s: () => this.decide("skip"),
      u: () => this.undo(),
      c: () => this.box?.input.focus(),
    }[key.length === 1 ? key.toLowerCase() : key];
    const place = Number(key) - 1;
    const other = this.item?.answers[place];
    if (!act && !other) return;
    event.preventDefault();
    if (act) act();
    else if (place === 0) this.decide("accept");
    else this.decide("correct", { name: other.text, taxon: other.taxon });
  }

  // Who was in the stage and whose control is gone is at the next answer, where the keys go on.
  draw() {
    const isWithin = this.stage.contains(document.activeElement);
    this.drawHead();
    this.drawStage();
    if (isWithin && document.activeElement === document.body) this.stage.querySelector(".verdict, .review-finished")?.focus({ preventScroll: true });
  }

  drawHead() {
    if (!this.queue) return;
    const { total, open, accepted, corrected, skipped, failed } = this.queue.progress();
    const done = accepted + corrected + skipped;
    clear(
      this.head,
      this.sources(),
      total ? [
        this.reviewer.node,
        element("progress", { max: total - failed, value: done, "aria-label": word("review.progress_label") }),
        element("p", { class: "soft" }, word("review.progress", { done, total: total - failed, open, accepted, corrected, skipped })),
        element("div", { class: "row" }, this.teacher(), done ? element("button", { type: "button", onclick: () => this.save() }, word("review.save")) : null),
      ] : null,
    );
  }

  sources() {
    const { features } = this.context.about;
    if (!features.review) return null;
    const button = (kind) => element(
      "button",
      { type: "button", "aria-pressed": String(this.queue.kind === kind), onclick: () => this.open(kind) },
      word(`review.source_${kind}`),
    );
    return element("div", { class: "row", role: "group", "aria-label": word("review.sources") }, button("visit"), button("batch"));
  }

  teacher() {
    if (!this.context.about.features.identify) return null;
    const input = element("input", { type: "checkbox", checked: Boolean(this.session.hasExamples) });
    input.addEventListener("change", async () => {
      this.session.hasExamples = input.checked;
      if (input.checked) await this.teach();
      else this.session.examples = [];
      this.session.changed();
    });
    const count = this.session.examples.length;
    const text = count ? word("review.teaching", { count }) : word("review.teach");
    return element("label", { class: "choice" }, input, element("span", {}, text));
  }

  save() {
    this.queue.save().catch((error) => clear(this.problems, notice(error)));
  }

  drawStage() {
    const { item } = this;
    this.box = null;
    if (!this.queue.items.length) {
      const key = this.queue.kind === "batch" && this.queue.progress().total ? "review.finished" : "review.empty";
      return clear(this.stage, element("p", {}, word(key)), this.queue.kind === "visit" && this.context.about.features.identify
        ? element("a", { class: "button", href: "#identify" }, word("review.to_identify")) : null);
    }
    if (!item) {
      return clear(this.stage, element("p", { class: "review-finished", tabindex: "-1" }, word("review.finished")), this.undoButton());
    }
    clear(this.stage, reviewPicture(item), element("div", { class: "review-answer" }, this.verdict(item), this.actions(), this.others(item), this.correcting(), this.wayDown(item), this.keys()));
    return undefined;
  }

  verdict(item) {
    const [best] = item.answers;
    return element("h2", { class: "verdict", tabindex: "-1" }, answerName(best), " ", score(best.score));
  }

  actions() {
    const button = (key, letter, onclick, kind = "") => element(
      "button", { type: "button", class: kind, onclick, "aria-keyshortcuts": letter }, word(key), element("kbd", { "aria-hidden": "true" }, letter === "Enter" ? "⏎" : letter),
    );
    return element(
      "div",
      { class: "row review-actions" },
      button("review.accept", "Enter", () => this.decide("accept"), "primary"),
      button("review.skip", "S", () => this.decide("skip")),
      this.undoButton(),
    );
  }

  undoButton() {
    return element(
      "button",
      { type: "button", disabled: !this.undone.length, onclick: () => this.undo(), "aria-keyshortcuts": "U" },
      word("review.undo"), element("kbd", { "aria-hidden": "true" }, "U"),
    );
  }

  others(item) {
    if (item.answers.length < 2) return null;
    const items = item.answers.slice(1, 9).map((answer, place) => element("li", {}, element(
      "button",
      { type: "button", class: "other", onclick: () => this.decide("correct", { name: answer.text, taxon: answer.taxon }), "aria-keyshortcuts": String(place + 2) },
      element("kbd", { "aria-hidden": "true" }, String(place + 2)), answerName(answer), score(answer.score),
    )));
    return element("div", {}, element("h3", {}, word("review.others")), element("ol", { class: "others" }, items));
  }

  correcting() {
    this.box = completion({
      label: word("review.correct"),
      placeholder: word("review.correct_hint"),
      isFree: true,
      onchoose: ({ text, taxon }) => this.decide("correct", { name: taxon ? scientificName(taxon) : text, taxon: taxon ?? null }),
    });
    this.box.input.addEventListener("keydown", (event) => { if (event.key === "Escape") this.box.input.blur(); });
    return this.box.node;
  }

  // A name on the way down says less than the answer, and may be all that is sure.
  wayDown(item) {
    if (item.path.length < 2) return null;
    const onpick = ({ text, taxon }) => this.decide("correct", { name: text, taxon });
    return element("details", {}, element("summary", {}, word("review.path")), pathDown(item.path, { onpick }));
  }

  keys() {
    const id = freshId("shortcuts");
    const input = element("input", { id, type: "checkbox", checked: !localStorage.getItem(SHORTCUTS_OFF) });
    input.addEventListener("change", () => {
      if (input.checked) localStorage.removeItem(SHORTCUTS_OFF);
      else localStorage.setItem(SHORTCUTS_OFF, "1");
    });
    const shown = [["⏎", "accept"], ["2–9", "others"], ["C", "correct"], ["S", "skip"], ["U", "undo"]];
    return element(
      "div",
      { class: "review-keys soft" },
      element("label", { class: "choice", for: id }, input, element("span", {}, word("review.shortcuts"))),
      element("p", {}, shown.map(([key, name]) => element("span", {}, element("kbd", {}, key), " ", word(`review.key_${name}`)))),
    );
  }
}
