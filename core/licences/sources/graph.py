"""Why a package is here: the chain of requirers from what was given down to it."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

from core.licences.package import Package


def chains(roots: Mapping[str, str], requires: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """The shortest chain of requirers to each package that can be reached; circles end where they begin.

    Args:
        roots: key of each package that was named itself -> where it was named.
        requires: key -> keys of the packages that it depends on.

    Returns:
        key -> where the chain begins, then the keys on the way, the direct requirer last.
    """
    found: dict[str, tuple[str, ...]] = {key: (place,) for key, place in roots.items()}
    queue = deque(found)
    while queue:
        key = queue.popleft()
        for needed in requires.get(key, ()):
            if needed not in found:
                found[needed] = (*found[key], key)
                queue.append(needed)
    return found


def explain(
    packages: Mapping[str, Package], roots: Mapping[str, str], requires: Mapping[str, Iterable[str]], place: str
) -> dict[str, Package]:
    """The packages with `via` and `required_by` filled in.

    A package that no chain reaches counts as named itself: in an environment those are what somebody installed. Of a
    circle that nothing else requires, the first by name.
    """
    edges = {key: [n for n in needed if n in packages and n != key] for key, needed in requires.items()}
    requirers: dict[str, list[str]] = {}
    for key in sorted(edges):
        for needed in edges[key]:
            requirers.setdefault(needed, []).append(key)
    named = dict(roots) or {key: place for key in packages if key not in requirers}
    found = chains(named, edges)
    for key in sorted(packages):
        if key not in found:
            found |= {k: v for k, v in chains({key: place}, edges).items() if k not in found}
    return {
        key: replace(p, via=tuple(_shown(packages, k) for k in found[key]),
                     required_by=tuple(_shown(packages, k) for k in requirers.get(key, ())))
        for key, p in packages.items()
    }  # fmt: skip


def _shown(packages: Mapping[str, Package], key: str) -> str:
    return packages[key].name if key in packages else key
