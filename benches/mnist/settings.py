"""What a run does: everything that its numbers depend on, besides the images."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

MODELS = ("AE", "VAE")
N_TRAIN, N_VALIDATION, N_TEST = 50_000, 10_000, 10_000  # MNIST, as the PMFS paper splits it
EPOCHS = {"small": 20, "mnist": 50}  # the paper's 50 take a CPU most of an hour
VERSION = 1  # of the stages' code: one more, and nothing that is stored is used again


@dataclass(frozen=True)
class Settings:
    """One run.

    Attributes
    ----------
    architecture : {"small", "mnist"}
        Of the autoencoders: ours for CPUs, with latents of 16 dimensions; the paper's, with 32.
    device : {"cpu", "cuda"}
        Where networks are trained and run. Samplers are fitted on the CPU.
    epochs, batch_size : int
        Of the autoencoders. The paper's are 50 and 64.
    classifier_epochs : int
        Of the network in whose features the Fréchet distance is taken.
    n_bins, n_components : tuple of int
        Of PMFS and GMM.
    draws : int
        Draws per sampler, each of as many samples as there are test images.
    n_timed : int
        Samples per timed call of `sample`.
    timing_budget : float
        Seconds after which no further timed run of a fit is begun, or of a draw after 1.
    sizes : (int, int, int)
        Images used at most for training, validation and testing.
    quick : bool
        Whether this only shows that everything runs.
    """

    architecture: str = "small"
    device: str = "cpu"
    seed: int = 0
    epochs: int = EPOCHS["small"]
    batch_size: int = 64
    classifier_epochs: int = 3
    n_bins: tuple[int, ...] = (2, 4, 6, 8, 10, 14, 20, 32)
    n_components: tuple[int, ...] = (10, 20, 50)
    draws: int = 5
    n_timed: int = 10_000
    timing_budget: float = 5.0
    sizes: tuple[int, int, int] = (N_TRAIN, N_VALIDATION, N_TEST)
    quick: bool = False

    def of(self, *names: str) -> dict[str, Any]:
        """Return some of them: those that a stage depends on."""
        return {name: value for name, value in asdict(self).items() if name in names}


def quick(**more: Any) -> Settings:
    """Return the settings of a run of seconds, whose numbers mean nothing."""
    small = {
        "epochs": 1,
        "classifier_epochs": 1,
        "n_bins": (2, 4, 8),
        "n_components": (2, 3),
        "draws": 2,
        "n_timed": 500,
        "timing_budget": 0.1,
        "sizes": (1_000, 250, 250),
    }
    return Settings(**{**small, "quick": True, **more})
