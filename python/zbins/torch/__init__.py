"""The plug for PyTorch: any autoencoder as a generative model, and samplers as modules.

======================= ==========================================================================
`LatentGenerator`       encode, fit a sampler to the latents, draw, decode
`PMFPrior`              a fitted PMFSampler as an nn.Module, for checkpoints and torch.export
`fit_across`            fits a sampler to the rows of all processes of torch.distributed
`SamplerCallback`       refits the sampler during a training with Lightning, which it then imports
======================= ==========================================================================

Needs the extra ``torch``: ``pip install '.[torch]'`` in a checkout.
"""

from typing import Any

from .._common.extras import pip_install

try:
    import torch  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"zbins.torch needs PyTorch ({error}); install it with: {pip_install('torch')}"
    ) from error

from ..distributed.ranks import fit_across
from .generator import LatentGenerator
from .prior import PMFPrior

LatentGenerator.__module__ = PMFPrior.__module__ = __name__  # what pickles name

__all__ = ["LatentGenerator", "PMFPrior", "fit_across"]


def __getattr__(name: str) -> Any:
    """Import Lightning only when its callback is asked for."""
    if name == "SamplerCallback":
        from .lightning.callback import SamplerCallback

        return SamplerCallback
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
