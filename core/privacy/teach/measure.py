"""The door to trying out a change of a venture's own rules, before it counts."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from core.privacy.leak.measure import as_find, labelled
from core.privacy.leak.pick import sources
from core.privacy.leak.sheet import Folder
from core.privacy.names.measure import rules_of, use
from core.privacy.teach.draft import Draft, fingerprint
from core.progress import Progress, part
from core.settings import settings
from core.venture import RULES, Venture, load

if TYPE_CHECKING:
    from core.privacy.leak.pick import TextFile
    from core.privacy.rules import Rules


def effect(params: Mapping[str, Any], run_dir: Path, progress: Progress) -> dict[str, Any]:
    """Search labelled rows, and some drawn at random, by the present rules and by the draft, and say what differs.

    Args:
        params: `venture`, the path of its file, and `roots`, the folders that it may read.
        run_dir: not written to: a draft and what it finds leave no trace there.
        progress: told how far it is.

    Returns:
        `draft` and `inputs`, which say what was tried on what; `reach` of each own recogniser, `drawn`, `labelled`
        (None where nothing is labelled) and `problems`. No text of a row is among it.

    Raises:
        InputError: nothing is being tried out, the rules mean nothing, or the data cannot be read.
    """
    of = load(Path(params["venture"]), tuple(map(Path, params.get("roots", ()))))
    private = Folder.of(settings().var, of.key)
    text = Draft(private.path, RULES).text
    if text is None:
        raise InputError("No change is being tried out; make one on the page Own rules first.")
    files = sources(of.datasets, of.locate)
    if not files:
        raise InputError("The venture names no data set; add one on the Ventures page.")
    progress(0, 1, "loading the recognisers")
    from core.privacy.rulefile import checked
    from core.privacy.rules import Rules

    found = _compared(of, checked(Rules, text, RULES), files, private, progress)
    return {"draft": fingerprint(text), "inputs": of.inputs("privacy")} | found


def _compared(
    of: Venture, new: "Rules", files: "list[TextFile]", private: Folder, progress: Progress
) -> dict[str, Any]:
    from core.privacy.detect import THRESHOLD, Detector, detector
    from core.privacy.teach import effect as on

    use(of)
    old = rules_of(of)
    present = Detector(old) if old else detector()
    progress(0.2, 1, "loading the recognisers, those being tried out too")
    tried = Detector(new)
    before, after = as_find(present, files), as_find(tried, files)
    reach = on.reach(files, new.built, progress=part(progress, 0.3, 0.5))
    progress(0.5, 1, "searching the labelled rows")
    kept = labelled(private, files)
    told = on.on_labelled(*kept, before, after, threshold=THRESHOLD) if kept else None
    sample = on.draw(files)
    drawn = on.on_drawn(sample, before, after, threshold=THRESHOLD, progress=part(progress, 0.6, 1.0))
    return {"reach": reach, "labelled": told, "drawn": drawn, "problems": list(tried.problems)}
