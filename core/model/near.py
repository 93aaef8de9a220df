"""Rows that say the same, or nearly: what a model can answer from memory, and where two labels contradict each other.

Two texts are alike by the share of their four-character shingles that they have in common (Jaccard; Broder, On the
resemblance and containment of documents, 1997), shingles being taken within words of the normalised text. Pairs are
found by prefix filtering: with shingles in order of rarity, two sets of resemblance t must share one of the
|x| - ⌈t|x|⌉ + 1 rarest of each (Bayardo, Ma & Srikant, Scaling up all pairs similarity search, 2007). That is exact,
and near linear in practice, since rare shingles have few owners.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import HashingVectorizer

from core.model.data import normalised
from core.progress import Progress, part, silent

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# Read off BANKING77's test questions beside their most similar training questions: from 0.75 up they differ by a word
# of little weight or a typing error ("Will this app exchange currencies?", "Will this app allow me to exchange
# currencies?"), and 95 in 100 carry the same label; around 0.6 they ask different things ("i have not received my
# card", "Why have I not received my PIN"). A greeting put before a sentence of usual length, or a few typing errors,
# leave 0.76 or more.
THRESHOLD = 0.75
SHINGLE = 4
_COMPARED = 10_000  # characters of a text; the rest of a longer one is not looked at
_CROWD = 500  # owners above which a shingle points to no one in particular
_NEIGHBOURS = 10
_ENTRIES = 1_000_000  # of a sparse product at a time: some 30 MB, a fraction of a second


@dataclass(frozen=True, slots=True)
class Twins:
    """What was found among n texts.

    Attributes:
        same: (n,) the first text that is equal once normalised; its own position where it is the first.
        pairs: (m, 2) near-duplicates, both firsts of their kind, the earlier one first, in order.
        similarity: (m,) their resemblance, from the threshold up to 1.
        group: (n,) the first text of those that are joined by equality or a chain of pairs.
    """

    same: Ints
    pairs: Ints
    similarity: Floats
    group: Ints

    @property
    def copies(self) -> Mask:
        """(n,) whether an earlier text is equal once normalised."""
        return np.asarray(self.same != np.arange(len(self.same)))

    def near(self, others: Mask) -> Mask:
        """For each text, whether it equals or nearly equals one of `others` (n,) that is not itself."""
        n = len(self.same)
        owners = np.bincount(self.same[others], minlength=n)
        neighbours = np.zeros(n, dtype=np.int64)
        np.add.at(neighbours, self.pairs[:, 0], owners[self.pairs[:, 1]])
        np.add.at(neighbours, self.pairs[:, 1], owners[self.pairs[:, 0]])
        return np.asarray(owners[self.same] - others + neighbours[self.same] > 0)


def find_twins(texts: Sequence[str], threshold: float = THRESHOLD, progress: Progress = silent) -> Twins:
    """Find all pairs of texts whose resemblance reaches `threshold` (above 0, at most 1).

    Texts that share only shingles of more than 500 owners, such as thousands of filled-in forms, are compared with
    their ten neighbours in alphabetical order from the front and from the back (Hernández & Stolfo, The merge/purge
    problem, 1995): the pairs would number millions, and the groups come out alike.
    """
    first: dict[str, int] = {}
    same = np.array([first.setdefault(normalised(t), i) for i, t in enumerate(texts)], dtype=np.int64)
    distinct, origin = list(first), np.fromiter(first.values(), np.int64, len(first))
    shingles = _by_rarity(_shingles(distinct, part(progress, 0, 0.5)))
    sizes = np.diff(shingles.indptr).astype(np.int64)
    found, alike = [np.empty((0, 2), np.int64)], [np.empty(0)]
    for candidates in _candidates(shingles, distinct, threshold, part(progress, 0.5, 1)):
        close = sizes[candidates].min(1) >= threshold * sizes[candidates].max(1) - 1e-9
        for pairs in _sliced(candidates[close], sizes):
            a, b = pairs.T
            common = np.asarray(shingles[a].multiply(shingles[b]).sum(axis=1)).ravel()
            similarity = common / (sizes[a] + sizes[b] - common)
            keep = similarity >= threshold - 1e-9
            found.append(pairs[keep])
            alike.append(similarity[keep])
    pairs, similarity = _in_order(np.concatenate(found), np.concatenate(alike), len(distinct))
    return Twins(same, origin[pairs], similarity, _groups(same, origin[pairs]))


def _in_order(pairs: Ints, similarity: Floats, n: int) -> tuple[Ints, Floats]:
    """Pairs of positions below n, each once, in ascending order."""
    keys, at = np.unique(pairs[:, 0] * n + pairs[:, 1], return_index=True)
    return np.stack(np.divmod(keys, n), 1) if n else pairs, similarity[at]


def _shingles(texts: list[str], progress: Progress) -> sparse.csr_matrix:
    """One row a text, one column a shingle (by its hash), 1 where it occurs."""
    hashing = HashingVectorizer(
        analyzer="char_wb",
        ngram_range=(SHINGLE, SHINGLE),
        lowercase=False,
        binary=True,
        norm=None,
        alternate_sign=False,
        n_features=1 << 22,
        dtype=np.float32,
    )
    blocks = [sparse.csr_matrix((0, 1 << 22), dtype=np.float32)]
    for start in range(0, len(texts), 200):
        blocks.append(hashing.transform([t[:_COMPARED] for t in texts[start : start + 200]]))
        progress(min(start + 200, len(texts)), len(texts), "Looking for near-duplicates")
    return sparse.vstack(blocks, format="csr")


def _by_rarity(shingles: sparse.csr_matrix) -> sparse.csr_matrix:
    """The same, the columns ordered from the rarest shingle to the most frequent."""
    owners = np.bincount(shingles.indices, minlength=shingles.shape[1])
    rank = np.empty(len(owners), dtype=shingles.indices.dtype)
    rank[np.argsort(owners, kind="stable")] = np.arange(len(owners))
    ordered = sparse.csr_matrix((shingles.data, rank[shingles.indices], shingles.indptr), shape=shingles.shape)
    ordered.sort_indices()
    return ordered


def _candidates(shingles: sparse.csr_matrix, texts: list[str], threshold: float, progress: Progress) -> Iterator[Ints]:
    """Pairs (m, 2) of rows that share one of their rarest shingles, a block at a time, the lower row first."""
    sizes = np.diff(shingles.indptr)
    place = np.arange(shingles.nnz) - np.repeat(shingles.indptr[:-1], sizes)
    rarest = sizes - np.ceil(threshold * sizes - 1e-9) + 1
    kept = place < np.repeat(rarest, sizes)
    row, column = np.repeat(np.arange(len(sizes)), sizes)[kept], shingles.indices[kept]
    owners = np.bincount(column, minlength=shingles.shape[1])
    crowded = owners[column] > _CROWD
    yield _neighbours(np.unique(row[crowded]), texts)
    row, column = row[~crowded], column[~crowded]
    prefix = sparse.csr_matrix((np.ones(len(row), np.float32), (row, column)), shape=shingles.shape)
    work = np.bincount(row, weights=owners[column], minlength=len(sizes))
    for start, stop in _blocks(work, _ENTRIES):
        shared = (prefix[start:stop] @ prefix[start:].T).tocoo()
        above = shared.col > shared.row
        progress(stop, len(sizes), "Comparing near-duplicates")
        yield np.stack([shared.row[above], shared.col[above]], 1).astype(np.int64) + start


def _neighbours(rows: Ints, texts: list[str]) -> Ints:
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for turned in (False, True):
        ordered = np.array(sorted(rows.tolist(), key=lambda i: texts[i][::-1] if turned else texts[i]), dtype=np.int64)
        pairs += [np.stack([ordered[:-d], ordered[d:]], 1) for d in range(1, min(_NEIGHBOURS, len(rows) - 1) + 1)]
    return np.sort(np.concatenate(pairs), axis=1)


def _sliced(pairs: Ints, sizes: Ints) -> Iterator[Ints]:
    for start, stop in _blocks(sizes[pairs].sum(1), _ENTRIES):
        yield pairs[start:stop]


def _blocks(work: Floats | Ints, most: int) -> Iterator[tuple[int, int]]:
    """Consecutive slices whose work sums up to about `most`, of one item at least."""
    total = np.cumsum(work)
    start = 0
    while start < len(work):
        before = total[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(total, before + most, side="right")))
        yield start, stop
        start = stop


def _groups(same: Ints, pairs: Ints) -> Ints:
    n = len(same)
    a, b = np.concatenate([np.stack([np.arange(n), same], 1), pairs]).T
    _, label = connected_components(sparse.coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(n, n)), directed=False)
    _, first = np.unique(label, return_index=True)
    return np.asarray(first[label], dtype=np.int64)
