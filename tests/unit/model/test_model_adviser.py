"""The adviser reads the machine, times real steps, gives reasons with numbers, and forecasts with a band."""

import errno
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from model_support import labelled_rows

from core.errors import InputError
from core.model import adviser
from core.model.adviser import Pace, advise, forecast, grouped_batches, probe_pace, scored
from core.model.base import load_base
from core.model.classifier import Classifier, tokenise
from core.model.hardware import Hardware, bf16_native, cpu_quota, inspect_hardware
from core.model.whole import whole
from core.progress import Cancelled

MACHINE = Hardware("a cpu", 8, 16, None, 8, 16.0, ("avx2",), 200.0, 90.0, False)
PACE = Pace((1e-3, 1.1e-3, 0.9e-3, 1e-3), (5e-4, 5e-4), None, 2e-4, 0.5, 32, 6)


def test_this_machine_is_described_and_its_rate_is_that_of_a_processor() -> None:
    found = inspect_hardware()
    assert found.cpu
    assert 1 <= found.cores <= 1024
    assert found.usable >= 1
    assert found.memory_gb > 0.1
    assert 0.5 < found.fp32_gflops < 20_000
    assert found.as_json()["bf16_gflops"] == found.bf16_gflops


def test_bf16_is_believed_of_the_processor_only() -> None:
    assert not bf16_native(("avx2", "avx512f", "avx512_vnni"))
    assert bf16_native(("avx512_bf16",))
    assert bf16_native(("amx_bf16",))


@pytest.mark.parametrize(("told", "quota"), [("150000 100000", 1.5), ("max 100000", None), ("rubbish", None)])
def test_the_limit_of_a_container_is_read(tmp_path: Path, told: str, quota: float | None) -> None:
    (tmp_path / "cpu.max").write_text(told)
    assert cpu_quota(tmp_path) == quota


def test_no_bf16_units_no_bf16() -> None:
    choice = advise(MACHINE, PACE, 384)[0]
    assert (choice.value, choice.number) == ("fp32", 0.45)
    assert "emulate" in choice.reason


def test_bf16_is_taken_only_where_real_steps_are_faster() -> None:
    native = replace(MACHINE, bf16_native=True, bf16_gflops=800.0)
    for seconds, value in ((5e-4, "bf16"), (1e-3, "fp32"), (2e-3, "fp32")):
        choice = advise(native, replace(PACE, per_token_bf16=(seconds,) * 4), 384)[0]
        assert choice.value == value
        assert choice.number == pytest.approx(1e-3 / seconds)


def test_bf16_that_was_asked_for_is_taken_and_a_warning_states_what_it_costs() -> None:
    slow = replace(PACE, per_token_bf16=(2e-3,) * 4)
    choice = advise(MACHINE, slow, 384, "bf16")[0]
    assert (choice.value, choice.warning) == ("bf16", True)
    assert "2.0 times as long" in choice.reason
    assert "no bf16 units" in choice.reason
    quick = advise(replace(MACHINE, bf16_native=True), replace(PACE, per_token_bf16=(5e-4,) * 4), 384, "bf16")[0]
    assert (quick.value, quick.warning) == ("bf16", False)
    assert advise(MACHINE, slow, 384, "fp32")[0].value == "fp32"
    assert forecast(slow, [10] * 64, [10], 2, bf16=True).minutes > forecast(slow, [10] * 64, [10], 2).minutes


@pytest.mark.parametrize(
    ("cores", "usable", "quota", "threads"), [(8, 16, None, 8), (8, 2, None, 2), (8, 16, 1.5, 1), (2, 2, 0.5, 1)]
)
def test_threads_are_cores_that_may_be_used(cores: int, usable: int, quota: float | None, threads: int) -> None:
    choice = advise(replace(MACHINE, cores=cores, usable=usable, quota=quota), PACE, 384)[1]
    assert choice.value == threads


def test_a_small_memory_takes_a_smaller_batch() -> None:
    assert advise(MACHINE, PACE, 384)[2].value == 32
    assert advise(replace(MACHINE, memory_gb=2.0), PACE, 1024)[2].value < 32


@given(st.lists(st.integers(1, 90), min_size=1, max_size=400), st.integers(1, 40))
def test_every_row_is_in_one_batch_and_grouping_never_pads_more_than_the_longest(lengths: list[int], size: int) -> None:
    batches = grouped_batches(lengths, size, random.Random(1))
    assert sorted(i for b in batches for i in b) == list(range(len(lengths)))
    assert all(len(b) <= size for b in batches)


