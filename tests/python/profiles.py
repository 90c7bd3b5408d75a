"""Hypothesis profiles: what CI runs is what the laws are promised on.

`default`, and `quick` while one works, try the same examples each time. `random` tries others,
from the seed that `make test-random` prints: as many as two cores try in a minute, so that the seed
alone brings a failure back. `deep` is for a night.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

common = {
    "deadline": None,  # machines are shared: time is measured in benches/, not here
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
    "derandomize": True,
}
settings.register_profile("default", max_examples=400, **common)
settings.register_profile("quick", max_examples=25, **common)
seeded = common | {"derandomize": False, "database": None, "print_blob": True}
settings.register_profile("random", max_examples=600, **seeded)
settings.register_profile("deep", max_examples=20_000, **seeded)
settings.load_profile(os.environ.get("ZBINS_HYPOTHESIS", "default"))
