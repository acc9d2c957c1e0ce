"""Predictive distributions of masses: mixtures of Student-t's and normals, and their summaries.

The names are loaded when they are first used: settings need only the number of degrees of freedom.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from bmm.distributions import student_t as student_t
    from bmm.distributions.mixture import StudentTMixture as StudentTMixture
    from bmm.distributions.summary import INTERVALS as INTERVALS
    from bmm.distributions.summary import WIDE_INTERVALS as WIDE_INTERVALS
    from bmm.distributions.summary import interval_ends as interval_ends
    from bmm.distributions.summary import summarise_draws as summarise_draws

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"student_t"},
    submod_attrs={
        "mixture": ["StudentTMixture"],
        "summary": ["INTERVALS", "WIDE_INTERVALS", "interval_ends", "summarise_draws"],
    },
)