def test_the_forecast_grows_with_epochs_and_rows_and_lies_in_its_band() -> None:
    one = forecast(PACE, [20] * 320, [20] * 50, 1)
    assert one.low < one.minutes < one.high
    assert one.minutes == pytest.approx((320 * 20 * 1e-3 + 50 * 20 * 2e-4 + 0.5) / 60, rel=0.01)
    assert forecast(PACE, [20] * 320, [20] * 50, 4).minutes == pytest.approx(4 * one.minutes)
    assert forecast(PACE, [20] * 640, [20] * 50, 1).minutes > 1.8 * one.minutes
    unsteady = replace(PACE, per_token=(0.4e-3, 1e-3, 2.5e-3, 1e-3))
    wider = forecast(unsteady, [20] * 320, [20] * 50, 1)
    assert wider.high / wider.low > one.high / one.low


def test_a_price_gives_a_cost_with_the_same_band() -> None:
    found = forecast(PACE, [20] * 320, [20] * 50, 60, usd_per_hour=0.2)
    assert found.cost_usd == pytest.approx(found.minutes / 60 * 0.2)
    assert found.cost_low < found.cost_usd < found.cost_high
    assert forecast(PACE, [20] * 320, [], 1).cost_usd is None


def test_a_forecast_is_scored_by_what_the_run_took() -> None:
    found = forecast(PACE, [20] * 320, [20] * 50, 60)
    assert scored(found, found.minutes).inside
    late = scored(found, 3 * found.high)
    assert (late.inside, late.ratio) == (False, pytest.approx(3 * found.high / found.minutes))
    assert late.as_json()["forecast"]["level"] == found.level


def test_the_probe_times_the_real_model_and_leaves_it_as_it_was(tiny_base: Path) -> None:
    base = load_base(str(tiny_base))
    model = Classifier(base.encoder, 3).eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    ids = tokenise(base.tokenizer, [t for t, _ in labelled_rows(100)], 24)
    heard: list[float] = []
    pace = probe_pace(model, ids, 0, MACHINE, 8, progress=lambda d, t, _: heard.append(d / t))
    assert len(pace.per_token) == len(pace.per_token_frozen) == adviser.STEPS // 5
    assert min(*pace.per_token, pace.forward, pace.checkpoint) > 0
    assert (pace.layers, pace.per_token_bf16) == (2, None)
    assert max(heard) <= 1
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert all(w.requires_grad for w in model.parameters())


def test_the_probe_lets_the_embeddings_learn_where_training_does(
    tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen: list[int] = []
    monkeypatch.setattr(adviser, "_freeze_up_to", lambda _model, layers: frozen.append(layers))
    model = Classifier(load_base(str(tiny_base)).encoder, 3)
    for freeze in (True, False):
        probe_pace(model, [[1, 2, 3]] * 40, 0, MACHINE, 8, freeze_embeddings=freeze)
    assert frozen == [0, 1, 1]  # the second series, with the lower half frozen, is the same in both


def test_bf16_is_timed_where_it_is_asked_for_even_if_it_is_emulated(tiny_base: Path) -> None:
    model = Classifier(load_base(str(tiny_base)).encoder, 3)
    assert probe_pace(model, [[1, 2, 3]] * 40, 0, MACHINE, 8).per_token_bf16 is None
    assert probe_pace(model, [[1, 2, 3]] * 40, 0, MACHINE, 8, bf16=True).per_token_bf16


def test_a_full_temporary_folder_is_said_in_one_line(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(adviser, "save_weights", full)
    model = Classifier(load_base(str(tiny_base)).encoder, 3)
    with pytest.raises(InputError, match=r"temporary folder could not be written \(No space left"):
        probe_pace(model, [[1, 2, 3]] * 40, 0, MACHINE, 8)


def test_the_probe_can_be_cancelled(tiny_base: Path) -> None:
    def stop(done: float, total: float, note: str = "") -> None:
        raise Cancelled

    base = load_base(str(tiny_base))
    with pytest.raises(Cancelled):
        probe_pace(Classifier(base.encoder, 3), [[1, 2, 3]] * 40, 0, MACHINE, 8, progress=stop)


@given(st.floats(0.1, 50), st.none() | st.floats(1, 500), st.integers(1, 20))
def test_the_forecast_of_a_whole_run_holds_its_parts_and_grows_with_them(
    one: float, minutes: float | None, seeds: int
) -> None:
    alone = adviser.Forecast(one, one / 1.3, one * 1.3, 0.8, one, one / 1.3, one * 1.3)
    found = whole(alone, minutes, seeds)
    assert found.low <= found.minutes <= found.high
    assert found.minutes == pytest.approx(one * seeds + (minutes or 0))
    assert found.cost_usd == pytest.approx(found.minutes)
    assert whole(alone, minutes, seeds + 1).high > found.high
    assert (found == alone) == (minutes is None and seeds == 1)
    if minutes:  # the search ends with its budget, and what it picks has at most twice the epochs
        assert found.high >= minutes + 2 * one * seeds


def test_the_forecast_says_what_it_covers() -> None:
    alone = adviser.Forecast(2.0, 1.5, 2.6, 0.8)
    assert whole(alone, 10, 3).covers == "a search of 10 min, then 3 trainings"
    assert whole(alone).covers == "training"
