"""Hypothesis profiles: what CI runs is what the laws are promised on."""

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
settings.register_profile("deep", max_examples=20_000, **{**common, "derandomize": False})
settings.load_profile(os.environ.get("ZBINS_HYPOTHESIS", "default"))
