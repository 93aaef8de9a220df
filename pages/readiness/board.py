"""The board: whether to go, what it rests on, and what to do next."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import streamlit as st

from core import ventures
from core.evidence import ROOMS, Check, Evidence, Status
from core.readiness.assess import Assessment
from core.readiness.joint.moves import Move
from core.venture import Must, Venture
from pages.shared import charts, graph_charts, model_charts, score_charts, terms
from pages.shared.figures import by_urgency, check_list, figure_row, folded, opened, pending_list, plain, stale_ids
from pages.shared.files import save
from pages.shared.frame import assessment, due_rooms, entry, evidence, inputs, newest, venture
from pages.shared.look import COLOUR, ICON, MODE, ROOM, VERDICT, ago, badge, number, worst
from pages.shared.review import CHANCE, KIND, STIRS, chance_line, keep_fresh, kept, last_moves
from pages.shared.tour import tour, tour_link
from pages.shared.watch import get_ready, live, start_button, watch

SECONDS = 365.25 * 24 * 3600  # in a year
TODOS = 6
MOVES = 5  # checks that moved P(go), told one by one
SETTLED = 0.99  # share of the draws in which the circle comes to rest, from which the others are a footnote
FLIPS = 3  # lines of advice beside the verdict; all stand further down
Figures = tuple[tuple[str, str, str], ...]
FIGURES: dict[str, Figures] = {
    "model": (
        ("model.accuracy", "Right answers", "Share of test rows that the tuned model answers rightly."),
        ("model.p95_latency", "Answer time, p95", "95 of 100 answers come within this time, one at a time."),
    ),
    "scores": (
        ("model.mae", "Off on average", "How far off the predicted scores are on the test rows, in their own unit."),
        ("model.p95_latency", "Answer time, p95", "95 of 100 answers come within this time, one at a time."),
    ),
    "privacy": (
        ("privacy.direct_share", "Rows naming people", "Rows with an email, a name, a card or the like."),
        ("privacy.columns", "Columns concerned", "Columns that hold direct identifiers."),
    ),
    "licences": (
        ("licences.blocked", "Blocked", "Components whose licence forbids one of your ways of selling."),
        ("licences.unknown", "Unknown", "Components whose licence could not be found: they may block, too."),
    ),
    "market": (
        ("market.som", "Obtainable market", "SOM: the part of the market you can win, a year, as a range."),
        ("market.unsourced", "Rests on no source", "Share of the spread that comes from figures without a source."),
    ),
}


def chart_of(room: str, found: Mapping[str, Evidence], of: Venture) -> None:
    """The room's one small chart."""
    if room == "model" and of.predicts_scores and _known(found, "model.rmse"):
        score_charts.ladder(score_charts.ladder_rows(found), key="b-model", height=230)
    elif room == "model" and _known(found, "model.accuracy"):
        model_charts.tuned_ladder(found["model.accuracy"], key="b-model", must=of.must.accuracy)
    elif room == "privacy" and _known(found, "privacy.direct_share"):
        charts.entities(found["privacy.direct_share"], key="b-privacy", most=5, height=230)
    elif room == "licences" and _known(found, "licences.packages"):
        charts.modes(found["licences.packages"].detail, key="b-licences")
    elif room == "market":
        charts.funnel(found, key="b-market")


def _known(found: Mapping[str, Evidence], figure_id: str) -> bool:
    return figure_id in found and found[figure_id].value is not None


