// Review: answers looked through one by one, least certain first, by keyboard; what was decided teaches at once.

import { clear, element } from "../dom.js";
import { notice } from "../parts/notice.js";
import { word } from "../words.js";
import { drawHead } from "./review/head.js";
import { batchQueue, visitQueue } from "./review/queues.js";
import { reviewerBox } from "./review/reviewer.js";
import { askedBy } from "./review/shortcuts.js";
import { reviewStage } from "./review/stage.js";

const AHEAD = 10; // so few open items left ask for more

export const tab = { name: "review", mount };

function mount(root, context) {
  const view = new View(root, context);
  view.start();
  return () => view.leave();
}

class View {
  constructor(root, context) {
    Object.assign(this, { root, context, session: context.session, queue: null, at: 0, undone: [], page: new AbortController() });
    this.features = context.about.features;
    this.reviewer = reviewerBox({ done: () => { clear(this.problems); this.stage.focus(); } });
    this.problems = element("div");
    this.head = element("div", { class: "review-head" });
    this.stage = reviewStage({
      decide: (decision, told) => this.decide(decision, told), undo: () => this.undo(), mayUndo: () => this.undone.length > 0,
    });
    this.forgetSession = this.session.onChange(() => this.heard());
    document.addEventListener("keydown", (event) => this.key(event), { signal: this.page.signal });
  }

  leave() {
    this.page.abort();
    this.forgetSession();
  }

  start() {
    clear(this.root, element("h1", {}, word("review.heading")), this.problems, this.head, this.stage.node);
    const hasPhotos = visitQueue(this.session).items.length > 0;
    return this.open(!hasPhotos && this.features.review ? "batch" : "visit");
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

  async teachOrNot(isWanted) {
    this.session.hasExamples = isWanted;
    if (isWanted) await this.teach();
    else this.session.examples = [];
    this.session.changed();
  }

  key(event) {
    const asked = askedBy(event);
    const other = this.item?.answers[asked - 1];
    if (!asked || (typeof asked === "number" && !other)) return;
    event.preventDefault();
    if (asked === "undo") this.undo();
    else if (asked === "correct") this.stage.correct();
    else if (typeof asked === "string") this.decide(asked);
    else if (asked === 1) this.decide("accept");
    else this.decide("correct", { name: other.text, taxon: other.taxon });
  }

  draw() {
    this.drawHead();
    if (this.item) return this.stage.show(this.item);
    if (this.queue.items.length) return this.stage.showFinished();
    const isDone = this.queue.kind === "batch" && this.queue.progress().total;
    const hasIdentify = this.queue.kind === "visit" && this.features.identify;
    return this.stage.showNothing(word(isDone ? "review.finished" : "review.empty"), { hasIdentify });
  }

  drawHead() {
    if (!this.queue) return;
    drawHead(this.head, {
      queue: this.queue, session: this.session, features: this.features, reviewer: this.reviewer.node,
      open: (kind) => this.open(kind), teach: (isWanted) => this.teachOrNot(isWanted),
      save: () => this.queue.save().catch((error) => clear(this.problems, notice(error))),
    });
  }
}
