"""What encoders and decoders return in the wild, as the tensors that are meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

POSTERIORS = ("mean", "sample")
# Names of fields that hold a mean and its log variance, or the latents themselves, in PyTorch code:
# pythae has embedding and log_covariance; diffusers latents (VQModel, AutoencoderTiny) and latent
# (AutoencoderDC).
_MEANS = ("embedding", "mean", "mu", "loc", "z_mean")
_LOG_VARS = ("log_covariance", "log_var", "logvar", "log_variance", "z_log_var")
_LATENTS = ("latents", "latent", "z")
_IMAGES = ("sample", "reconstruction", "recon_x", "recon", "x_hat", "logits_px")
_ACCEPTED = (
    "accepted are a tensor, a pair (mean, log variance), a torch.distributions object, what has "
    "latent_dist (diffusers) or embedding (pythae), and a dictionary with one of these; for "
    "anything else pass a function, as encode=lambda x: model(x)[0]"
)


def check_posterior(posterior: object) -> str:
    """Return which latent of a stochastic encoder is meant, or refuse it."""
    if not isinstance(posterior, str) or posterior not in POSTERIORS:
        raise ValueError(f"posterior is {posterior!r}; accepted are 'mean' and 'sample'")
    return posterior


def latents_of(output: Any, posterior: str, n: int) -> torch.Tensor:
    """Return the latents that an encoder meant.

    Parameters
    ----------
    output : object
        What it returned for n inputs.
    posterior : {"mean", "sample"}
        Which latent of a normal distribution: its mean, or a draw, from torch's global generator.
    n : int

    Returns
    -------
    latents : Tensor of shape (n, ...)
        float32 where they are half precision.

    Raises
    ------
    TypeError
        If the output is not recognized, naming what it is.
    ValueError
        If there are not n latents, or "sample" is asked of an encoder without a distribution.
    """
    latents = _draw(output) if posterior == "sample" else _mean(output)
    if latents is None:
        if posterior == "sample" and (found := _mean(output)) is not None:
            raise ValueError(
                "posterior is 'sample', but encode returned latents without a variance "
                f"({_described(output)}, latents of shape {tuple(found.shape)}); pass "
                "posterior='mean'"
            )
        raise TypeError(f"encode returned {_described(output)}; {_ACCEPTED}")
    if latents.ndim == 0 or len(latents) != n:
        raise ValueError(
            f"encode returned latents of shape {tuple(latents.shape)} for a batch of {n}; accepted "
            f"are latents of shape ({n}, ...), one for each input"
        )
    if latents.is_complex() or latents.dtype == torch.bool or latents.layout != torch.strided:
        raise TypeError(
            f"encode returned a {latents.layout} tensor of {latents.dtype}; accepted are dense "
            "tensors of real numbers"
        )
    half = latents.is_floating_point() and latents.element_size() < 4
    return latents.float() if half else latents


def images_of(output: Any, n: int) -> torch.Tensor:
    """Return the images (or whatever it makes) that a decoder meant.

    Raises
    ------
    TypeError
        If the output is not recognized, naming what it is.
    ValueError
        If there are not n of them.
    """
    images = _tensor(output)
    if images is None:
        images = _field(output, _IMAGES)
    if images is None and isinstance(output, torch.distributions.Distribution):
        images = _tensor(_mean_of(output, "decode"))
    if images is None and isinstance(output, (tuple, list)) and len(output) == 1:
        images = _tensor(output[0])
    if images is None:
        raise TypeError(
            f"decode returned {_described(output)}; accepted are a tensor, a torch.distributions "
            "object (its mean), and what has one of "
            f"{', '.join(_IMAGES)}; for anything else pass a function, as "
            "decode=lambda z: model.decode(z)[0]"
        )
    if images.ndim == 0 or len(images) != n:
        raise ValueError(
            f"decode returned a tensor of shape {tuple(images.shape)} for {n} latents; accepted is "
            f"({n}, ...)"
        )
    return images


def _mean(output: Any) -> torch.Tensor | None:
    """Return the latents themselves, or their mean; None if there are none."""
    plain = _tensor(output)
    if plain is not None:
        return plain
    if isinstance(output, torch.distributions.Distribution):
        return _tensor(_mean_of(output, "encode"))
    pair = _pair(output)
    if pair is not None:
        return pair[0]
    inner = _inner(output)
    if inner is not None:
        return _mean(inner)
    found = _field(output, _MEANS)
    if found is None:
        found = _field(output, _LATENTS)
    if found is None and callable(getattr(output, "mode", None)):  # diffusers' distributions
        found = _tensor(output.mode())
    return found


def _draw(output: Any) -> torch.Tensor | None:
    """Return one draw per input; None if the output is no distribution."""
    if isinstance(output, torch.distributions.Distribution):
        return _tensor(output.sample())
    if _tensor(output) is None and callable(getattr(output, "sample", None)):
        return _tensor(output.sample())
    pair = _pair(output)
    if pair is not None:
        mean, log_var = pair
        return mean + torch.exp(log_var / 2) * torch.randn_like(mean)
    inner = _inner(output)
    return None if inner is None else _draw(inner)


def _mean_of(distribution: torch.distributions.Distribution, name: str) -> torch.Tensor:
    try:
        return distribution.mean
    except NotImplementedError:
        raise ValueError(
            f"{name} returned a {type(distribution).__name__}, which has no mean; pass "
            "posterior='sample', or a function that returns a tensor"
        ) from None


def _pair(output: Any) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Return mean and log variance, by position or by name."""
    mean, log_var = _field(output, _MEANS), _field(output, _LOG_VARS)  # of a named tuple too
    if (mean is None or log_var is None) and isinstance(output, (tuple, list)) and len(output) == 2:
        mean, log_var = map(_tensor, output)
    if mean is None or log_var is None or mean.shape != log_var.shape:
        return None
    return mean, log_var


