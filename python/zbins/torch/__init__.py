"""The plug for PyTorch: any autoencoder as a generative model, and samplers as modules.

======================= ==========================================================================
`LatentGenerator`       encode, fit a sampler to the latents, draw, decode
`PMFPrior`              a fitted PMFSampler as an nn.Module, for checkpoints and torch.export
======================= ==========================================================================

Needs ``pip install 'zbins[torch]'``.
"""

try:
    import torch  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"zbins.torch needs PyTorch ({error}); install it with: pip install 'zbins[torch]'"
    ) from error

from ._generator import LatentGenerator

__all__ = ["LatentGenerator"]
