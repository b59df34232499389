"""How good a unit is at its work. Nobody in the city sees these figures; its rates and zones let them be guessed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Quality:
    """``pace``: mean share of the time that it uses. ``solving`` shifts the chance to solve. The rest are probabilities."""

    pace: float
    contact: float
    solving: float
    returning: float
    extending: float
    late: float
    honest: float


def quality_of(seed: object, code: str) -> Quality:
    """Drawn once for a unit: one goodness, from which everything else follows with some noise."""
    rng = Random(f"{seed}/unit/{code}")  # noqa: S311
    good = max(-2.0, min(2.0, rng.gauss(0.2, 1)))

    def near(middle: float, slope: float, low: float, high: float) -> float:
        return max(low, min(high, middle + slope * (good + rng.gauss(0, 0.3))))

    return Quality(
        pace=near(0.50, -0.12, 0.12, 0.9),
        contact=near(0.985, 0.012, 0.9, 0.999),
        solving=near(0.0, 0.03, -0.10, 0.06),
        returning=near(0.02, -0.015, 0.002, 0.08),
        extending=near(0.06, -0.025, 0.01, 0.14),
        late=near(0.03, -0.025, 0.003, 0.12),
        honest=near(0.8, 0.1, 0.3, 0.98),
    )