def _inner(output: Any) -> Any:
    """Return what a wrapper holds: diffusers' latent_dist, or the only entry of a tuple."""
    if isinstance(output, (tuple, list)) and len(output) == 1:
        return None if output[0] is output else output[0]
    if isinstance(output, Mapping) and "latent_dist" in output:
        return output["latent_dist"]
    return getattr(output, "latent_dist", None)


def _field(output: Any, names: tuple[str, ...]) -> torch.Tensor | None:
    """Return the first of these entries or attributes that is a tensor."""
    if isinstance(output, (torch.Tensor, np.ndarray, torch.distributions.Distribution)):
        return None
    for name in names:
        value = output.get(name) if isinstance(output, Mapping) else getattr(output, name, None)
        tensor = _tensor(value)
        if tensor is not None:
            return tensor
    return None


def _tensor(value: Any) -> torch.Tensor | None:
    """Return a tensor or an array as a tensor, cut off from the graph; None for all else."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
        return torch.from_numpy(np.array(value, dtype=value.dtype.newbyteorder("=")))
    return value.detach() if isinstance(value, torch.Tensor) else None


def _described(output: Any) -> str:
    """Return what an output is, in words."""
    if isinstance(output, Mapping):
        return f"a {type(output).__name__} with the keys {', '.join(map(repr, output)) or 'none'}"
    if isinstance(output, (tuple, list)):
        inside = ", ".join(
            f"a tensor of shape {tuple(item.shape)}"
            if isinstance(item, torch.Tensor)
            else f"a {type(item).__name__}"
            for item in output[:4]
        )
        more = ", ..." if len(output) > 4 else ""
        return f"a {type(output).__name__} of {len(output)} ({inside}{more})"
    if isinstance(output, np.ndarray):
        return f"an array of {output.dtype} and shape {output.shape}"
    if isinstance(output, torch.Tensor):
        return f"a tensor of shape {tuple(output.shape)}"
    return f"a {type(output).__name__}"
