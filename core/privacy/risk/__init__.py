"""Re-identification: could someone be singled out by a combination of ordinary columns, once names are masked?"""

from core.privacy.risk.assess import Risk, WhatIf, assess, of_rows, of_table
from core.privacy.risk.columns import Column, Role
from core.privacy.risk.table import Coded, encode, read

__all__ = ["Coded", "Column", "Risk", "Role", "WhatIf", "assess", "encode", "of_rows", "of_table", "read"]
