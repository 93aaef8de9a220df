"""Code of others inside a package: what its own SBOM, folders, libraries and licence files show, in one fast pass."""

from core.licences.bundled.part import Part
from core.licences.bundled.xray import xray

__all__ = ["Part", "xray"]
