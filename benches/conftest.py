"""What the micro benches share: the axes of axes.MICRO, as fixtures.

    make bench-micro

Each bench checks its answer first, then hands the call to pytest-benchmark. `--benchmark-autosave`
and `--benchmark-compare` tell two versions apart.
"""

from __future__ import annotations

import numpy as np
import pytest
from answers import check_fit, count, quantized
from axes import MICRO, THREADS, Shape, rows_of

import zbins


@pytest.fixture(scope="session", params=MICRO, ids=lambda shape: shape.name.replace(" ", "-"))
def shape(request: pytest.FixtureRequest) -> Shape:
    """A point on the axes."""
    return request.param


@pytest.fixture(scope="session")
def z(shape: Shape) -> np.ndarray:
    """Its rows."""
    return rows_of(shape)


@pytest.fixture(scope="session")
def expected(shape: Shape, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Its bins and counts, by NumPy."""
    return count(quantized(z, shape.k))


@pytest.fixture(scope="session")
def fitted(
    shape: Shape, z: np.ndarray, expected: tuple[np.ndarray, np.ndarray]
) -> zbins.PMFSampler:
    """A sampler fitted on them and compared with that; draws use seed 0."""
    sampler = zbins.PMFSampler(shape.k, random_state=0).fit(z)
    check_fit(sampler, expected)
    return sampler


@pytest.fixture(params=THREADS, ids=lambda threads: f"{threads}-threads")
def threads(request: pytest.FixtureRequest) -> int:
    """A number of threads."""
    return request.param
