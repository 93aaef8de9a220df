"""The privacy room's answers on labelled texts: Presidio's default beside ours, by half of the templates and by type.

`python -m tests.bench_privacy FOLDER` prints JSON, with `--markdown` tables and how fast reference mode is, with
`--pace` that alone. The folder holds texts.jsonl (`id`,
`text`) and gold.jsonl (`id`, `template`, `spans`); a file such as tests/gold/posts.txt may stand for it. Rules were
written looking at the even templates only ("development"), so the odd ones ("unseen") tell what to expect elsewhere;
both halves share their generator, or their author, so real texts will be harder.
"""

import json
import os
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench_tables import Cost, run

Found = tuple[int, int, str]  # start, end, type
Row = tuple[str, int, list[Found]]  # text, template, labelled spans
Answers = Sequence[Sequence[Found]]

# The names by which labelled sets call the same things.
SAME = {
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "ADDRESS": "LOCATION",
    "STREET_ADDRESS": "LOCATION",
    "ORG": "ORGANIZATION",
    "DOMAIN_NAME": "URL",
    "PREFIX": "TITLE",
}
IOU = 0.9
MARKED = re.compile(r"\[\[([A-Z_]+) ([^\]]+)\]\]")


def posts(file: Path) -> list[Row]:
    """The posts of a file, one a line, in which personal data stands in [[TYPE words]].

    Each is a template of its own: of even number after a line "# development", of odd number after "# unseen".
    """
    rows: list[Row] = []
    odd = False
    for line in file.read_text("utf-8").splitlines():
        if line in ("# development", "# unseen"):
            odd = line == "# unseen"
        elif line and not line.startswith("#! "):
            text, spans = _marked(line)
            rows.append((text, 2 * len(rows) + odd, spans))
    return rows


def _marked(line: str) -> tuple[str, list[Found]]:
    """A post without its marks, and where they stood."""
    text, spans, done = "", [], 0
    for mark in MARKED.finditer(line):
        text += line[done : mark.start()]
        spans.append((len(text), len(text) + len(mark[2]), mark[1]))
        text, done = text + mark[2], mark.end()
    return text + line[done:], spans


def read(folder: Path) -> list[Row]:
    """The texts with their template and spans."""
    if folder.is_file():
        return posts(folder)
    texts = {r["id"]: r["text"] for r in map(json.loads, (folder / "texts.jsonl").read_text("utf-8").splitlines())}
    gold = map(json.loads, (folder / "gold.jsonl").read_text("utf-8").splitlines())
    return [
        (texts[g["id"]], g["template"], [(s["start"], s["end"], same(s["type"])) for s in g["spans"]]) for g in gold
    ]


def same(kind: str) -> str:
    """A type by its common name."""
    return SAME.get(kind.upper(), kind.upper())


def overlap(a: Found, b: Found) -> float:
    """Intersection over union of two spans of one type, else 0."""
    if a[2] != b[2]:
        return 0.0
    return max(0, min(a[1], b[1]) - max(a[0], b[0])) / (max(a[1], b[1]) - min(a[0], b[0]))


def characters(spans: Iterable[Found]) -> set[int]:
    """The characters that spans cover."""
    return {c for start, end, _ in spans for c in range(start, end)}


def score(rows: Sequence[Row], answers: Answers) -> dict[str, Any]:
    """Leak (texts with an uncovered labelled character), flagged clean texts, F2 of typed spans; by type too.

    By type, `missed` is the share of labelled spans of which a character stays uncovered by whatever was found.
    """
    private = leaks = clean = flagged = 0
    labelled, found, hit, missed = (Counter[str]() for _ in range(4))
    for (_, _, gold), spans in zip(rows, answers, strict=True):
        covered = characters(spans)
        bare = [g for g in gold if characters([g]) - covered]
        private, leaks = private + bool(gold), leaks + bool(bare)
        clean, flagged = clean + (not gold), flagged + (not gold and bool(spans))
        labelled.update(g[2] for g in gold)
        found.update(s[2] for s in spans)
        missed.update(g[2] for g in bare)
        free = list(spans)
        for g in gold:
            match = next((s for s in free if overlap(g, s) >= IOU), None)
            if match:
                free.remove(match)
                hit[g[2]] += 1
    types = {
        kind: {"n": n, "f2": _f2(hit[kind], n, found[kind]), "missed": round(missed[kind] / n, 3)}
        for kind, n in labelled.most_common()
    }
    return {
        "texts": len(rows),
        "private": private,
        "leak": round(leaks / max(private, 1), 3),
        "clean": clean,
        "clean_flagged": round(flagged / max(clean, 1), 3),
        "f2": _f2(hit.total(), labelled.total(), found.total()),
        "types": types,
    }


def _f2(hits: int, labelled: int, found: int) -> float:
    return round(5 * hits / max(4 * labelled + found, 1), 3)


def halves(rows: Sequence[Row], answers: Answers) -> dict[str, Any]:
    """The score of each half of the templates."""
    parts: Mapping[str, list[int]] = defaultdict(list)
    for i, (_, template, _) in enumerate(rows):
        parts["unseen" if template % 2 else "development"].append(i)
    return {name: score([rows[i] for i in of], [answers[i] for i in of]) for name, of in sorted(parts.items())}


def default() -> Callable[[list[str]], Answers]:
    """Presidio's default recognisers."""
    from core.privacy.engine import Reference

    reference = Reference()
    return lambda texts: [[(a, b, same(k)) for a, b, k, _ in found] for found in reference.answers(texts)]


