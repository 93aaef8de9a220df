"""Where a ScanCode worker and those who ask it meet: a socket in a folder that only this user can enter."""

import hashlib
import os
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PROTOCOL = 1
NAME = "scancode-toolkit"


def socket_path() -> Path:
    """The socket of this user's worker for this ScanCode and this copy of the program; short, as sockets demand.

    Raises:
        OSError: the folder belongs to somebody else or cannot be made.
    """
    folder = Path(tempfile.gettempdir()) / f"preflight-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise OSError(f"{folder} is open to others")
    key = f"{PROTOCOL} {tool_version()} {Path(__file__).resolve()}"
    return folder / f"scancode-{hashlib.sha256(key.encode()).hexdigest()[:12]}.sock"


def tool_version() -> str:
    """The installed version of ScanCode."""
    try:
        return version(NAME)
    except PackageNotFoundError:
        return "(not installed)"
