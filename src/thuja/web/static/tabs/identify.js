// Identify: photos in, names out, each as a path down the tree to where the model is still sure.

import { clear, element, isWebLink } from "../dom.js";
import { notice } from "../parts/notice.js";
import { word } from "../words.js";
import { answerOf, inShort } from "./identify/answer.js";
import { askAll } from "./identify/asking.js";
import { cropDialog } from "./identify/crop.js";
import { intake } from "./identify/intake.js";
import { drawThumb, encoded, forget, photoOf } from "./identify/photos.js";
import { questionForm } from "./identify/question.js";
import { saveCsv, saveJson } from "./identify/saving.js";
import { photoStrip } from "./identify/strip.js";
import { whyPart } from "./identify/why.js";

const FEW = 4; // so many photos are asked again by themselves when the question changes
const SIDE = 1000; // pixels of the picture that is shown large

export const tab = { name: "identify", mount };

function mount(root, context) {
  const view = new View(context);
  view.place(root);
  return () => view.leave();
}

class View {
  constructor(context) {
    this.context = context;
    this.session = context.session;
    this.chosen = this.session.photos[0] ?? null;
    this.problems = element("div", { class: "problems" });
    this.viewer = element("section", { class: "viewer", "aria-label": word("identify.answer_label") });
    this.tools = element("div", { class: "tools" });
    this.examples = element("div", { class: "examples" });
    this.asked = element("span", { class: "settings-asked" });
    this.strip = photoStrip((photo) => this.choose(photo));
    this.question = questionForm(context, () => this.questionChanged());
    this.intake = intake({
      hasLinks: context.about.features.links,
      onfiles: (files) => this.add(files.map((file) => photoOf({ file }))),
      onlink: (link) => this.addLink(link),
    });
    this.forgetSession = this.session.onChange(() => this.draw());
    this.shownAddress = "";
    this.whys = new WeakMap();
  }

  place(root) {
    const settings = element(
      "details",
      { class: "settings" },
      element("summary", {}, element("span", {}, word("identify.question"), " ", this.asked)),
      this.question.node,
    );
    this.root = root;
    clear(
      root,
      element("h1", {}, word("identify.heading")),
      element(
        "div",
        { class: "identify" },
        element("div", { class: "side" }, this.intake.node, this.problems, this.strip.node, this.tools, this.examples, settings),
        this.viewer,
      ),
    );
    this.draw();
  }

  leave() {
    this.intake.stop();
    this.forgetSession();
    URL.revokeObjectURL(this.shownAddress);
  }

  async add(photos) {
    if (!photos.length) return clear(this.problems, notice({ detail: word("identify.no_picture"), hint: word("identify.broken_hint") }));
    clear(this.problems);
    this.session.photos.push(...photos);
    this.chosen = photos[0];
    this.draw();
    this.ask(photos);
    for (const photo of photos) {
      await drawThumb(photo).catch(() => {}); // one that cannot be opened says so as its answer
      this.heard([photo]);
    }
    return undefined;
  }

  addLink(link) {
    if (!isWebLink(link)) return clear(this.problems, notice({ detail: word("identify.no_link"), hint: word("identify.no_link_hint") }));
    return this.add([photoOf({ link })]);
  }

  ask(photos) {
    const { session } = this;
    const run = askAll(photos, {
      question: this.question.read(),
      most: this.context.about.limits.images,
      heard: (some) => session.heard?.(some),
      onwait: (seconds) => session.waiting?.(seconds),
    });
    session.runs.push(run);
    this.listen();
    run.done.finally(() => {
      session.runs = session.runs.filter((one) => one !== run);
      session.changed();
    });
    this.drawTools();
  }

  // A run goes on while another tab is shown; whichever view is there hears of it.
  listen() {
    this.session.heard = (photos) => this.heard(photos);
    this.session.waiting = (seconds) => {
      this.context.announce(word("identify.busy", { seconds }));
      this.busy = word("identify.busy", { seconds });
      this.drawTools();
    };
  }

  heard(photos) {
    this.busy = "";
    for (const photo of photos) if (this.session.photos.includes(photo)) this.strip.update(photo);
    if (photos.includes(this.chosen)) {
      this.drawViewer();
      if (["done", "failed"].includes(this.chosen.state)) this.context.announce(`${this.chosen.name}: ${inShort(this.chosen)}`);
    }
    this.drawTools();
  }

  questionChanged() {
    const { photos } = this.session;
    if (photos.length && photos.length <= FEW) this.askAgain();
    else this.isStale = photos.length > 0;
    this.asked.textContent = this.question.inShort();
    this.drawTools();
  }

  askAgain() {
    this.stop();
    this.isStale = false;
    this.ask([...this.session.photos]);
    this.draw();
  }

  stop() {
    for (const run of this.session.runs) run.stop();
    for (const photo of this.session.photos) if (photo.state === "waiting") Object.assign(photo, { state: "stopped", result: null });
  }

  choose(photo) {
    this.chosen = photo;
    this.strip.draw(this.session.photos, photo);
    this.drawViewer();
  }

