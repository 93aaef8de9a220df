"""What goes in: one small module for each kind of input, behind one door, `read_target`.

As in pip-audit, every package, line or entry is either resolved or skipped with a reason; none is dropped.
"""

from core.licences.sources.door import CURRENT, Given, read_target
from core.licences.sources.graph import Package

__all__ = ["CURRENT", "Given", "Package", "read_target"]
