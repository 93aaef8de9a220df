"""What this machine can do: processor, memory, limits, and its measured rate at the work that training is made of."""

import math
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import torch

from core.model.latency import this_machine

FLAGS = (
    *("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8"),
    *("neon", "asimddp", "bf16"),
)
SIDE = 2048
_SECONDS = 0.4  # of repeating a product; the best of the repeats counts, for it was disturbed least


@dataclass(frozen=True, slots=True)
class Hardware:
    """A machine as far as training goes.

    Attributes:
        cores: physical ones; `usable` are the logical ones that this process may run on.
        quota: processors that a container grants, None without such a limit.
        memory_gb: what this process may use, container limit included.
        flags: those of `FLAGS` that the processor names.
        fp32_gflops, bf16_gflops: rate of a 2048 x 2048 matrix product with `threads` threads.
        bf16_native: the processor has bf16 units; without them bf16 is emulated.
    """

    cpu: str
    cores: int
    usable: int
    quota: float | None
    threads: int
    memory_gb: float
    flags: tuple[str, ...]
    fp32_gflops: float
    bf16_gflops: float
    bf16_native: bool

    def as_json(self) -> dict[str, Any]:
        """The machine as JSON values."""
        return asdict(self)


def inspect_hardware() -> Hardware:
    """Read the machine's description and time two matrix products (about a second)."""
    flags = cpu_flags()
    return Hardware(
        cpu=this_machine().cpu,
        cores=psutil.cpu_count(logical=False) or os.cpu_count() or 1,
        usable=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        quota=cpu_quota(),
        threads=torch.get_num_threads(),
        memory_gb=round(min(psutil.virtual_memory().total, _memory_limit()) / 1e9, 1),
        flags=flags,
        fp32_gflops=matmul_gflops(torch.float32),
        bf16_gflops=matmul_gflops(torch.bfloat16),
        bf16_native=bf16_native(flags),
    )


def memory_room() -> float:
    """Bytes that models kept at the same time may take: half of what is free, so that others keep some."""
    return float(min(psutil.virtual_memory().available, _memory_limit())) / 2


def bf16_native(flags: tuple[str, ...]) -> bool:
    """Whether the processor itself multiplies bf16.

    Not asked of `torch.ops.mkldnn._is_mkldnn_bf16_supported`: it says yes where the work is emulated, which made
    training 2.1 times slower (755 and 1,590 ms a step on an Ice Lake without avx512_bf16).
    """
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(flags))


def int8_native(flags: tuple[str, ...]) -> bool:
    """Whether the processor multiplies and adds 8-bit numbers in one instruction (VNNI, AMX, or ARM's dot product)."""
    return bool({"avx512_vnni", "avx_vnni", "amx_int8", "asimddp"} & set(flags))


def matmul_gflops(dtype: torch.dtype) -> float:
    """The best of some products of two square matrices, in 10^9 operations a second (2 n^3 a product)."""
    a, b = (torch.randn(SIDE, SIDE).to(dtype) for _ in range(2))
    best, begun = math.inf, time.perf_counter()
    while True:
        start = time.perf_counter()
        torch.mm(a, b)
        end = time.perf_counter()
        best = min(best, end - start)
        if end - begun > _SECONDS:
            return round(2 * SIDE**3 / best / 1e9, 1)


def cpu_quota(root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Processors that a control group (version 2 or 1) grants, or None."""
    try:
        if (root / "cpu.max").is_file():
            quota, period = (root / "cpu.max").read_text().split()[:2]
        else:
            quota, period = ((root / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return float(quota) / float(period) if quota.strip() != "max" and float(quota) > 0 else None
    except (OSError, ValueError):
        return None


def _memory_limit(root: Path = Path("/sys/fs/cgroup")) -> float:
    try:
        return float((root / "memory.max").read_text())
    except (OSError, ValueError):
        return math.inf


def cpu_flags() -> tuple[str, ...]:
    """Those of `FLAGS` that the processor names; none where it cannot be asked."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text(errors="replace").splitlines()
        words = set(next((v for v in lines if v.lower().startswith(("flags", "features"))), "").split())
    elif sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.features", "machdep.cpu.leaf7_features"]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.lower()
        words = set(told.split()) | ({"neon"} if platform.machine() == "arm64" else set())
        arm = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "hw.optional.arm.FEAT_BF16"], capture_output=True, text=True, check=False
        )
        words |= {"bf16"} if arm.stdout.strip() == "1" else set()
    else:
        words = set()
    return tuple(f for f in FLAGS if f in words or (f == "neon" and "asimd" in words))
