"""Tuned weights are a small difference to one base model, put back exactly there and nowhere else."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.privacy.engine import DefaultNames, NameModel, published
from core.privacy.names import weights
from core.privacy.names.fill import Filler
from core.privacy.names.ship import make
from core.privacy.names.templates import split, templates
from core.privacy.names.train import Settings, tune

TINY = Settings(texts=320, epochs=3)


@pytest.fixture(scope="module")
def base() -> Iterator[Any]:
    return published()


def test_the_file_that_ships_fits_the_bundled_model_and_is_small() -> None:
    nlp = published()
    before = weights.fingerprint(weights.read(nlp))
    assert weights.about(weights.SHIPPED)["base_sha256"] == before
    assert weights.load_tuned(nlp, weights.SHIPPED)
    assert weights.fingerprint(weights.read(nlp)) != before
    assert weights.SHIPPED.stat().st_size < 4_000_000


def test_the_file_that_ships_leaked_less_where_it_was_judged() -> None:
    verdict = weights.about(weights.SHIPPED)["verdict"]
    assert verdict["adopted"]
    assert verdict["leak"]["high"] < 0
    assert verdict["clean"]["value"] <= 0


def test_the_detector_takes_the_tuned_weights_and_the_reference_keeps_the_published() -> None:
    tuned, plain = (kind() for kind in (NameModel, DefaultNames))
    tuned.load()
    plain.load()
    published_hash = weights.fingerprint(weights.read(published()))
    assert weights.fingerprint(weights.read(plain.nlp["en"])) == published_hash
    assert weights.fingerprint(weights.read(tuned.nlp["en"])) != published_hash


def test_weights_come_back_within_sixteen_bits_and_a_damaged_file_changes_nothing(tmp_path: Path) -> None:
    nlp = published()
    old = weights.read(nlp)
    new = {k: v + np.float32(0.01) for k, v in old.items()}
    weights.save(tmp_path / "w.npz", old, new, {"who": "a test"})
    assert weights.about(tmp_path / "w.npz")["who"] == "a test"
    assert weights.load_tuned(nlp, tmp_path / "w.npz")
    assert all(np.allclose(v, new[k], atol=1e-4) for k, v in weights.read(nlp).items())
    weights.write(nlp, old)
    (tmp_path / "w.npz").write_bytes((tmp_path / "w.npz").read_bytes()[:5000])
    assert not weights._load(nlp, tmp_path / "w.npz")
    assert weights.fingerprint(weights.read(nlp)) == weights.fingerprint(old)


def test_weights_of_another_base_are_refused(tmp_path: Path) -> None:
    nlp = published()
    old = weights.read(nlp)
    other = {k: v + np.float32(1) for k, v in old.items()}
    weights.save(tmp_path / "w.npz", other, old, {})
    assert not weights._load(nlp, tmp_path / "w.npz")
    assert weights.fingerprint(weights.read(nlp)) == weights.fingerprint(old)


def test_half_way_between_two_models_lies_their_mean(base: Any) -> None:
    old = weights.read(base)
    new = {k: v + np.float32(2) for k, v in old.items()}
    assert all(np.allclose(v, old[k] + 1, atol=1e-5) for k, v in weights.between(old, new, 0.5).items())
    assert all(np.array_equal(v, old[k]) for k, v in weights.between(old, new, 0.0).items())


def test_a_short_training_makes_the_same_file_twice_and_leaks_less_already(tmp_path: Path) -> None:
    told = [make(tmp_path / name, settings=TINY, judged=300) for name in ("a.npz", "b.npz")]
    digests = [
        hashlib.sha256(b"".join(a[k].tobytes() for k in sorted(a.files) if k != weights.ABOUT)).hexdigest()
        for a in (np.load(tmp_path / name) for name in ("a.npz", "b.npz"))
    ]
    assert digests[0] == digests[1]
    verdict = told[0]["verdict"]
    assert verdict["after"]["leak"]["value"] < verdict["before"]["leak"]["value"]


def test_training_stops_when_its_time_is_over() -> None:
    learn, _ = split(templates())
    done = tune(published(), Filler(1), learn[:20], Settings(texts=400, epochs=50), seconds=0.5)
    assert done.cut
    assert done.seconds < 30
