"""A venture with a kept review, and how its pages are opened and read: for the tests of the board and its kin."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.evidence import Evidence, Source
from core.feeds import inputs_of
from core.readiness.joint.review import review
from core.readiness.measure import records
from core.settings import Settings
from core.store import append, connect, latest
from core.venture import Venture

PROJECT = Path(__file__).resolve().parents[2]
M = Source("measured")
PERSON = {"type": "PERSON", "title": "person name", "group": "direct", "cells": 9}
FOUND = {"files": [{"path": "tickets.csv", "scanned": 9, "columns": [{"name": "text", "entities": [PERSON]}]}]}
SHIPS = {
    "packages": [{"name": "Unidecode", "modes": {"saas": {"status": "allowed"}, "on_premises": {"status": "blocked"}}}],
    "models": [],
    "datasets": [],
    "modes": {"saas": {"verdict": "allowed"}, "on_premises": {"verdict": "blocked"}},
}
FIGURES = [
    Evidence("model.p95_latency", 40.0, "ms", "m", M, low=35.0, high=45.0, n=200),
    Evidence("licences.saas", "allowed", "word", "m", M),
    Evidence("licences.on_premises", "blocked", "word", "m", M, reason="1 blocked: Unidecode"),
    Evidence("privacy.direct_share", 0.8, "share", "m", M, low=0.78, high=0.82, n=2050, detail=FOUND),
    Evidence("licences.packages", 1.0, "packages", "m", M, detail=SHIPS),
]


def keep(own: Settings, of: Venture, figures: list[Evidence]) -> None:
    engine = connect(own)
    append(engine, of.key, [e.with_inputs(inputs_of(e.room, of, {})) for e in figures])
    found = latest(engine, of.key, detail=True)
    made = records(review(of, found, n=256))
    append(engine, of.key, [e.with_inputs(inputs_of("readiness", of, found)) for e in made])


def open_page(page: str, of: Venture) -> AppTest:
    at = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    at.query_params["venture"] = of.folder.name
    at.run()
    return at.switch_page(page).run() if page else at


def words(at: AppTest) -> str:
    kinds = (at.title, at.header, at.subheader, at.markdown, at.caption, at.info, at.error)
    return "\n".join(str(e.value) for kind in kinds for e in kind)
