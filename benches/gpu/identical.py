"""The same bits on both: the model file of a fit on the CPU and on the device, and samples of both.

python benches/gpu/identical.py [--quick] [--json FILE]
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from pathlib import Path
from typing import Any

import harness  # first: it makes `timing` findable
import torch
from harness import occupied, to_host, zbins
from sample import same_bits

K = 8
DRAWS = 1_000_000

# Rows, columns, type, whether labelled.
CASES = (
    (10_000_000, 32, "float32", False),
    (10_000_000, 4, "float32", False),
    (1_000_000, 256, "float32", False),
    (1_000_000, 32, "float64", False),
    (1_000_000, 32, "float16", False),
    (1_000_000, 32, "bfloat16", False),
    (1_000_000, 8, "float32", True),
)


def latents(n: int, d: int, dtype: torch.dtype) -> torch.Tensor:
    """Rows of a mixture of ten Gaussians on the device, as an encoder's latents roughly are."""
    dice = torch.Generator(device="cuda").manual_seed(0)
    centres = 2 * torch.randn((10, d), device="cuda", generator=dice)
    z = torch.randn((n, d), device="cuda", generator=dice)
    z += centres[torch.randint(0, 10, (n,), device="cuda", generator=dice)]
    return z.to(dtype)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 24):
            found.update(block)
    return found.hexdigest()


def one(n: int, d: int, dtype: str, labelled: bool) -> dict[str, Any]:
    """Fit both, compare files and samples."""
    z = latents(n, d, getattr(torch, dtype))
    # float16 and bfloat16 are widened without loss, and make float32 models.
    host = to_host(z if dtype in ("float32", "float64") else z.float())
    y = None
    if labelled:
        dice = torch.Generator().manual_seed(1)
        y = torch.randint(0, 10, (n,), generator=dice).numpy()

    def fitted(rows: Any) -> tuple[Any, float]:
        """A fit and the seconds it took."""
        begin = time.perf_counter()
        sampler = zbins.PMFSampler(n_bins=K).fit(rows, y)
        torch.cuda.synchronize()
        return sampler, time.perf_counter() - begin

    there, there_seconds = fitted(z)
    here, here_seconds = fitted(host)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("device.zbins", "cpu.zbins")]
        there.save(paths[0])
        here.save(paths[1])
        digests = [digest(path) for path in paths]
        size = paths[0].stat().st_size
        assert digests[0] == digests[1], f"model files differ: {digests}"
        loaded = zbins.load(paths[1], device="cuda")
    expected = here.sample(DRAWS, random_state=1)
    assert same_bits(there.sample(DRAWS, random_state=1), expected), "samples differ"
    assert same_bits(loaded.sample(DRAWS, random_state=1), expected), "samples after load differ"
    if labelled:
        expected = here.sample(10_000, y=3, random_state=1)
        assert same_bits(there.sample(10_000, y=3, random_state=1), expected), "of label 3"
    return {
        "job": f"same file and samples, {dtype}, n = {n:,}, d = {d}" + ", labels" * labelled,
        "n": n,
        "d": d,
        "k": K,
        "occupied": occupied(there),
        "sha256": digests[0],
        "file_bytes": size,
        "identical": True,
        # One fit each, the device's first of the shape: no benchmark, but an idea.
        "first_fit_seconds": {"device": there_seconds, "cpu": here_seconds},
    }


def main() -> None:
    """All types."""
    bench = harness.Bench("identical", __doc__)
    for n, d, dtype, labelled in CASES:
        size = n // 10 if bench.quick else n
        step = f"{dtype}, n = {size:,}, d = {d}, labels: {labelled}"
        bench.run(step, one, size, d, dtype, labelled)
    bench.end()


if __name__ == "__main__":
    main()
