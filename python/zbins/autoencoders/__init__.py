"""Autoencoders to draw new latents for: the five models of the PMFS paper, trained and saved.

Needs the extra ``torch`` (``pip install '.[torch]'`` in a checkout). `AE` and `WAE` encode an image
to one latent, `VAE`, `BetaVAE` and `InfoVAE` to the mean and the logarithm of the variance of a
normal distribution. All share `fit`, `encode`, `decode`, `loss`, `save` and `load`.
"""

from .._common.extras import pip_install

try:
    import torch  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"zbins.autoencoders needs PyTorch ({error}); install it with: {pip_install('torch')}"
    ) from error

from ._ae import AE
from ._regularized import VAE, WAE, BetaVAE, InfoVAE

for _model in (AE, VAE, WAE, BetaVAE, InfoVAE):
    _model.__module__ = __name__  # what pickles name

__all__ = ["AE", "VAE", "WAE", "BetaVAE", "InfoVAE"]
