from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Result:
    """``value`` in ``unit``; ``target`` is what it must reach (at least, or at most when ``lower_is_better``)."""

    name: str
    what: str
    value: float
    unit: str
    target: float
    lower_is_better: bool = False
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return self.value <= self.target if self.lower_is_better else self.value >= self.target

    def show(self) -> None:
        sign = "≤" if self.lower_is_better else "≥"
        verdict = "reached" if self.passed else "MISSED"
        print(f"\n{self.name}: {self.what}")
        print(f"  {self.value:.3g} {self.unit} (target {sign} {self.target:g}): {verdict}")
        for label, text in self.facts.items():
            print(f"  {label}: {text}")


def machine() -> str:
    model = platform.processor() or platform.machine()
    try:
        with Path("/proc/cpuinfo").open() as info:
            model = next(line.split(":", 1)[1].strip() for line in info if line.startswith("model name"))
        with Path("/proc/meminfo").open() as info:
            memory = int(next(info).split()[1]) / 1024**2
    except (OSError, StopIteration):
        return f"{os.cpu_count()} × {model}"
    return f"{os.cpu_count()} × {model}, {memory:.0f} GiB, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


median = statistics.median
