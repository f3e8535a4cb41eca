"""The worlds: how students work, and what of the data can be trusted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class World:
    """One kind of world; shares are in [0, 1]."""

    name: str
    says: str
    effort: float = 0.0
    """How much a context that is liked wholly raises learning above indifference, as a share."""
    willing: float = 0.0
    """How much it raises the chance that an assignment is done on a day."""
    distracts: float = 0.0
    """Logits that a liked context costs the weaker half, and the same share of what they learn."""
    forgetting: float = 0.002
    """Share of what was learned that a day takes."""
    wrong_edges: float = 0.0
    """Share of the catalogue's prerequisites that are wrong."""
    misread: float = 0.0
    """Share of answers that reach the learner model turned round."""
    lost: float = 0.0
    """Share of attempts whose event never comes."""
    late: float = 0.0
    """Share of attempts whose event comes three days late."""
    doubled: float = 0.0
    """Share of attempts whose event comes twice."""
    flat_survey: bool = False
    """Every survey answer is the same."""
    slow_half: bool = False
    """Half of the class learns half as fast and reads two grades lower."""
    hardest_reading: float = 6.0
    """School grade up to which themes read; plain tasks read at grade 3, and who reads low manages grade 4."""


WORLDS: tuple[World, ...] = (
    World("matters", "interest raises effort", effort=0.5, willing=0.2),
    World("null", "interest does nothing"),
    World("distracts", "interest distracts the weaker half", distracts=0.3),
    World("forgets", "interest raises effort, and forgetting is strong", effort=0.5, willing=0.2, forgetting=0.02),
    World(
        "wrong",
        "a tenth of the edges and of the answers is wrong, and the survey says nothing",
        effort=0.5,
        willing=0.2,
        wrong_edges=0.1,
        misread=0.1,
        flat_survey=True,
    ),
    World("slow", "half of the class is slow and reads low", effort=0.5, willing=0.2, slow_half=True),
    World(
        "slow_plain",
        "the same, and every theme is told in words that all can read",
        effort=0.5,
        willing=0.2,
        slow_half=True,
        hardest_reading=4.0,
    ),
    World("events", "events are lost, late and doubled", effort=0.5, willing=0.2, lost=0.1, late=0.1, doubled=0.1),
)
