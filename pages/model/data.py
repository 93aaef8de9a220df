"""The data, told truly: what is in it, what repeats itself, which labels are doubtful."""

from typing import Any

import pandas as pd
import streamlit as st

from core.evidence import Evidence
from core.venture import Venture
from pages.shared import model_charts
from pages.shared.figures import figure_row
from pages.shared.look import number
from pages.shared.watch import start_button

_TERMS = (
    (
        "model.near_duplicates",
        "Test rows seen before, nearly",
        "Near-duplicates: test rows that share most of their wording with a training row. They flatter the accuracy, "
        "because the model has seen almost the same text with its answer.",
    ),
    (
        "model.suspect_labels",
        "Suspect labels",
        "Rows on which a model that has not seen them is confident of another answer than the one given "
        "(confident learning). Look at them: most are slips, some are hard cases.",
    ),
)


def show(of: Venture, found: dict[str, Evidence], stale: set[str]) -> None:
    """Charts, then figures, then the rows to look at."""
    seen = found.get("model.near_duplicates")
    of_scores = seen is not None and seen.detail.get("task") == "score"  # looked at before the task was changed
    report = seen.detail.get("report") if seen and not of_scores else None
    with st.container(horizontal=True, vertical_alignment="center"):
        start_button(of, ["look"], "Look at the data", key="start-look", primary=not report)
        st.caption("Less than a minute: class balance, lengths, repeated rows, suspect labels and the free baselines.")
    if not report:
        st.info(
            "Before any training: is every class there often enough, does the test repeat the training, "
            "and which labels look wrong? Nothing was looked at yet.",
            icon=":material/search:",
        )
        return
    left, right = st.columns(2)
    with left:
        model_charts.balance(report, key="balance")
    with right:
        if report.get("lengths"):
            model_charts.lengths(report["lengths"], key="lengths")
            st.caption(
                "The model reads texts in tokens: common words, and pieces of rarer ones.",
                help="What is longer than the cut is not read at all. A longer cut costs time; set it under Training.",
            )
    figure_row(found, _TERMS, stale)
    _counts(report)
    _honest(found, stale)
    _rows(found, report)
    for note in report.get("notes", []):
        st.caption(note)


def _counts(report: dict[str, Any]) -> None:
    exact, near, small = report["exact_duplicates"], report["near_duplicates"], report["too_small"]
    st.markdown(
        f"- **Said twice, word for word:** {exact['train']:,} training rows; {exact['left_out']:,} more were left out "
        "of training because the test holds the same text.\n"
        f"- **Nearly the same among training rows:** {near['train']:,} texts in {near['train_groups']:,} groups.\n"
        f"- **The same text under two labels:** {report['conflicts']['count']:,} pairs.\n"
        f"- **Classes too small to measure:** {len(small['classes']):,} of {len(report['classes']):,}.",
        help=f"A class's own accuracy is known within ± 10 points from {small['needed']} test rows of it on, planned "
        "for a class answered rightly nine times in ten. Below that its score is mostly chance.",
    )
    if small["classes"]:
        names = ", ".join(small["classes"][:8]) + ("…" if len(small["classes"]) > 8 else "")
        st.caption(f"Each needs {small['needed']} test rows: {names}")


def _honest(found: dict[str, Evidence], stale: set[str]) -> None:
    """Accuracy on all test rows beside that without near-duplicates."""
    if "model.accuracy" in found:
        st.markdown("**Does repeating itself flatter the model?** The same model on the same test, both ways:")
        what = "Share of right answers among the test rows that no training row nearly repeats: the fairer promise."
        wanted = (
            ("model.accuracy", "Accuracy, all test rows", "Share of right answers on every test row."),
            ("model.accuracy_without_duplicates", "Without near-duplicates", what),
        )
        figure_row(found, wanted, stale)
        return
    base = found.get("model.baseline_accuracy")
    best = next((b for b in base.detail.get("baselines", []) if b.get("best")), None) if base else None
    if best and best["without_duplicates"] is not None:
        st.markdown(
            f"**Does repeating itself flatter a model?** With {best['name']}: "
            f"{number(best['accuracy'], 'share')} on all test rows, {number(best['without_duplicates'], 'share')} "
            "without near-duplicates."
        )


def _rows(found: dict[str, Evidence], report: dict[str, Any]) -> None:
    suspect = found.get("model.suspect_labels")
    rows = suspect.detail.get("rows", []) if suspect else []
    if rows:
        with st.expander(f"Rows with a suspect label: look at these {len(rows)} first", icon=":material/rule:"):
            st.dataframe(
                pd.DataFrame(rows).rename(
                    columns={"given": "label given", "suggested": "label suggested", "margin": "doubt"}
                ),
                hide_index=True,
                column_config={
                    "doubt": st.column_config.NumberColumn(
                        format="%.2f", help="-1 is the most suspicious: sure of the other label."
                    )
                },
                alt="Rows with a suspect label, the most suspicious first",
            )
            st.caption("Rows are named as a person who opens the file counts them. No text is kept.")
    pairs = report["conflicts"]["pairs"]
    if pairs:
        with st.expander(
            f"Same text, two labels: {report['conflicts']['count']:,} pairs", icon=":material/call_split:"
        ):
            flat = [
                {
                    "file": p["a"]["file"],
                    "row": p["a"]["row"],
                    "label": p["labels"][0],
                    "other file": p["b"]["file"],
                    "other row": p["b"]["row"],
                    "other label": p["labels"][1],
                    "alike": p["similarity"],
                }
                for p in pairs
            ]
            st.dataframe(pd.DataFrame(flat), hide_index=True, alt="Pairs of rows that say the same under two labels")
