// What is asked of the server: the first results with their counts, then others as they are come to.

import * as api from "../../api.js";
import { word } from "../../words.js";
import { facetColumns } from "./filters.js";
import { queryOf } from "./state.js";

const PAGE = 60; // results at a time, where a server allows so many
const AT_ONCE = 1_000; // results that a table is fetched with

// `picture` and `region` are the visit's: {file, vector} and {name, shape}.
export function asking(told) {
  return new Asking(told);
}

class Asking {
  constructor({ about, picture, region }) {
    Object.assign(this, { about, picture, region, query: {}, stop: new AbortController() });
    this.kinds = new Map(about.index.columns.map(({ name, kind }) => [name, kind]));
    this.page = Math.min(PAGE, about.limits.k);
  }

  // What was asked before is no longer waited for.
  async first(state) {
    this.end();
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.query = queryOf(state, { vector: await this.vector(signal), kinds: this.kinds, region: this.region.shape });
    return api.search({ ...this.query, k: this.page, offset: 0, facets: facetColumns(this.about, state) }, [], { signal });
  }

  // What is put apart is so within a page: pages of one size, or a picture would come twice.
  async load(offset, count) {
    const k = this.query.diversity ? this.page : count;
    const found = await api.search({ ...this.query, k, offset }, [], { signal: this.stop.signal });
    return found.hits.slice(0, count);
  }

  get atOnce() {
    return this.query.diversity ? this.page : Math.min(AT_ONCE, this.about.limits.k);
  }

  // The picture goes to the model once; what is asked with it from then on is its vector.
  async vector(signal) {
    const { picture } = this;
    if (picture.file && !picture.vector) {
      const { vectors: [vector], errors } = await api.embed([picture.file], { signal });
      if (!vector) throw new api.ApiError({ detail: errors?.[0] || word("search.no_image") });
      picture.vector = vector;
    }
    return picture.vector;
  }

  end() {
    this.stop.abort();
  }
}
