"""A first real result: PMFS against a Gaussian mixture on the latents of MNIST, at equal novelty.

Trains AE and VAE on 50,000 images of MNIST, fits both kinds of samplers on the latents of 10,000
others, and measures decoded samples against the 10,000 test images. Stages that are done are stored
in the output folder and found again, so a run that was stopped anywhere goes on from there.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(1, str(HERE.parent))  # machine: shared with the other benches

# Threads that spin while they wait make a training crawl where other processes compute too: an
# epoch took 250 s instead of 40 s. OpenMP reads this once, when PyTorch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from settings import EPOCHS, Settings, quick  # noqa: E402 - the path comes first

BEGIN = time.monotonic()


def main() -> int:
    options = _options()
    try:
        return run(options)
    except KeyboardInterrupt:
        print("\nmnist: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"mnist: {error}", file=sys.stderr)
        return 1


def run(options: argparse.Namespace) -> int:
    """Run all stages and write what they gave."""
    # Imported here, since torch takes seconds: --help is quick, and Ctrl-C is obeyed meanwhile.
    from digits import BadDataError, open_digits

    try:  # before the import of torch: the path may be wrong
        digits = open_digits(options.data, quick() if options.quick else Settings())
    except BadDataError as error:
        return _refuse(str(error))
    device = _device(options.device)
    if options.device == "cuda" and device != "cuda":
        return _refuse("--device is cuda, but there is no GPU that PyTorch can use; accepted: cpu")
    settings = _settings(options, device)
    import pipeline
    import writing
    from stages import Store

    out = options.out / "quick" if settings.quick else options.out
    say(
        f"{len(digits.train):,} images train the networks ({settings.architecture!r}, on "
        f"{settings.device}), {len(digits.validation):,} are for the samplers, "
        f"{len(digits.test):,} for testing"
    )
    outcome = pipeline.run(digits, settings, Store(out / "stages", say), say)
    outcome.results |= pipeline.facts(settings, digits)
    published = settings == _settings(
        argparse.Namespace(quick=False, epochs=None, seed=None), device
    )
    places = writing.in_repository(ROOT) if published else writing.in_folder(out)
    paths = writing.write(outcome, places)
    shown = ", ".join(os.path.relpath(path) for path in paths)
    say(f"{time.monotonic() - BEGIN:.0f} s; written: {shown}")
    return 0


def _refuse(why: str) -> int:
    """Say in one line what is wrong with the options, and return the exit code."""
    print(f"mnist: {why}", file=sys.stderr)
    return 2


def say(text: str) -> None:
    """Print a line with the seconds since the start."""
    print(f"[{time.monotonic() - BEGIN:6.1f}] {text}", flush=True)


def _settings(options: argparse.Namespace, device: str) -> Settings:
    """Return the settings for the device that is there: on a GPU the paper's network."""
    architecture = "mnist" if device == "cuda" and not options.quick else "small"
    given = {
        name: value for name in ("epochs", "seed") if (value := getattr(options, name)) is not None
    }
    more = {"architecture": architecture, "device": device, **given}
    return quick(**more) if options.quick else Settings(**{"epochs": EPOCHS[architecture], **more})


def _device(wanted: str) -> str:
    """Return "cuda" if it is wanted, or "auto" is, and PyTorch can use a GPU; else "cpu"."""
    if wanted == "cpu":
        return "cpu"
    import torch

    try:
        if torch.cuda.is_available():
            (torch.zeros(8, device="cuda") + 1).sum().item()
            return "cuda"
    except RuntimeError as error:
        say(f"the GPU cannot be used: {str(error).splitlines()[0]}")
    return "cpu"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Without --epochs, --seed and --quick, a run ends by writing "
        "benches/results/mnist.json, docs/mnist.md\nand docs/images/mnist-*.png. With any of them "
        "it writes the same files to the output folder only.",
    )
    parser.add_argument(
        "--data",
        required=True,
        metavar="PATH",
        help="mnist.npz, a folder that holds it, or a folder with the four idx files",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("mnist-out"),
        metavar="FOLDER",
        help="where stages are stored (default: mnist-out); a --quick run takes quick/ in it",
    )
    parser.add_argument(
        "--epochs",
        type=int,
        help=f"of each autoencoder (default: {EPOCHS['small']}; on a GPU the paper's "
        f"{EPOCHS['mnist']})",
    )
    parser.add_argument("--seed", type=int, help="of networks, mixtures and draws (default: 0)")
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help='on a GPU the paper\'s network is trained, on a CPU "small" (default: a GPU if there '
        "is one)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a thousand images and one epoch: shows in seconds that all runs; its numbers mean "
        "nothing",
    )
    options = parser.parse_args()
    if options.epochs is not None and options.epochs < 1:
        parser.error(f"--epochs is {options.epochs}; it must be at least 1")
    if options.seed is not None and not 0 <= options.seed < 2**20:
        parser.error(f"--seed is {options.seed}; it must be at least 0 and below 2**20")
    return options


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code) if code == 130 else sys.exit(code)  # at once, whatever threads still do
