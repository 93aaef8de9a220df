"""Formulas over draws. Apart from their grammar, which every reader of a venture file needs, because of numpy."""

from collections.abc import Mapping
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from core.formula import FormulaError, Node

Array = NDArray[np.float64]


def evaluate(tree: Node, values: Mapping[str, Array]) -> Array:
    """The formula in every draw.

    Raises:
        FormulaError: it divides by zero in some draw.
    """
    if tree.op is None:
        return values[tree.name] if tree.name else np.asarray(tree.number)
    args = [evaluate(a, values) for a in tree.args]
    match tree.op:
        case "neg":
            return np.negative(args[0])
        case "+":
            return np.add(*args)
        case "-":
            return np.subtract(*args)
        case "*":
            return np.multiply(*args)
        case "/":
            zero = int(np.count_nonzero(args[1] == 0))
            if zero and args[1].size == 1:
                raise FormulaError(f"divides by zero: {tree.args[1]} is always 0")
            if zero:
                raise FormulaError(f"divides by zero: {tree.args[1]} is 0 in {zero:,} of {args[1].size:,} draws")
            return np.divide(*args)
        case "min":
            return reduce(np.minimum, args)
        case "max":
            return reduce(np.maximum, args)
