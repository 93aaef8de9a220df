"""Distillation: a student of fewer layers that begins as some of the tuned model's, and learns from its answers."""

from dataclasses import dataclass
from pathlib import Path

from core.model.optimise.prune import blocks, narrowed, shape, with_layers
from core.model.optimise.recover import Reader, Teaching, made, read_lesson, teach
from core.progress import Progress, part, silent

JUDGED = 128  # training rows on which the neurons of a narrower student are chosen


@dataclass(frozen=True, slots=True)
class Distilling(Teaching):
    """The student's shape, and how it learns.

    Attributes:
        layers: of the student; None gives it one for three of the teacher's.
        width: neurons between its feed-forward matrices; None gives it a quarter of the teacher's.
    """

    epochs: int = 4
    learning_rate: float = 5e-4
    varied: int | None = None
    layers: int | None = None
    width: int | None = None


def distil(
    run: Path, out: Path, settings: Distilling | None = None, progress: Progress = silent, read: Reader = read_lesson
) -> Path:
    """Train a student on the run's own training rows: (1 - weight) · CE + weight · T² · KL (Hinton et al. 2015).

    Args:
        run: folder of a finished training of classes.
        out: folder for the student, which `load_model` reads; there at once if these settings made it before.
        settings: the student's shape, and the training.
        progress: told at least every second or two; what it raises ends the work, which can be taken up again.
        read: where the lesson is read, so that two students can share one.

    Returns:
        `out`.

    Raises:
        InputError: the run was changed since, the model is of a kind that cannot be made smaller, or is no larger than
            asked.
    """
    settings = settings or Distilling()
    follows, done = made(run, out, "distilled", settings)
    if done:
        return out
    lesson = read(run, settings, part(progress, 0, 0.1)).varied(settings)
    layers, width = shape(lesson.teacher, settings.layers, settings.width, of=(1 / 3, 1 / 4))
    student = with_layers(lesson.teacher, evenly(len(blocks(lesson.teacher)), layers))
    student = narrowed(student, width, lesson.sample(JUDGED, settings.seed)[0], lesson.pad)
    return teach(lesson, student, settings, out, follows, part(progress, 0.1, 1))


def evenly(has: int, wanted: int) -> list[int]:
    """Layers spread from the first to the last; 6 of 12 are those of DistilBERT (Sanh 2019, arXiv 1910.01108)."""
    return [round(i * (has - 1) / max(wanted - 1, 1)) for i in range(wanted)]