def card(room: str, of: Venture, found: Mapping[str, Evidence], checks: list[Check], stale: set[str]) -> None:
    """A room on the board: state, figures, chart, one sentence, and the way in."""
    name, icon, page = ROOM[room]
    own = [c for c in checks if c.room == room]
    with st.container(border=True, key=f"card-{room}", height="stretch"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.subheader(f"{icon} {name}", anchor=False)
            badge(worst(own))
        shown = FIGURES["scores" if room == "model" and of.predicts_scores else room]
        figure_row(found, shown, stale, width=205)
        chart_of(room, found, of)
        if own:
            first = by_urgency(own)[0]
            st.markdown(f":{COLOUR[first.status]}[{ICON[first.status]}] **{first.title}:** {first.reason}")
        st.page_link(page, label=f"Open {name.lower()}", icon=":material/arrow_forward:")


def verdict_panel(
    of: Venture, result: Assessment, due: list[str], told: Mapping[str, Any], found: Mapping[str, Evidence]
) -> list[Check]:
    """The answer in words, how likely all of it is, what would flip it, and the button that measures."""
    word, headline = told.get("verdict", str(result.verdict.word)), told.get("headline", result.verdict.headline)
    colour, icon = VERDICT[word]
    with st.container(border=True, key="verdict"):
        left, middle, right = st.columns([9, 5, 8], gap="large")
        with left:
            st.header(f":{colour}[{icon} {word}]", anchor=False)
            st.markdown(headline, help=terms.GATE if "gate" in headline.lower() else None)
            with st.container(horizontal=True, gap="small"):
                for check in by_urgency([c for c in result.checks if c.gate or c.waiver]):
                    st.badge(check.title, icon=ICON[check.status], color=COLOUR[check.status])  # type: ignore[arg-type]
        with middle:
            if told:
                chance_line(told)
                if CHANCE in found:
                    opened(found[CHANCE], key="p-go")
        with right:
            _flips(told)
            label = "Measure what is due" if due else "Nothing is due"
            start_button(of, due, label, key="measure-due")
            if due:
                st.caption("Due: " + ", ".join(ROOM[r][0].lower() for r in due) + ".")
    return list(result.checks)


def _flips(told: Mapping[str, Any]) -> None:
    """The shortest way to GO: what to clear first, and what the verdict would be then."""
    ways = told.get("flips", [])
    if not ways:
        return
    st.markdown("**What would flip it**", help=terms.FLIP)
    st.markdown("\n".join(f"{w['rank']}. {w['title']} :gray[→ {_then(w)}]" for w in ways[:FLIPS]))
    if len(ways) > FLIPS:
        st.caption(f"and {len(ways) - FLIPS} more → {_then(ways[-1])}")


def _then(way: Mapping[str, Any]) -> str:
    """The verdict once a check and all before it are cleared, with P(go) where there is a chance at all."""
    word, chance = str(way["verdict_so_far"]), way["p_go_so_far"]
    return f"{word}, P(go) {number(chance, 'share')}" if chance else word


def linked(of: Venture, told: Mapping[str, Any], found: Mapping[str, Evidence], stale: set[str]) -> None:
    """The living graph beside how the market narrows and what is best measured next."""
    if not told:
        return
    left, right = st.columns([3, 2])
    with left, st.container(border=True, key="graph", height="stretch"):
        graph_charts.living_graph(told["graph"], key="b-graph")
        st.caption(terms.PARTS)
        if circle := told["graph"]["circle"]:
            st.caption(_circle(circle), help=terms.CRITICAL)
        line = "What flows along each link, its evidence, and what would fill the open ones"
        folded(line, lambda: _links(told["graph"], found, stale), key="links", icon=":material/share:")
    with right:
        if told["graph"]["narrowing"]:
            with st.container(border=True, key="narrowing"):
                graph_charts.narrowing(told["graph"], of.market.currency, key="b-narrowing")
        if best := told["next"][:FLIPS]:
            with st.container(border=True, key="next", height="stretch"):
                st.markdown("**Best measured next**", help=terms.WORTH)
                st.markdown("\n".join(f"{k}. {row['title']} :gray[· {_days(row)}]" for k, row in enumerate(best, 1)))


def _links(graph: Mapping[str, Any], found: Mapping[str, Evidence], stale: set[str]) -> None:
    """Every link in words, and the records behind its figure."""
    for row in graph_charts.links(graph):
        fills = f"  \n:gray[{plain(row.fills)}]" if row.fills else ""
        st.markdown(f"**{row.source} → {row.target}** · {plain(row.carries)}: {plain(row.figure)}{fills}")
        with st.container(horizontal=True, gap="medium"):
            for name in row.evidence:
                if name in found:
                    opened(found[name], key=f"link-{row.ends}-{name}", stale=name in stale)
    if graph["circle"] and graph["circle"]["said"]:
        st.caption(graph["circle"]["said"])


def _days(row: Mapping[str, Any]) -> str:
    return f"{row['effort_days']:g} day{'s' if row['effort_days'] != 1 else ''}"


def _circle(told: Mapping[str, Any]) -> str:
    """How the circle of demand and cost came to rest, in a sentence or two."""
    said = str(told["said"])
    if told["converged"] >= SETTLED:  # a handful of draws, named below the chart among the links
        said = f"Demand and cost settle in {number(told['converged'], 'share')} of the draws."
    if told["two_states"]:
        critical = number(float(f"{told['critical_requests_per_s'] * SECONDS:.3g}"), "requests a year")
        share = number(told["two_states"], "share")
        said += f" In {share} of the draws demand dies away where it is below about {critical}: the critical mass."
    return said


def since_last(of: Venture) -> None:
    """What moved P(go) since the last review that differed: the checks that moved it most, the rest behind a line."""
    before, steps = last_moves(of)
    if not steps:
        return
    most = sorted(steps, key=lambda s: -abs(s.points))[:MOVES]
    first, rest = [s for s in steps if s in most], [s for s in steps if s not in most]
    with st.container(border=True, key="since"):
        st.subheader("Since the last review", anchor=False)
        if any(abs(s.points) >= STIRS for s in steps):
            graph_charts.moved(before, first, sum(s.points for s in rest), len(rest), key="b-moved")
        else:
            st.write(f"P(go) stays at {number(before['value'], 'share')}. What changed is how these checks answer:")
        st.markdown("\n".join(map(_move, first)))
        if rest:
            line = f"{len(rest)} more: answered otherwise, or moved it by less"
            folded(line, lambda: _lines(map(_move, rest)), key="moved-less", icon=":material/history:")


def _lines(of: Iterable[str]) -> None:
    st.markdown("\n".join(of))


def _move(step: Move) -> str:
    change = f"{step.was or 'not asked'} → {step.now or 'no longer asked'}" if step.was != step.now else step.now
    points = f" :gray[· P(go) {step.points * 100:+.1f} points]" if abs(step.points) >= STIRS else ""
    return f"- **{step.title}**: {change}{points}"


def to_do(checks: list[Check], found: Mapping[str, Evidence], stale: set[str]) -> None:
    """What stands between here and GO, most pressing first: who clears it, why it is open, and the evidence."""
    open_ones = [c for c in by_urgency(checks) if c.status is not Status.PASS]
    with st.container(border=True, key="to-do"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.subheader("What to do next" if open_ones else "Nothing left to do", anchor=False)
            if open_ones:
                name_owners()
        if not open_ones:
            st.write("Every check passes on fresh evidence.")
        grouped: dict[str, list[Check]] = {}
        for check in open_ones:
            grouped.setdefault(check.todo or check.title, []).append(check)
        for place, (todo, why) in enumerate(list(grouped.items())[:TODOS], 1):
            _task(place, todo, why, found, stale)
        if len(grouped) > TODOS:
            st.caption(f"and {len(grouped) - TODOS} more in the list of all checks below")


def _task(place: int, todo: str, why: list[Check], found: Mapping[str, Evidence], stale: set[str]) -> None:
    owners = ", ".join(dict.fromkeys(c.owner for c in why if c.owner)) or "nobody yet"
    reasons = Counter(
        f":{COLOUR[c.status]}[{ICON[c.status]} {ROOM[c.room][0] if c.room in ROOM else ''}] · {c.reason}" for c in why
    )
    lines = [said if n == 1 else f"{said} :gray[{n} checks wait for it.]" for said, n in reasons.items()]
    with st.container(gap="xsmall", key=f"task-{place}"):
        st.markdown(f"**{place}. {todo}**  \n" + "  \n".join(lines))
        with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
            st.caption(f":material/person: {plain(owners)}", width="content")
            for name in dict.fromkeys(e for c in why for e in c.evidence if e in found):
                opened(found[name], key=f"task-{name}", stale=name in stale)


def name_owners() -> None:
    """Who clears what is open, by room; kept in the venture file."""
    it, of = entry(), venture()
    with st.popover("Who does it", icon=":material/group:", type="tertiary"), st.form("owners", border=False):
        said = {
            room: st.text_input(ROOM[room][0], of.policy.owners.get(room, ""), max_chars=80, key=f"owner-{room}")
            for room in ROOMS
        }
        kept = st.form_submit_button("Keep the names", icon=":material/save:", disabled=it.sample)
        if it.sample:
            st.caption("The sample stays as it is: duplicate it on the Ventures page to name your own people.")
        else:
            st.caption("For a single check, name it in the file: `[policy.owners]`, with the id of the check.")
    if kept:
        names = {f"policy.owners.{room}": name.strip() or None for room, name in said.items()}
        save(it, lambda toml: ventures.change(toml, names), said="")


def main(write: Callable[..., object] = st.caption) -> None:
    of = venture()
    found = evidence(of, detail=True)
    now = inputs(of, found)
    stale = stale_ids(found, now)
    st.title(of.name, anchor=False)
    modes = ", ".join(MODE[m] for m in of.distribution.modes)
    write(
        f"{of.need.does.strip()} Sold as: {modes}. Last measured {ago(newest(found))}."
        + (f" {len(stale)} figures are stale." if stale else "")
    )
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="ways"):
        if found:
            st.page_link(
                "pages/readiness/meeting.py",
                label="Read it to a room",
                icon=":material/slideshow:",
                width="content",
                query_params={"venture": entry().slug},
                help="The story on five screens in large type: arrow keys turn them, Esc leads back.",
            )
        tour_link()
    tour()
    if not found and not live(of):
        st.info(
            "Nothing is measured yet. One button measures the model, the personal data, the licences and the market, "
            "each from this venture's own files, and takes a few minutes"
            + (" with the sample." if entry().sample else "."),
            icon=":material/lightbulb:",
        )
    today = assessment(of, found, now)
    told, fresh = kept(found, today, now)
    keep_fresh(of, found, fresh)
    told = told if fresh else {}
    checks = verdict_panel(of, today, due_rooms(of, found, now), told, found)
    watch(of, (*ROOMS, KIND))
    linked(of, told, found, stale)
    if not {"model.baseline_accuracy", "model.baseline_rmse"} & found.keys():
        get_ready(of, "look")  # who has not looked at the data yet will soon, and would wait for libraries
    for pair in (ROOMS[:2], ROOMS[2:]):
        for column, room in zip(st.columns(2), pair, strict=True):
            with column:
                card(room, of, found, checks, stale)
    to_do(checks, found, stale)
    since_last(of)
    line = f"All {len(checks)} checks"
    folded(line, lambda: _all_checks(of, today), key="all-checks", icon=":material/checklist:")


def _all_checks(of: Venture, today: Assessment) -> None:
    """Every check, what would be asked too, and what the venture does not state."""
    check_list(by_urgency(today.checks))
    pending_list(today.pending)
    open_ones = [f.description for name, f in Must.model_fields.items() if getattr(of.must, name) is None]
    if open_ones:
        st.caption("Not stated by this venture, so not checked: " + "; ".join(map(str, open_ones)) + ".")
    if of.must.availability is not None:
        st.caption("Stated, but not measured by Preflight yet: the share of time it answers.")


main()
