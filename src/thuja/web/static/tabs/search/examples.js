// The pictures that results should be like, or unlike, as chips that can be taken away.

import * as api from "../../api.js";
import { clear, element } from "../../dom.js";
import { pictureImage } from "../../parts/card.js";
import { chip } from "../../parts/complete.js";
import { scientificName } from "../../parts/taxon.js";
import { word } from "../../words.js";

// Chips of pictures of the index. Each is known by its id alone: what it shows comes when it comes.
export function pictureChips() {
  const [known, ending] = [new Map(), new AbortController()];

  function shownAs(id) {
    const shown = element("span", { class: "chip-example" }, id);
    if (!known.has(id)) known.set(id, api.record(id, { signal: ending.signal }));
    known.get(id).then(
      ({ picture, taxon }) => {
        const name = (taxon && scientificName(taxon)) || id;
        const image = picture ? element("span", { class: "chip-picture" }, pictureImage(picture, name)) : null;
        clear(shown, image, element("span", { title: id }, name));
      },
      () => known.delete(id), // the search says what is wrong with it
    );
    return shown;
  }

  return {
    of: (ids, remove) => ids.map((id) => chip(shownAs(id), id, () => remove(id))),
    end: () => ending.abort(),
  };
}

export function examplesShown({ state, changed }) {
  const node = element("div", { class: "search-examples" });
  const chips = pictureChips();

  function line(list) {
    const ids = state()[list];
    if (!ids.length) return null;
    const remove = (id) => {
      state()[list] = ids.filter((one) => one !== id);
      changed();
    };
    return element("p", { class: "row" }, element("span", { class: "soft" }, word(`search.${list}_these`)), chips.of(ids, remove));
  }

  return { node, refresh: () => clear(node, line("like"), line("unlike")), end: () => chips.end() };
}
