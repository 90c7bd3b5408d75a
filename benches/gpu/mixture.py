"""scikit-learn's GaussianMixture on CUDA tensors, through the array API, if it runs there.

    python benches/gpu/mixture.py [--quick] [--json FILE]

By itself, because SCIPY_ARRAY_API must be set before SciPy is imported.
"""

from __future__ import annotations

import os

os.environ["SCIPY_ARRAY_API"] = "1"

import warnings
from typing import Any

import harness  # first: it makes `timing` findable
import sklearn
import torch
from clock import pace_of, race
from harness import to_host, zbins
from identical import latents
from sklearn.mixture import GaussianMixture
from timing import Pace, Peer

D, K, COMPONENTS = 32, 8, 20
ITERATIONS = 10  # it may be far from converged: a lower limit of what a fit costs


def mixture_of(z: Any) -> GaussianMixture:
    """A fit that stops after ITERATIONS; running out of them is meant."""
    mixture = GaussianMixture(
        COMPONENTS, max_iter=ITERATIONS, init_params="random_from_data", random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with sklearn.config_context(array_api_dispatch=not hasattr(z, "ctypes")):
            return mixture.fit(z)


def check(mixture: GaussianMixture) -> None:
    """Weights sum to one, and means are numbers."""
    assert abs(float(mixture.weights_.sum()) - 1) < 1e-3, "weights that do not sum to one"
    assert bool(torch.isfinite(torch.as_tensor(mixture.means_)).all()), "means that are no numbers"


def on_device(mixture: GaussianMixture) -> None:
    """The same, and it stayed on the device."""
    check(mixture)
    assert mixture.means_.is_cuda, "the mixture was not computed on the device"


def drawn(mixture: GaussianMixture, n: int) -> Any:
    """Samples of a mixture on the device."""
    with sklearn.config_context(array_api_dispatch=True):
        return mixture.sample(n)[0]


def fit(n: int, pace: Pace) -> dict[str, Any]:
    """Ours and the mixture on the same rows."""
    z = latents(n, D, torch.float32)
    rows = to_host(z)
    sampler = zbins.PMFSampler(n_bins=K).fit(z)
    assert sampler.n_samples_seen_ == n
    title = f"fit, n = {n:,}, d = {D}, against GaussianMixture({COMPONENTS})"
    note = f"{ITERATIONS} iterations"
    peers = {
        "GaussianMixture on the device": Peer(
            lambda: mixture_of(z), on_device, "density", runs=3, note=note
        )
    }
    if n <= 10_000:
        peers["GaussianMixture on the CPU"] = Peer(
            lambda: mixture_of(rows), check, "density", runs=1, note=note
        )
    row = race(lambda: zbins.PMFSampler(n_bins=K).fit(z), peers, pace, title)
    return row | {"job": title, "n": n, "d": D, "k": K, "race": "fit"}


def draw(n: int, pace: Pace) -> dict[str, Any]:
    """Samples of both; the mixture is fitted on few rows, if it can be."""
    z = latents(20_000, D, torch.float32)
    sampler = zbins.PMFSampler(n_bins=K).fit(z)
    fitted: list[GaussianMixture] = []

    def call() -> Any:
        if not fitted:
            fitted.append(mixture_of(z))
        return drawn(fitted[0], n)

    def check_samples(samples: Any) -> None:
        assert tuple(samples.shape) == (n, D)
        assert getattr(samples, "is_cuda", False), "samples that are not on the device"

    title = f"sample, n = {n:,}, d = {D}, against GaussianMixture({COMPONENTS})"
    peers = {"GaussianMixture.sample on the device": Peer(call, check_samples, "density", runs=3)}
    row = race(lambda: sampler.sample(n, random_state=0), peers, pace, title)
    return row | {"job": title, "n": n, "d": D, "k": K, "race": "sample"}


def main() -> None:
    """Fits of two sizes, and samples."""
    bench = harness.Bench("mixture", __doc__)
    for n in (10_000, 100_000) if bench.quick else (10_000, 100_000, 1_000_000):
        bench.run(f"fit, n = {n:,}", fit, n, pace_of(bench))
    bench.run("sample", draw, 100_000 if bench.quick else 1_000_000, pace_of(bench))
    bench.end()


if __name__ == "__main__":
    main()
