"""What the models minimize, as pure functions of tensors.

All are means over the images of a batch, computed in float32 at least, whatever precision the
networks ran in.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

Kernel = Callable[[torch.Tensor], torch.Tensor]


def wide(tensor: torch.Tensor) -> torch.Tensor:
    """Return half precision as float32: a sum over pixels needs more than its 8 or 11 bits."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def squared_error(images: torch.Tensor, reconstructions: torch.Tensor) -> torch.Tensor:
    """Return the mean over images of the squared error summed over channels and pixels.

    It is the cost c(x, y) = |x - y|^2 of Tolstikhin et al. (2018), and, up to a constant, the
    negative log-likelihood of Kingma and Welling (2014) under a normal distribution of variance
    1/2 around the reconstruction. A sum, so that the other terms weigh the same at any image size.

    Parameters
    ----------
    images, reconstructions : Tensor of shape (n, channels, height, width)
        In [0, 1].
    """
    return (wide(images) - wide(reconstructions)).square().flatten(1).sum(1).mean()


def kl_to_standard_normal(mean: torch.Tensor, log_var: torch.Tensor) -> torch.Tensor:
    """Return the mean over images of KL(N(mean, exp(log_var)) || N(0, I)), in nats.

    Closed form of Kingma and Welling (2014), appendix B: half the sum over dimensions of
    mean^2 + var - 1 - log var.

    Parameters
    ----------
    mean, log_var : Tensor of shape (n, latent_dim)
    """
    mean, log_var = wide(mean), wide(log_var)
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(1).mean()


def reparameterize(mean: torch.Tensor, log_var: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Return mean + exp(log_var / 2) * noise (Kingma and Welling 2014, section 2.4).

    Parameters
    ----------
    mean, log_var, noise : Tensor of shape (n, latent_dim)
        The noise is standard normal.
    """
    return mean + (0.5 * log_var).exp() * noise


def inverse_multiquadratic(latent_dim: int) -> Kernel:
    """Return the kernel C / (C + r^2) of Tolstikhin et al. (2018), section 4.

    C = 2 latent_dim, the mean of r^2 between two draws of a standard normal.
    """
    scale = 2.0 * latent_dim
    return lambda squared: scale / (scale + squared)


def gaussian(latent_dim: int) -> Kernel:
    """Return the kernel exp(-r^2 / (2 latent_dim)): Gaussian, of variance latent_dim.

    Zhao et al. (2019) take a Gaussian kernel. With this variance two draws of a standard normal
    have a kernel of about 1/e in any dimension; a fixed one would tell no latents apart in many.
    """
    scale = 2.0 * latent_dim
    return lambda squared: torch.exp(-squared / scale)


def mmd(x: torch.Tensor, y: torch.Tensor, kernel: Kernel) -> torch.Tensor:
    """Return the squared maximum mean discrepancy of two samples, without bias.

    The U-statistic of Gretton et al. (2012), Eq. 3, as in algorithm 2 of Tolstikhin et al. (2018):
    0 on average where both come from one distribution, so it can be below 0.

    Parameters
    ----------
    x, y : Tensor of shape (n, latent_dim) and (m, latent_dim)
        n and m at least 2.
    kernel : callable
        From squared distances to values of the kernel.
    """
    x, y = wide(x), wide(y)
    return _within(x, kernel) + _within(y, kernel) - 2 * kernel(_squared(x, y)).mean()


def _within(x: torch.Tensor, kernel: Kernel) -> torch.Tensor:
    """Return the mean of the kernel over the pairs of two different rows."""
    values = kernel(_squared(x, x))
    return (values.sum() - values.diagonal().sum()) / (len(x) * (len(x) - 1))


def _squared(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    # Differences rather than |x|^2 + |y|^2 - 2xy: that cancels for latents far from the origin.
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").square()
