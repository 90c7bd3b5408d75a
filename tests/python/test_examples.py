"""Every example runs as a new user runs it, and writes pictures that show something."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

matplotlib.use("Agg")

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PICTURES = {
    "autoencoder": ["autoencoder.png"],
    "conditional": ["conditional.png"],
    "demo": ["latents.png", "samples.png", "trade.png"],
    "diffusers_vae": ["diffusers_vae.png"],
    "regimes": [],
    "streaming": ["streaming.png"],
}
ARGUMENTS = {"demo": ["--epochs", "2", "--out"]}

pytestmark = pytest.mark.slow


def test_none_is_left_out():
    programs = {path.stem for path in EXAMPLES.glob("*.py") if "__main__" in path.read_text()}
    assert programs == set(PICTURES)


@pytest.mark.parametrize("name", PICTURES)
def test_an_example(name, tmp_path):
    if name == "diffusers_vae":
        pytest.importorskip("diffusers")
    arguments = [*ARGUMENTS.get(name, []), str(tmp_path)] if PICTURES[name] else []
    # Two threads in each of two tests would wait for each other most of the time.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "Warning" not in done.stderr
    for picture in PICTURES[name]:
        pixels = matplotlib.image.imread(tmp_path / picture)
        assert min(pixels.shape[:2]) > 200
        assert np.std(pixels) > 0.05
