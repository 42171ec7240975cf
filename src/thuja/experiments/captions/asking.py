"""What a model of an arm on captions is asked, and what raw pixels are asked of the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.embeddings import Vectors, normalized
from thuja.encode import EncodeOptions, encode_images, encode_texts
from thuja.experiments.captions.grounds import Grounds
from thuja.experiments.captions.makers import named
from thuja.experiments.captions.scores import (
    by_mean_score,
    in_new_template,
    morphospace_scores,
    named_trait_scores,
    retrieval_chances,
    retrieval_scores,
)
from thuja.experiments.scores import Pictures, Scores, few_shot_scores, text_scores
from thuja.experiments.worlds import OpenWorld
from thuja.images import Preparation, decode
from thuja.labels import LabelSpace
from thuja.model import TAXONOMY, Model
from thuja.phrasing import CAPTION, phrase
from thuja.taxonomy import Taxon
from thuja.train import Corpus, Recipe
from thuja.train.corpus import spread_evenly

_TESTED: Final = 960
"""Pictures of species never trained that are looked at, at most."""
_RETRIEVED: Final = 500
"""Pictures whose captions are looked for, at most."""
_RAW: Final = Preparation(size=16, mode="squash")
_WORDINGS: Final = {"": "caption_test", "_known_words": ""}
"""The trait of a record that holds its caption in a wording, for each ending of a score's name; "" is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beholder:
    """Who looks at the test pictures: a model, or raw pixels, 16 by 16 of them."""

    recipe: Recipe
    model: Model | None

    @property
    def caption_head(self) -> str:
        """The head that captions meet; that of names where they have none of their own."""
        return CAPTION if CAPTION in {head.name for head in self.recipe.heads} else TAXONOMY

    def in_trained_words(self, taxon: Taxon) -> str:
        """A taxon worded as training did."""
        return phrase(taxon, self.recipe.label_text)

    def pictures(self, corpus: Corpus, *, head: str = TAXONOMY) -> Pictures:
        """A corpus as it is seen through a head."""
        return Pictures(
            vectors=self.vectors(corpus, head=head),
            taxa=[record.taxon for record in corpus.records],
            traits=[record.traits for record in corpus.records],
        )

    def vectors(self, corpus: Corpus, *, head: str) -> Vectors:
        """A vector of length one for each picture (N, D)."""
        if self.model is not None:
            options = EncodeOptions(head=head, batch_size=128, threads=1)
            return encode_images(self.model, corpus.named(), options).embeddings.vectors
        shown = [_RAW.pixels(decode(corpus.read(row))).ravel() for row in range(len(corpus))]
        rows = np.asarray(shown, np.float32) - 127.5
        return normalized(rows)


def ask(beholder: Beholder, world: OpenWorld) -> Scores:
    """All that a world as it is can be asked: of pictures alone, and of texts where there is a model."""
    head, unseen_part = beholder.caption_head, world.unseen.spread(_TESTED)
    test, unseen = beholder.pictures(world.test), beholder.pictures(unseen_part)
    found = few_shot_scores(test, unseen)
    if beholder.model is not None:
        found |= _names(beholder, (test, unseen), (world.test.taxa, world.unseen.taxa))
    if head != TAXONOMY:
        test, unseen = (beholder.pictures(corpus, head=head) for corpus in (world.test, unseen_part))
    found |= named_trait_scores(test, unseen) | morphospace_scores(test, unseen, what="image")
    if beholder.model is not None:
        found |= _retrieval(beholder.model, test.vectors, world.test)
        told = (_told(beholder.model, corpus) for corpus in (world.test, unseen_part))
        found |= morphospace_scores(*told, what="text")
    return found


def ask_on_grounds(beholder: Beholder, grounds: Grounds) -> Scores:
    """Species told on their own ground and on another: by name where there is a model, and by examples.

    `by_mean` is the nearest mean of a species' training pictures as they are. `fall` is what another ground takes away.
    """
    found: Scores = {"grounds_chance": 1 / len(grounds.own.taxa)}
    life = beholder.pictures(grounds.train)
    own, other = beholder.pictures(grounds.own), beholder.pictures(grounds.other)
    for name, pictures in (("own", own), ("other", other)):
        found[f"{name}_by_mean"] = by_mean_score(life, pictures)
    found["fall_by_mean"] = found["own_by_mean"] - found["other_by_mean"]
    if beholder.model is not None:
        labels = _labels(beholder, grounds.own.taxa, said=beholder.in_trained_words)
        for name, pictures in (("own", own), ("other", other)):
            found[f"{name}_by_name"] = text_scores(pictures, pictures, labels, unseen_labels=None)["species"]
        found["fall_by_name"] = found["own_by_name"] - found["other_by_name"]
    return found


def _names(beholder: Beholder, seen: tuple[Pictures, Pictures], taxa: tuple[Sequence[Taxon], ...]) -> Scores:
    """Species by their names, trained ones and those held out, worded as in training and as no training text is."""
    found: Scores = {}
    for ending, said in (("", beholder.in_trained_words), ("_new_template", in_new_template)):
        trained, held_out = (_labels(beholder, names, said=said) for names in taxa)
        scores = text_scores(*seen, trained, unseen_labels=held_out)
        found |= {f"{name}{ending}": scores[name] for name in ("species", "unseen_species") if name in scores}
    return found


def _labels(beholder: Beholder, taxa: Sequence[Taxon], *, said: Callable[[Taxon], str]) -> LabelSpace:
    assert beholder.model is not None
    vectors = encode_texts(beholder.model, [said(taxon) for taxon in taxa])
    names = [taxon.scientific_name for taxon in taxa]
    return LabelSpace(texts=names, vectors=vectors, model=beholder.model.id, taxa=list(taxa))


def _retrieval(model: Model, vectors: Vectors, corpus: Corpus) -> Scores:
    """Captions for pictures and pictures for captions, in words and templates held out of training and in trained ones.

    Each without the species' name and behind it.
    """
    rows = spread_evenly(len(corpus), _RETRIEVED).tolist()
    records = [corpus.records[row] for row in rows]
    found = retrieval_chances([str(record.traits["caption_test"]) for record in records])
    for wording, trait in _WORDINGS.items():
        plain = [str(record.traits[trait]) if trait else record.caption for record in records]
        behind = [named(record.taxon, text) for record, text in zip(records, plain, strict=True)]
        for ending, captions in ((wording, plain), (f"_named{wording}", behind)):
            found |= retrieval_scores(vectors[rows], encode_texts(model, captions), captions, ending=ending)
    return found


def _told(model: Model, corpus: Corpus) -> Pictures:
    """Pictures as their true captions tell them, in words that training had."""
    return Pictures(
        vectors=encode_texts(model, [record.caption for record in corpus.records]),
        taxa=[record.taxon for record in corpus.records],
        traits=[record.traits for record in corpus.records],
    )
