"""What goes in: one small module for each kind of input, behind one door, `read_target`.

As in pip-audit, every package, line or entry is either resolved or skipped with a reason; none is dropped.
"""

from core.licences.package import Package
from core.licences.sources.door import CURRENT, Given, read_target

__all__ = ["CURRENT", "Given", "Package", "read_target"]
