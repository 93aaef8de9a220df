"""Which variants of a tuned model there are, and how each is made.

They lie in the run's folder: `students/` holds smaller models as PyTorch keeps them, `variants/` what can be deployed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.model.optimise.distil import Distilling, distil
from core.model.optimise.export import export
from core.model.optimise.prune import Pruning, prune
from core.model.optimise.recover import Lesson, Reader, Teaching, made, shared
from core.model.serving.rows import check_run
from core.model.serving.run import VARIANTS
from core.progress import Progress, part, silent, told_while

STUDENTS = "students"
PRUNED, DISTILLED = "pruned", "distilled"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A variant: its name, the smaller model it is of ("" for the tuned model itself), and whether it is INT8."""

    name: str
    student: str = ""
    int8: bool = False


RECIPES = (
    Recipe("onnx-fp32"),
    Recipe("onnx-int8", int8=True),
    Recipe("pruned", PRUNED),
    Recipe("pruned-int8", PRUNED, int8=True),
    Recipe("distilled", DISTILLED),
    Recipe("distilled-int8", DISTILLED, int8=True),
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A variant that could not be made, and why."""

    name: str
    why: str


def make(
    run: Path,
    recipes: Sequence[Recipe],
    test: Path | None,
    texts: Sequence[str],
    progress: Progress = silent,
) -> list[LeftOut]:
    """Make what a run does not have yet of these; one that fails is returned and does not keep the others back.

    Args:
        run: folder of a finished training of classes.
        recipes: one after the other, the students' trainings sharing what they need of the tuned model.
        test: the run's test table, of which no text is learnt from.
        texts: real ones, to hold each export against its model.
        progress: told at least every second or two; what it raises ends the work, and what is made stays.

    Raises:
        InputError: the run is incomplete or changed since.
    """
    tuned = str(check_run(run)["model"]["weights_sha256"])
    once = shared()

    def read(run: Path, settings: Teaching, progress: Progress) -> Lesson:
        more = Distilling(test=settings.test)  # which has the varied texts, too
        return once(run, more if any(r.student == DISTILLED for r in recipes) else settings, progress)

    left_out = []
    ends = [sum(work(recipes[: i + 1])) / sum(work(recipes)) for i in range(len(recipes))]
    for recipe, begin, end in zip(recipes, [0.0, *ends[:-1]], ends, strict=True):
        try:
            _make(run, recipe, test, texts, tuned, read, part(progress, begin, end))
        except InputError as error:
            left_out.append(LeftOut(recipe.name, str(error)))
    return left_out


def trained(run: Path, student: str, test: Path | None) -> bool:
    """Whether a run's student is there already, of the settings that it would be made with."""
    settings = Pruning(test=test) if student == PRUNED else Distilling(test=test)
    return made(run, run / STUDENTS / student, student, settings)[1]


def work(recipes: Sequence[Recipe]) -> list[int]:
    """How long each takes beside the others: a student's training ten times as long as an export."""
    seen: set[str] = {""}
    return [1 if r.student in seen or seen.add(r.student) else 10 for r in recipes]  # type: ignore[func-returns-value]


def _make(
    run: Path, recipe: Recipe, test: Path | None, texts: Sequence[str], tuned: str, read: Reader, progress: Progress
) -> None:
    source = run / "model"
    if recipe.student:
        source = run / STUDENTS / recipe.student
        source.parent.mkdir(exist_ok=True)
        if recipe.student == PRUNED:
            prune(run, source, Pruning(test=test), part(progress, 0, 0.8), read)
        else:
            distil(run, source, Distilling(test=test), part(progress, 0, 0.8), read)
    out = run / VARIANTS / recipe.name
    out.parent.mkdir(exist_ok=True)
    fp32 = out.with_name(recipe.student or "onnx-fp32")
    progress(0.8, 1, f"Exporting {recipe.name}")
    told_while(
        lambda: export(source, out, recipe.name, texts, tuned, int8=recipe.int8, fp32=fp32),
        part(progress, 0.8, 1),
        f"Exporting {recipe.name}",
    )
