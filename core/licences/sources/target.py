"""Where the product runs: the values that environment markers are compared with."""

from packaging.markers import Environment, UndefinedComparison, UndefinedEnvironmentName, default_environment
from packaging.requirements import Requirement

from core.errors import InputError

TARGETS: dict[str, dict[str, str]] = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
}

_NO_GROUPS: dict[str, frozenset[str]] = {"extras": frozenset(), "dependency_groups": frozenset()}  # markers of locks


def marker_environment(platform: str) -> dict[str, str]:
    """The values markers are compared with: this Python, on the target platform.

    Raises:
        InputError: a platform that is not one of linux, macos, windows.
    """
    if platform not in TARGETS:
        raise InputError(f"platform {platform!r}: give one of {', '.join(TARGETS)}.")
    environment: Environment = default_environment()
    return {k: str(v) for k, v in environment.items()} | TARGETS[platform]


def applies(requirement: Requirement, environment: dict[str, str], extras: frozenset[str] = frozenset()) -> bool:
    """Whether the target installs it: its marker holds, for no extra or for one of those asked for.

    A marker that cannot be answered counts as holding: what may ship is looked at.
    """
    if requirement.marker is None:
        return True
    try:
        return any(requirement.marker.evaluate({**environment, **_NO_GROUPS, "extra": e}) for e in ("", *extras))
    except (UndefinedComparison, UndefinedEnvironmentName):  # such as sys_platform ~= "linux"
        return True
