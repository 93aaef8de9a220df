"""The baselines answer the rows they are asked, choose on the validation rows, and keep no word of a text."""

import numpy as np
import pytest
import torch
from model_support import labelled_rows
from sklearn.neighbors import KNeighborsClassifier

from core.model import baselines, tfidf
from core.model.baseline import fit_one
from core.progress import Cancelled

CLASSES = ("card", "loan", "login")


def corpus(n: int = 300, seed: int = 3) -> tuple[list[str], list[int], torch.Tensor]:
    rows = labelled_rows(n, seed=seed)
    labels = [CLASSES.index(c) for _, c in rows]
    x = np.random.default_rng(seed).normal(size=(n, 8)) + 2.5 * np.eye(8)[labels]
    x = torch.tensor(x / np.linalg.norm(x, axis=1, keepdims=True), dtype=torch.float32)
    return [t for t, _ in rows], labels, x


def measured(progress: object = None) -> tuple[baselines.Baselines, np.ndarray]:
    texts, labels, x = corpus()
    cuts = (slice(0, 200), slice(200, 250), slice(250, 300))
    sides = [tuple(v[c] for c in cuts) for v in (texts, labels, x)]
    more = {"progress": progress} if progress else {}
    table = baselines.measure_baselines(sides[0], sides[1][:2], sides[2], 3, 1.5, **more)
    return table, np.array(sides[1][2])


def test_the_table_holds_four_baselines_that_answer_every_test_row() -> None:
    table, truth = measured()
    names = [b.name for b in table.table]
    assert names == [baselines.MAJORITY, baselines.WORDS, baselines.NEIGHBOURS, baselines.REGRESSION]
    right = {b.name: float((b.answers == truth).mean()) for b in table.table}
    assert right[baselines.MAJORITY] < 0.5
    assert min(right[n] for n in names[1:]) > 0.75
    for b in table.table:
        assert (b.answers.dtype, b.answers.shape) == (np.int64, truth.shape)
        assert b.probabilities is None or np.allclose(b.probabilities.sum(1), 1, atol=1e-5)
    assert table[baselines.NEIGHBOURS].seconds > 1.5 > table[baselines.WORDS].seconds


def test_the_best_is_chosen_by_the_validation_rows_and_the_test_rows_have_no_say() -> None:
    texts, labels, x = corpus()
    confused = torch.roll(x[200:250], 1, 0)  # on the validation rows embeddings say nothing, words all
    y = (labels[:200], labels[200:250])
    table = baselines.measure_baselines((texts[:200], texts[200:250], texts[250:]), y, (x[:200], confused, x[250:]), 3)
    assert table.best.name == baselines.WORDS
    linear = table.linear.logits(confused).argmax(1).numpy()
    assert table[baselines.REGRESSION].validation == pytest.approx(float((linear == np.array(y[1])).mean()))
    assert table.best.validation == max(b.validation for b in table.table)


def test_baselines_fitted_again_answer_from_all_rows_as_the_validation_rows_chose_them() -> None:
    texts, labels, x = corpus()
    sides = (texts[:120], texts[120:250], texts[250:]), (labels[:120], labels[120:250]), x.split([120, 130, 50])
    once, again = (baselines.measure_baselines(*sides, 3, refit=refit) for refit in (False, True))
    assert [b.validation for b in again.table] == [b.validation for b in once.table]
    assert torch.equal(again.chosen.weight, once.chosen.weight)
    y, strength = torch.tensor(labels[:250]), once.chosen.strength
    assert torch.equal(again.linear.weight, fit_one(x[:250], y, 3, strength, once.chosen).weight)
    votes = baselines.neighbour_votes(x[:250], y, x[250:], once.neighbours, 3)
    assert np.array_equal(again[baselines.NEIGHBOURS].answers, votes.argmax(1).numpy())
    assert np.array_equal(again.words.columns, tfidf.fit_one(texts[:250], labels[:250], 3, again.words.penalty).columns)
    assert not np.array_equal(again.words.columns, once.words.columns)


def test_neighbours_vote_as_those_of_scikit_learn() -> None:
    _, labels, x = corpus()
    ours = baselines.neighbour_votes(x[:200], torch.tensor(labels[:200]), x[200:], 5, 3)
    other = KNeighborsClassifier(5, metric="cosine", weights=lambda d: 1 - d).fit(x[:200].numpy(), labels[:200])
    assert np.allclose(ours.numpy(), other.predict_proba(x[200:].numpy()), atol=1e-4)


def test_more_neighbours_than_rows_are_all_rows() -> None:
    _, labels, x = corpus(6)
    votes = baselines.neighbour_votes(x, torch.tensor(labels), x, 50, 3)
    assert votes.shape == (6, 3)


def test_words_tell_classes_apart_that_no_single_row_could() -> None:
    texts, labels, _ = corpus()
    model = tfidf.fit(texts[:200], labels[:200], texts[200:250], labels[200:250], 3)
    assert float((model.scores(texts[250:]).argmax(1) == labels[250:]).mean()) > 0.9


def test_words_answer_an_empty_text_a_long_one_and_one_of_unknown_letters() -> None:
    texts, labels, _ = corpus()
    model = tfidf.fit(texts[:200], labels[:200], texts[200:], labels[200:], 3)
    assert np.isfinite(model.scores(["", "a " * 50_000, "\u6f22\u5b57"])).all()


def test_a_class_that_no_row_has_is_never_answered() -> None:
    texts, labels, _ = corpus()
    model = tfidf.fit(texts[:200], labels[:200], texts[200:], labels[200:], 5)
    assert set(model.scores(texts).argmax(1)) <= {0, 1, 2}


def test_a_word_of_one_row_alone_leaves_no_trace() -> None:
    texts, labels, _ = corpus()
    with_name = [*texts[:199], texts[199] + " xylophonist"]
    fitted = [tfidf.fit(rows, labels[:200], texts[200:], labels[200:], 3) for rows in (texts[:200], with_name)]
    assert np.array_equal(fitted[0].columns, fitted[1].columns)


def test_it_can_be_cancelled() -> None:
    def stop(done: float, total: float, note: str = "") -> None:
        if done > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        measured(stop)