def ours() -> Callable[[list[str]], Answers]:
    """The detector of `privacy detect`."""
    from core.privacy.detect import detector

    finder = detector()
    return lambda texts: [[(s.start, s.end, same(s.type)) for s in found] for found in finder.detect(texts)]


def measure(folder: Path) -> dict[str, Any]:
    """The scores of both on a folder's texts."""
    rows = read(folder)
    texts = [text for text, _, _ in rows]
    return {name: halves(rows, make()(texts)) for name, make in (("default", default), ("ours", ours))}


def one_by_one(texts: Sequence[str]) -> tuple[list[set[tuple[int, int, str, float]]], float, float]:
    """Presidio's default on one text after the other: its answers, wall and processor seconds without loading."""
    from core.privacy import engine  # isort: skip - first, so that Presidio starts without torch and the network
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    models = [{"lang_code": "en", "model_name": engine.MODEL}]
    names = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    default = AnalyzerEngine(nlp_engine=names, supported_languages=["en"])
    default.analyze("warm up", "en")
    began, worked = time.monotonic(), time.process_time()
    found = [default.analyze(text, "en", score_threshold=engine.REFERENCE_THRESHOLD) for text in texts]
    took = time.monotonic() - began, time.process_time() - worked
    return [{(r.start, r.end, r.entity_type, round(r.score, 6)) for r in spans} for spans in found], *took


def reference(texts: Sequence[str], folder: Path) -> tuple[list[set[tuple[int, int, str, float]]], float, float, int]:
    """The same by `privacy detect --reference`, and its number of processes; processor seconds of loading taken off."""

    def detect(some: Sequence[str]) -> tuple[dict[str, Any], Cost]:
        lines = (json.dumps({"id": i, "text": text}) for i, text in enumerate(some))
        (folder / "in.jsonl").write_text("\n".join(lines), "utf-8")
        files = [str(folder / "in.jsonl"), "--out", str(folder / "out.jsonl")]
        told, cost = run(["-m", "core", "privacy", "detect", *files, "--reference", "--json"])
        return json.loads(told), cost

    _, loading = detect(texts[:1])
    told, cost = detect(texts)
    rows = map(json.loads, (folder / "out.jsonl").read_text("utf-8").splitlines())
    found = [{(s["start"], s["end"], s["type"], round(s["score"], 6)) for s in row["spans"]} for row in rows]
    return found, told["seconds"], cost.cpu - loading.cpu, told["workers"]


def pace(texts: Sequence[str]) -> list[str]:
    """A paragraph on how fast reference mode is beside the default, half of which is timed before it and half after."""
    half = len(texts) // 2
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        first, wall, cpu = one_by_one(texts[:half])
        fast, seconds, worked, workers = reference(texts, Path(folder))
        second, more, rest = one_by_one(texts[half:])
    same = sum(a == b for a, b in zip([*first, *second], fast, strict=True))
    wall, cpu = wall + more, cpu + rest
    return [
        f"Reference mode gives {same:,} of {len(texts):,} texts ({same / len(texts):.2%}) Presidio's default answers,",
        f"scores included. One by one the default took {wall:.1f} s ({cpu:.1f} processor seconds),",
        f"`privacy detect --reference` with {workers} processes {seconds:.1f} s ({worked:.1f}):",
        f"{wall / seconds:.1f} times faster, with {cpu / worked:.1f} times less work. Loading is left out",
        f"of both; load {os.getloadavg()[0]:.1f}.",
        "",
    ]


def markdown(result: Mapping[str, Any], data: str) -> list[str]:
    """The scores as tables: leak beside F2 for each half, then each type on the unseen half."""
    lines = [
        "## Personal data in free text",
        "",
        f"On {data}, labelled. The rules were written looking at even templates only, so the odd ones are",
        "unseen; both halves share their generator, so real texts will be harder. Leak: texts of which a labelled",
        "character stays uncovered, whatever its type. F2: typed spans that overlap by 0.9.",
        "",
        "| templates | detector | texts | leak | F2 | clean texts flagged |",
        "|---|---|---|---|---|---|",
    ]
    for half in ("development", "unseen"):
        for name, title in (("default", "Presidio's default"), ("ours", "`privacy detect`")):
            r = result[name][half]
            lines.append(
                f"| {half} | {title} | {r['texts']:,} | {r['leak']:.1%} of {r['private']:,} | {r['f2']:.3f} "
                f"| {r['clean_flagged']:.1%} of {r['clean']:,} |"
            )
    lines += [
        "",
        "| type, unseen templates | spans | default F2 | our F2 | default: not wholly covered | ours |",
        "|---|---|---|---|---|---|",
    ]
    before, after = (result[name]["unseen"]["types"] for name in ("default", "ours"))
    for kind, was in before.items():
        now = after[kind]
        lines.append(
            f"| {kind} | {was['n']} | {was['f2']:.2f} | {now['f2']:.2f} | {was['missed']:.0%} | {now['missed']:.0%} |"
        )
    return [*lines, ""]


def main() -> None:
    """Score both on a folder; with `--markdown` as tables."""
    folder = Path(sys.argv[1])
    texts = [text for text, _, _ in read(folder)]
    if "--pace" in sys.argv:
        sys.stdout.write("\n".join(pace(texts)) + "\n")
        return
    result = measure(folder)
    lines = [*markdown(result, folder.name), *pace(texts)] if "--markdown" in sys.argv else [json.dumps(result)]
    shown = "\n".join(lines)
    sys.stdout.write(shown + "\n")


if __name__ == "__main__":
    main()
