"""Every public operation once on little data, against the CPU: what compute-sanitizer runs.

    PYTORCH_NO_CUDA_MEMORY_CACHING=1 compute-sanitizer python benches/gpu/small_case.py

Without PyTorch's cache every array is an allocation of its own, so that an access beside it shows.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import harness
import numpy as np
import torch
from harness import cpu_twin, to_host, zbins

N, D, K = 3_000, 5, 6
TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
# A capture may not allocate, and without the cache PyTorch would have to.
UNCACHED = bool(os.environ.get("PYTORCH_NO_CUDA_MEMORY_CACHING"))


def rows(n: int = N, d: int = D, dtype: torch.dtype = torch.float32, seed: int = 0) -> torch.Tensor:
    """Gaussian rows, made on the host so that every tool sees the same."""
    dice = torch.Generator().manual_seed(seed)
    return torch.randn((n, d), generator=dice).to(dtype).cuda()


def wide(z: torch.Tensor) -> np.ndarray:
    """The same rows for the CPU: 16 bits are widened without loss."""
    return to_host(z if z.dtype in (torch.float32, torch.float64) else z.float())


def same(a: Any, b: Any, what: str) -> None:
    """Equal arrays, whatever they lie in and however wide their integers are."""
    a, b = to_host(a), to_host(b)
    assert a.shape == b.shape, f"{what}: shapes {a.shape} and {b.shape}"
    assert np.array_equal(a, b), f"{what}: not the CPU's"


def same_model(there: Any, here: Any) -> None:
    """Both have the same bins, counts and range, and write the same file."""
    for name in ("codes_", "counts_", "lower_", "upper_", "n_bins_"):
        same(getattr(there, name), getattr(here, name), name)
    assert there.n_samples_seen_ == here.n_samples_seen_
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, sampler in enumerate((there, here)):
            path = Path(folder) / f"{number}.zbins"
            sampler.save(path)
            files.append(path.read_bytes())
        assert files[0] == files[1], "model files differ"


def all_reads(there: Any, here: Any, z: torch.Tensor) -> None:
    """quantize, contains, score_samples and score, of rows inside and outside."""
    more = torch.cat([z[:500], z[:200] + 0.3, z[:20] * 50])
    host = wide(more)
    same(there.quantize(more), here.quantize(host), "quantize")
    same(there.contains(more), here.contains(host), "contains")
    scores, expected = to_host(there.score_samples(more)), here.score_samples(host)
    assert np.allclose(scores, expected, rtol=1e-12, atol=1e-12), "score_samples"
    assert np.isclose(float(there.score(z)), float(here.score(wide(z)))), "score"


def all_draws(there: Any, here: Any) -> None:
    """sample: plain, from a start, into out=, and in batches."""
    same(there.sample(700, random_state=3), here.sample(700, random_state=3), "sample")
    same(
        there.sample(70, random_state=3, start=123),
        here.sample(70, random_state=3, start=123),
        "sample from a start",
    )
    expected = here.sample(301, random_state=4)
    kind = torch.float64 if expected.dtype == np.float64 else torch.float32
    out = torch.full(expected.shape, float("nan"), dtype=kind, device="cuda")
    there.sample(len(out), random_state=4, out=out)
    same(out, expected, "sample into out=")
    batches = list(there.sample_batches(301, 64, random_state=4, progress=False))
    same(torch.cat(batches), expected, "sample_batches")


def of_type(dtype: torch.dtype, k: int = K, n: int = N, d: int = D) -> None:
    """Everything on one type."""
    z = rows(n, d, dtype)
    there = zbins.PMFSampler(n_bins=k).fit(z)
    here = zbins.PMFSampler(n_bins=k).fit(wide(z))
    same_model(there, here)
    all_reads(there, here, z)
    all_draws(there, here)
    str(there.summary())


def strided() -> None:
    """Rows that are not contiguous: transposed, every other row, a slice of the columns."""
    base = rows(N, 2 * D)
    views = (base.T.contiguous().T, base[::2], base[:, 1 : 1 + D], base[:, ::2], base.flip(0))
    for z in views:
        host = np.ascontiguousarray(to_host(z))
        there = zbins.PMFSampler(n_bins=K).fit(z)
        same_model(there, zbins.PMFSampler(n_bins=K).fit(host))
        same(there.quantize(z), zbins.PMFSampler(n_bins=K).fit(host).quantize(host), "quantize")


def streamed() -> None:
    """partial_fit with growth, and fit_batches from the device's and from the host's memory."""
    z = rows()
    z[-100:] *= 3
    chunks = z.split(700)
    there, here = zbins.PMFSampler(n_bins=K), zbins.PMFSampler(n_bins=K)
    for chunk in chunks:
        there.partial_fit(chunk)
        here.partial_fit(to_host(chunk))
    same_model(there, here)
    all_draws(there, here)
    here = zbins.PMFSampler(n_bins=K).fit(to_host(z))
    same_model(zbins.PMFSampler(n_bins=K).fit_batches(list(chunks), progress=False), here)
    host = [chunk.cpu() for chunk in chunks]
    kinds = (host, [chunk.pin_memory() for chunk in host], [chunk.numpy() for chunk in host])
    for kind in kinds:
        for bounds in (None, (-20, 20)):
            one = zbins.PMFSampler(n_bins=K, bounds=bounds)
            one.fit_batches(kind, device="cuda", progress=False)
            other = zbins.PMFSampler(n_bins=K, bounds=bounds).fit(to_host(z))
            same_model(one, other)


def bounded() -> None:
    """Given bounds, outliers ignored, quantiles."""
    z = rows()
    for bounds in ((-1, 1), ("quantile", 0.05)):
        there, here = (
            zbins.PMFSampler(n_bins=K, bounds=bounds, out_of_range="ignore") for _ in range(2)
        )
        there.fit(z)
        here.fit(to_host(z))
        same_model(there, here)
        assert there.n_samples_ignored_ == here.n_samples_ignored_ > 0


def merged() -> None:
    """merge on one lattice, with extents that differ."""
    z = rows()
    z[N // 2 :] *= 3
    models = []
    for of in (lambda part: part, to_host):
        a, b = (zbins.PMFSampler(n_bins=K, bounds=(-2, 2)).fit(of(part)) for part in z.chunk(2))
        models.append(a.merge(b))
    same_model(*models)
    all_draws(*models)


def labelled(on_device: bool) -> None:
    """Labels: counts, conditioned draws, draws that tell theirs."""
    z = rows()
    y = torch.randint(0, 4, (N,), generator=torch.Generator().manual_seed(1))
    there = zbins.PMFSampler(n_bins=K).fit(z, y.cuda() if on_device else y.numpy())
    here = zbins.PMFSampler(n_bins=K).fit(to_host(z), y.numpy())
    same_model(there, here)
    all_draws(there, here)
    same(there.sample(99, y=2, random_state=0), here.sample(99, y=2, random_state=0), "of a label")
    wanted = np.arange(99) % 4
    same(
        there.sample(99, y=wanted, random_state=0),
        here.sample(99, y=wanted, random_state=0),
        "of a label each",
    )
    got = there.sample(99, random_state=0, return_y=True)
    expected = here.sample(99, random_state=0, return_y=True)
    same(got[0], expected[0], "samples with labels")
    same(got[1], expected[1], "labels")
    there.partial_fit(z[:50], (y[:50] + 2).cuda() if on_device else y[:50].numpy() + 2)
    here.partial_fit(to_host(z[:50]), y[:50].numpy() + 2)
    same_model(there, here)


def moved() -> None:
    """save, load to the device, to("cpu"), to(None), to("cuda"), pickle."""
    there = zbins.PMFSampler(n_bins=K).fit(rows())
    here = cpu_twin(there)
    expected = here.sample(50, random_state=0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.zbins"
        there.save(path)
        loaded = zbins.load(path, device="cuda")
    samples = loaded.sample(50, random_state=0)
    assert samples.is_cuda, "samples of a model loaded to the device are elsewhere"
    same(samples, expected, "after load")
    for device in ("cpu", None, "cuda"):
        loaded = loaded.to(device)
        samples = loaded.sample(50, random_state=0)
        assert isinstance(samples, np.ndarray) == (device is None), f"to({device!r})"
        assert device is None or samples.device.type == device, f"to({device!r})"
        same(samples, expected, f"after to({device!r})")
    same(pickle.loads(pickle.dumps(there)).sample(50, random_state=0), expected, "after pickle")


def refused() -> None:
    """What is refused names the value, and leaves the sampler as it was."""
    z = rows()
    sampler = zbins.PMFSampler(n_bins=K).fit(z)
    before = to_host(sampler.sample(20, random_state=0))
    bad = z.clone()
    bad[1234, 3] = float("nan")
    calls: tuple[Callable[[], Any], ...] = (
        lambda: sampler.fit(bad),
        lambda: sampler.partial_fit(bad),
        lambda: sampler.quantize(bad),
        lambda: sampler.contains(bad),
        lambda: zbins.PMFSampler(n_bins=K, bounds=(-1, 1), out_of_range="error").fit(z),
    )
    for number, call in enumerate(calls):
        try:
            call()
        except ValueError as error:
            if number < 4 and "1234" not in str(error):
                raise AssertionError(f"call {number} does not name the row: {error}") from error
        else:
            raise AssertionError(f"call {number} was not refused")
    same(sampler.sample(20, random_state=0), before, "after refusals")


def counted_on() -> None:
    """start= as a tensor on the device, which every call moves on."""
    there = zbins.PMFSampler(n_bins=K).fit(rows())
    here = cpu_twin(there)
    start = torch.zeros((), dtype=torch.int64, device="cuda")
    out = torch.empty((64, D), device="cuda")
    for turn in range(3):
        there.sample(64, random_state=0, start=start, out=out)
        same(out, here.sample(64, random_state=0, start=64 * turn), f"turn {turn}")
    assert int(start) == 3 * 64, f"start is {int(start)}"


def replayed() -> None:
    """The same captured in a graph."""
    from sample import graph_of

    there = zbins.PMFSampler(n_bins=K).fit(rows())
    here = cpu_twin(there)
    start = torch.zeros((), dtype=torch.int64, device="cuda")
    out = torch.empty((64, D), device="cuda")
    graph = graph_of(there, out, start)
    for turn in range(3):
        graph.replay()
        torch.cuda.synchronize()
        same(out, here.sample(64, random_state=0, start=64 * turn), f"replay {turn}")


def main() -> None:
    """All of it; what fails does not stop what follows."""
    bench = harness.Bench("small case", __doc__)
    for dtype in TYPES:
        bench.run(f"{dtype}", of_type, dtype)
        bench.run(f"{dtype}, 40 columns", of_type, dtype, K, N, 40)
    bench.run("more than 256 bins", of_type, torch.float32, 1000)
    bench.run("40,000 bins", of_type, torch.float64, 40_000)
    bench.run("one column", of_type, torch.float32, K, N, 1)
    bench.run("one row", of_type, torch.float32, K, 1)
    bench.run("more rows", of_type, torch.float32, K, 40_000, 3)
    bench.run("strided", strided)
    bench.run("streamed", streamed)
    bench.run("bounded", bounded)
    bench.run("merged", merged)
    bench.run("labels in the host's memory", labelled, False)
    bench.run("labels on the device", labelled, True)
    bench.run("moved", moved)
    bench.run("refused", refused)
    bench.run("start on the device", counted_on)
    if UNCACHED:
        print("graph: skipped, since PyTorch's cache is off", flush=True)
    else:
        bench.run("graph", replayed)
    bench.end()


if __name__ == "__main__":
    main()
