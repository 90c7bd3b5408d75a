"""What both displays are given in the tests of bad input."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

import zbins
from helpers import rows

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def cases(passed, *table):
    """A test for each row of a table: what is passed, the exception, and what it says."""
    return pytest.mark.parametrize((*passed.split(), "error", "said"), table)


X = rows(30, 4)
SAMPLER = zbins.PMFSampler(3, random_state=0).fit(X)


@pytest.fixture(autouse=True)
def nothing_drawn():
    yield
    assert plt.get_fignums() == []


class Generator:
    """Samples what it is given: images, or a function of their number and label."""

    def __init__(self, images=None, n=None):
        self.images, self.n, self.calls = images, n, 0

    def sample(self, n, y=None, *, random_state=None):
        self.calls += 1
        if callable(self.images):
            return self.images(n, y)
        return np.zeros((self.n or n, 1, 4, 5)) if self.images is None else self.images


class Unseeded:
    def sample(self, n):
        return X[:n]
