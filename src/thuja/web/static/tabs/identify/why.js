// Why an answer was given: its heat map over the picture, with what it does not show.

import { why } from "../../api.js";
import { clear, element, freshId } from "../../dom.js";
import { notice } from "../../parts/notice.js";
import { answerName } from "../../parts/taxon.js";
import { share, word } from "../../words.js";
import { encoded } from "./photos.js";

// A button that, once pressed, shows the map of the photo's answer.
export function whyPart(photo, announce) {
  const { result } = photo;
  const answer = result.settled ?? result.answers[0];
  const place = element("div", { class: "why" });
  const button = element("button", { type: "button" }, word("why.ask"));
  button.addEventListener("click", async () => {
    button.disabled = true;
    clear(place, button, element("p", { class: "soft pending" }, word("why.asking")));
    try {
      const told = await why(await encoded(photo), { ...result.asked, wants: undefined, answer: answer.text });
      clear(place, mapOf(told, answer));
      announce(told.shows ? told.sentence : told.reason);
    } catch (error) {
      button.disabled = false;
      clear(place, notice(error), button);
    }
  });
  clear(place, button);
  return place;
}

function mapOf(told, answer) {
  const name = told.answer ?? answer;
  const title = element("h3", {}, word("why.title"), " ", answerName(name, { isShort: true }));
  const rivals = (told.rivals ?? []).map((rival) => `${rival.text} (${share(rival.score)})`).join(", ");
  const against = rivals ? element("p", { class: "soft" }, word("why.rivals", { names: rivals })) : null;
  if (!told.shows || !told.overlay) {
    return element("section", {}, title, element("p", {}, told.reason || told.sentence), against);
  }
  const overlay = element("img", { class: "why-overlay", src: told.overlay, alt: "" });
  const id = freshId("why");
  const toggle = element("input", { type: "checkbox", id, checked: true, onchange: () => { overlay.hidden = !toggle.checked; } });
  return element(
    "section",
    {},
    title,
    element("div", { class: "why-picture" }, element("img", { src: told.picture, alt: word("why.picture") }), overlay),
    element("label", { class: "choice", for: id }, toggle, element("span", {}, word("why.overlay"))),
    element("p", {}, told.sentence),
    told.reason ? element("p", {}, told.reason) : null,
    against,
    element("p", { class: "soft" }, word("why.caution")),
  );
}