  async crop(photo) {
    const box = await cropDialog(photo).catch((error) => clear(this.problems, notice(error)) && undefined);
    if (box === undefined) return;
    photo.box = box;
    await drawThumb(photo);
    this.ask([photo]);
    this.choose(photo);
  }

  remove(photos) {
    photos.forEach(forget);
    const hadFocus = this.root.contains(document.activeElement);
    if (photos.length === this.session.photos.length) this.stop();
    this.session.photos = this.session.photos.filter((photo) => !photos.includes(photo));
    if (photos.includes(this.chosen)) this.chosen = this.session.photos[0] ?? null;
    this.session.changed();
    if (hadFocus && document.activeElement === document.body) this.intake.node.querySelector("button").focus();
  }

  draw() {
    if (!this.session.photos.includes(this.chosen)) this.chosen = this.session.photos[0] ?? null;
    this.root.classList.toggle("is-empty", !this.chosen);
    this.asked.textContent = this.question.inShort();
    this.listen();
    this.strip.draw(this.session.photos, this.chosen);
    this.drawTools();
    this.drawExamples();
    this.drawViewer();
  }

  drawTools() {
    const { photos } = this.session;
    const isAsking = this.session.runs.length > 0;
    const failed = photos.filter((photo) => photo.state === "failed").length;
    const done = failed + photos.filter((photo) => photo.state === "done").length;
    const button = (key, onclick, kind = "quiet") => element("button", { type: "button", class: kind, onclick }, word(key));
    clear(
      this.tools,
      isAsking && photos.length > 1 ? element("progress", { max: photos.length, value: done, "aria-label": word("identify.progress") }) : null,
      photos.length > 1 ? element("p", { class: "soft" }, word(failed ? "identify.done_but" : "identify.done", { done: done - failed, count: photos.length, failed })) : null,
      isAsking && this.busy ? element("p", { class: "busy" }, this.busy) : null,
      element(
        "div",
        { class: "row" },
        isAsking ? button("identify.stop", () => { this.stop(); this.session.changed(); }, "") : null,
        !isAsking && (this.isStale || photos.some((photo) => photo.state === "stopped")) ? button("identify.again", () => this.askAgain(), "primary") : null,
        done && !isAsking ? [button("identify.save_csv", () => saveCsv(photos)), button("identify.save_json", () => saveJson(photos))] : null,
        photos.length ? button("identify.clear", () => this.remove(photos)) : null,
      ),
    );
  }

  drawExamples() {
    const count = this.session.examples.length;
    const end = () => {
      this.session.examples = [];
      this.session.hasExamples = false;
      this.session.changed();
      this.questionChanged();
    };
    clear(this.examples, count ? element(
      "p",
      { class: "examples-used" },
      word("identify.examples", { count }),
      " ",
      element("button", { type: "button", class: "quiet", onclick: end }, word("identify.examples_clear")),
    ) : null);
  }

  drawViewer() {
    const photo = this.chosen;
    if (!photo) return clear(this.viewer);
    const answer = element("div", { class: "viewer-answer" }, answerOf(photo, this.context.about));
    const mayAskWhy = photo.result?.answers.length && photo.file && this.context.about.features.why;
    if (mayAskWhy) answer.querySelector(".candidates").before(this.whyOf(photo));
    return clear(this.viewer, this.pictureOf(photo), answer);
  }

  // A map that was asked for stays as long as its answer does.
  whyOf(photo) {
    if (!this.whys.has(photo.result)) this.whys.set(photo.result, whyPart(photo, this.context.announce));
    return this.whys.get(photo.result);
  }

  // The picture stays while what is said of it changes.
  pictureOf(photo) {
    const { box, result } = photo;
    const isSame = this.pictured?.photo === photo && this.pictured.box === box && this.pictured.sent === result?.picture;
    if (!isSame) this.pictured = { photo, box, sent: result?.picture, node: this.figureOf(photo) };
    return this.pictured.node;
  }

  figureOf(photo) {
    const image = element("img", { alt: word("identify.photo_alt", { name: photo.name }), hidden: true });
    if (photo.file) this.show(photo, image);
    else if (photo.result?.picture) Object.assign(image, { src: photo.result.picture, hidden: false });
    const button = (key, onclick) => element("button", { type: "button", onclick }, word(key));
    return element(
      "figure",
      { class: "viewer-picture" },
      image,
      element("figcaption", {}, element("span", { class: "viewer-name" }, photo.name),
        photo.box ? element("span", { class: "soft" }, ` · ${word("identify.cropped")}`) : null),
      element("div", { class: "row" }, photo.file ? button("identify.crop", () => this.crop(photo)) : null,
        button("identify.remove", () => this.remove([photo]))),
    );
  }

  async show(photo, image) {
    const blob = await encoded(photo, SIDE).catch(() => null);
    if (!blob || photo !== this.chosen || !image.closest(".viewer")) return;
    URL.revokeObjectURL(this.shownAddress);
    this.shownAddress = URL.createObjectURL(blob);
    Object.assign(image, { src: this.shownAddress, hidden: false });
  }
}
