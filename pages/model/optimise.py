"""Smaller and faster: the tuned model's variants, what each keeps and costs, which one to ship, and what that bears."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from core.evidence import Evidence
from core.jobs import KINDS
from core.model.serving.evidence import BOARD
from core.prices import read_prices
from core.venture import Venture
from pages.shared import serving_charts
from pages.shared.look import between, money, number, percent
from pages.shared.watch import start_button

KIND, SERVE = "optimise", "serve"
EVIDENCE = BOARD
_WAYS = (
    ("onnx-fp32", "**ONNX** is a format that other programs run faster; every weight stays as it is."),
    (
        "int8",
        "**INT8** keeps each weight as a whole number in one byte, not a fraction in four: a quarter of the size.",
    ),
    (
        "pruned",
        "**Pruning** takes out the parts of the network that matter least, then trains the rest again for a while.",
    ),
    (
        "distilled",
        "**Distillation** trains a smaller network to answer as the tuned one does, sure or unsure as it is.",
    ),
)
_RECEIPT = {
    "": "the model they are held against",
    "proven": "proven no worse",
    "not proven": "not proven",
    "worse": "worse",
}


def show(of: Venture, found: dict[str, Evidence], stale: set[str]) -> None:
    """The button, the board, the receipts, and what the pick bears and may answer by itself."""
    made = found.get(EVIDENCE)
    trained = found.get("model.accuracy")
    if trained is None or trained.value is None:
        st.info(
            "A smaller and faster variant of the tuned model costs less to serve, and here it has to prove that it "
            "lost nothing that matters. There is no tuned model yet: press *Train and measure* first.",
            icon=":material/speed:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if KIND in KINDS:
            start_button(of, [KIND], "Make it smaller and faster", key="start-optimise", primary=made is None)
        start_button(
            of, [SERVE], "Measure how it serves", key="start-serve", primary=made is None and KIND not in KINDS
        )
        st.caption("Times every variant there is in one run, works out what it costs, and puts the pick under load.")
    if made is None or not made.detail.get("variants"):
        st.info(
            (made.reason if made else "")
            or "How many requests a second does the tuned model bear, what do 1,000 of them cost, and which may it "
            "answer by itself? Smaller and faster variants are held against it on the same test rows. Nothing was "
            "measured yet.",
            icon=":material/speed:",
        )
        _explained([name for name, _ in _WAYS])
        return
    if EVIDENCE in stale:
        st.warning(
            "Data, settings or the model changed since this was measured. Measure again.", icon=":material/history:"
        )
    _board(of, made.detail)
    left, right = st.columns(2)
    with left:
        _under_load(made.detail)
    with right:
        _alone(made.detail)
    _flips(made.detail)


def _board(of: Venture, detail: Mapping[str, Any]) -> None:
    variants, pick = detail["variants"], detail.get("pick")
    st.markdown(detail.get("why") or "No variant is picked.")
    for warning in (detail.get("warning"), detail.get("too_few")):
        if warning:
            st.warning(warning, icon=":material/warning:")
    if len(variants) > 1:
        _compared(of, variants, pick)
        _receipts(variants)
    else:
        st.caption("Only the model as it was trained was measured: there is no smaller or faster variant yet.")
    for v in variants:
        if v.get("differing"):
            st.caption(
                f"{v['name']}: {v['differing']} of {v['n']:,} timed requests got another answer than the accuracy run. "
                "That run reads texts in batches, and this variant rounds by what else is in the batch."
            )
    for missing in detail.get("left_out") or []:
        st.caption(f"**{missing['name']}** was not made. {missing['why']}")
    if detail.get("portability"):
        st.caption(f":material/memory: {detail['portability']}")
    with st.expander("All figures as a table", icon=":material/table:"):
        st.dataframe(pd.DataFrame([_row(v, pick) for v in variants]), hide_index=True, alt="All variants with figures")
        st.caption(
            "MLPerf, the trade's benchmark, calls a variant *closed* where only format or precision changed and *open* "
            "where it was trained again or lost weights. A percentile is left out where too few requests were timed."
        )
    _costs(detail)


def _receipts(variants: Sequence[Mapping[str, Any]]) -> None:
    st.markdown(
        "**What each one keeps**",
        help="A receipt: the variant and the fp32 model (32-bit weights, as trained) answer the same test rows. "
        "*Proven no worse* means that the whole 95 % interval of the difference lies above a margin that was fixed "
        "beforehand (non-inferiority); *not proven* is no proof of a loss, only too few test rows.",
    )
    for v in variants:
        st.markdown(_receipt(v))
    _explained([v["name"] for v in variants])


def _compared(of: Venture, variants: Sequence[Mapping[str, Any]], pick: str | None) -> None:
    serving_charts.board(variants, pick, key="board-variants", must_p95=of.must.p95_ms, must_accuracy=of.must.accuracy)
    st.caption(
        "Bars are 95 % intervals. Grey: another variant is at least as good in accuracy, time, size and cost."
        f"{_all_keep(variants, of)}{_threads(variants)}",
        help="Single requests one after the other on this machine, real test texts, tokenisation included. The "
        "variants take turns, so that whatever else the machine did fell on all alike.",
    )


def _threads(variants: Sequence[Mapping[str, Any]]) -> str:
    """On how many threads a request was answered."""
    used = variants[0].get("threads") if variants else None
    return f" Each request has {used} thread{'s' if used != 1 else ''}." if used else ""


def _all_keep(variants: Sequence[Mapping[str, Any]], of: Venture) -> str:
    """What is asked that all variants keep by far, which the chart leaves out."""
    times = [v["p95_ms"] for v in variants if v.get("p95_ms") is not None]
    lows = [v["low"] for v in variants if v.get("low") is not None]
    must, said = of.must, []
    if must.accuracy is not None and lows and min(lows) > must.accuracy + 0.02:
        said.append(f"reach the {number(must.accuracy, 'share')} asked for")
    if must.p95_ms is not None and times and 2 * max(times) < must.p95_ms:
        said.append(f"stay far below the {must.p95_ms:g} ms allowed")
    return f" All {' and '.join(said)}." if said else ""


def _costs(detail: Mapping[str, Any]) -> None:
    """Which machine the costs are of, and all prices that are known."""
    machine = detail.get("machine")
    if machine:
        share = detail.get("utilisation")
        busy = f" It is taken to answer {percent(share)} of the time that is paid for." if share else ""
        source = f" [Source]({machine['source']})." if machine.get("source") else ""
        st.caption(f"Costs are for {detail['machine_said']}{busy}{source}")
    elif detail.get("machine_said"):
        st.caption(f"Costs are unknown. {detail['machine_said']}")
    with st.expander("What machines cost", icon=":material/payments:"):
        today = date.today()
        rows = [
            {
                "provider": p.provider,
                "machine": p.machine,
                "vCPU": p.vcpu,
                "GiB": p.memory_gib,
                "accelerator": p.accelerator,
                "$ an hour": p.usd_per_hour,
                "region": p.region,
                "read on": f"{p.read:%d %B %Y}" + (" (stale)" if p.stale(today) else ""),
                "source": p.source,
            }
            for p in read_prices()
        ]
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            column_config={"source": st.column_config.LinkColumn(display_text="open")},
            alt="Machines with price an hour, source and the day it was read",
        )
        st.caption(
            "On demand, without discounts, storage and traffic. Prices rise and fall: after 90 days one is stale."
        )


def _receipt(v: Mapping[str, Any]) -> str:
    """One variant in a line of words."""
    interval = f" ({between(v['low'], v['high'])})" if v.get("low") is not None and v.get("high") is not None else ""
    word = v.get("receipt") or ""
    said = v.get("receipt_said") or _RECEIPT.get(word, word)
    colour = {"proven": "green", "worse": "red", "not proven": "gray"}.get(word)
    badge = f" :{colour}-badge[{_RECEIPT[word]}]" if colour else ""
    rest = "" if colour and said == _RECEIPT[word] else f" {said[:1].upper()}{said[1:].rstrip('.')}."
    return (
        f"- **{v['name']}**{badge} {number(v['accuracy'], 'share')}{interval} right.{rest} {v.get('why', '')}".rstrip()
    )


def _row(v: Mapping[str, Any], pick: str | None) -> dict[str, Any]:
    faster, cost = v.get("faster"), v.get("cost_per_1000")
    return {
        "variant": v["name"] + (" (take this)" if v["name"] == pick else ""),
        "accuracy": number(v["accuracy"], "share"),
        "receipt": _RECEIPT.get(v.get("receipt") or "", str(v.get("receipt"))),
        "answers changed": _count(v.get("flips")),
        "p50": _ms(v, "p50"),
        "p95": _ms(v, "p95"),
        "p99": _ms(v, "p99"),
        "p95 faster by": f"{faster['value']:.2g} ({faster['low']:.2g} to {faster['high']:.2g})" if faster else "",
        "size": f"{v['size_mb']:.3g} MB" if v.get("size_mb") else "",
        "memory": f"{v['peak_mb']:,.0f} MB" if v.get("peak_mb") else "",
        "cold start": f"{v['cold_start_s']:.2g} s" if v.get("cold_start_s") else "",
        "largest logit difference": f"{v['max_logit_diff']:.2g}" if v.get("max_logit_diff") is not None else "",
        "1,000 requests": money(cost) if cost is not None else "unknown",
        "MLPerf": v.get("division") or "",
    }


def _ms(v: Mapping[str, Any], q: str) -> str:
    value = v.get(f"{q}_ms")
    return f"{value:.3g} ms" if value is not None else "n too small"


def _count(flips: Any) -> str:
    if flips is None:
        return ""
    return f"{flips if isinstance(flips, int) else len(flips):,}"


def _explained(names: Sequence[str]) -> None:
    """What the ways of making it smaller mean, those that occur."""
    if said := " ".join(words for key, words in _WAYS if any(key in name for name in names)):
        st.caption(said)


def _under_load(detail: Mapping[str, Any]) -> None:
    served = detail.get("server")
    if not served:
        return
    serving_charts.rates(served, key="board-rates")
    if not served.get("trials"):
        st.markdown(f"**{serving_charts.bears(served)}**")
    if served.get("warning"):
        st.warning(served["warning"], icon=":material/warning:")
    threads = served.get("workers")
    st.caption(
        f"{detail.get('pick')} with {threads} worker{'s' if threads != 1 else ''}. Requests come at random times, as "
        "from customers who do not wait for each other, and time counts from the arrival, so that waiting in the queue "
        "is seen."
    )


def _alone(detail: Mapping[str, Any]) -> None:
    found = detail.get("abstain")
    if not found:
        return
    serving_charts.abstain(found, key="board-abstain")
    st.caption(
        f"The surest answers are given, the rest go to a person. Each dot's threshold was chosen on "
        f"{found['n_validation']:,} validation rows and is checked here on {found['n_test']:,} test rows. Band: 95 %."
    )
    for promise in found["promises"]:
        st.caption(f"At most {number(promise['target'], 'share')} wrong: **{promise['verdict']}**. {promise['reason']}")


def _flips(detail: Mapping[str, Any]) -> None:
    rows = {v["name"]: v["flips_by_class"] for v in detail["variants"] if v.get("flips_by_class")}
    if not rows:
        return
    with st.expander("Which answers changed, by class", icon=":material/swap_horiz:"):
        names = list(rows)
        pick = detail.get("pick")
        name = st.selectbox("Variant", names, index=names.index(pick) if pick in names else 0, key="flips-variant")
        serving_charts.flips(rows[name], key="board-flips")
