"""Which measurement next: candidates, targets, and the expected gain of a measurement."""

from bmm.design.candidates import NEIGHBOURS, find_candidates
from bmm.design.ranking import Ranking, rank_candidates
from bmm.design.targets import DripLine, Energies, read_target

__all__ = [
    "NEIGHBOURS",
    "DripLine",
    "Energies",
    "Ranking",
    "find_candidates",
    "rank_candidates",
    "read_target",
]
