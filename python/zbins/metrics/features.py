"""What images are measured by: features of networks, from weights that lie on disk.

An extractor is given to a metric as ``features=``. It downloads nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import threading
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from .._common.arrays import is_tensor, real_numbers
from .._common.checks import check_count
from .._common.extras import pip_install
from .._common.progress import Progress, check_progress
from .._types import Array

LAYERS = ("64", "192", "768", "2048", "logits_unbiased", "logits")
_INCEPTION = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    "weights-inception-2015-12-05-6726825d.pth"
)
_DINOV2 = "https://huggingface.co/facebook/dinov2-large"
_SIDE = 224  # pixels
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
_DIGITS = 12  # of a digest
_SAID = 300  # characters of another's error
_DEFAULTS = threading.RLock()


class Inception:
    """Features of the Inception network that FID, KID and the inception score are defined by.

    The network of 2015 as torch-fidelity has it, from a file of its weights. Images are resized to
    299 pixels as TensorFlow 1 did; floats are rounded to 8 bits before, which is part of the
    definition.

    Parameters
    ----------
    weights : str or path
        The file, as torch-fidelity's releases have it. It is read as tensors only, so that no code
        in it is run.
    layer : str, default="2048"
        "64", "192", "768", "2048" (FID and KID), "logits_unbiased" (for ``inception_score`` with
        ``logits=True``) or "logits".
    batch_size : int, default=64
        Images at once; it changes no more than the rounding.
    device : str or torch.device, default="cpu"
        Where the network runs.
    progress : bool or None, default=None
        A bar on stderr; None: on a terminal, where it takes longer than a second.

    Attributes
    ----------
    name : str
        The network, the layer, and the first digits of the SHA-256 of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If PyTorch, torch-fidelity or torchvision, which it imports, is missing.
    TypeError
        If a parameter is of another type.
    ValueError
        If the file is no file of tensors or has not those of this network, or a parameter is none
        of those accepted.

    References
    ----------
    C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna: Rethinking the Inception Architecture
    for Computer Vision. CVPR 2016, arXiv:1512.00567.

    A. Obukhov, M. Seitzer, P.-W. Wu, S. Zhydenko, J. Kyl, E. Y.-J. Lin: High-fidelity performance
    metrics for generative models in PyTorch. 2020, doi:10.5281/zenodo.4957738.
    """

    def __init__(
        self,
        weights: str | PathLike[str],
        *,
        layer: str = "2048",
        batch_size: int = 64,
        device: Any = "cpu",
        progress: bool | None = None,
    ) -> None:
        if layer not in LAYERS:
            raise ValueError(f"layer is {layer!r}; accepted are {', '.join(map(repr, LAYERS))}")
        self._images = _Images(batch_size, progress)
        try:
            import torch
            from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
        except ImportError as error:
            raise ImportError(
                f"Inception needs torch-fidelity ({error}); install it with: "
                f"{pip_install('metrics')}"
            ) from error
        self._device = _device(device)
        content = _content(Path(weights), f"its weights are at {_INCEPTION}")
        self.name = f"Inception, layer {layer}, weights {_digest(content)}"
        try:
            tensors = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            # What torch-fidelity loads, by an unpickler that would run code, is written here.
            checked = io.BytesIO()
            torch.save(tensors, checked)
            checked.seek(0)
            with _quietly():
                network = FeatureExtractorInceptionV3(
                    self.name, [layer], feature_extractor_weights_path=checked
                )
        except MemoryError:
            raise
        except Exception as error:  # of whatever kind, they are about the file
            raise ValueError(
                f"{weights} has no tensors of the Inception network ({_brief(error)}); accepted is "
                f"a file like {_INCEPTION}"
            ) from error
        self._network = network.to(self._device)

    def __call__(self, images: Any) -> Array:
        """Return the features of images.

        Parameters
        ----------
        images : array-like or tensor of shape (n, channels, height, width), on any device
            uint8, or floats in [0, 1]; 3 channels, or 1 that stands for three.

        Returns
        -------
        features : ndarray of float32, shape (n, size of the layer)

        Raises
        ------
        TypeError
            If images are of another dtype.
        ValueError
            If they are of another shape or range.
        """
        import torch

        def features(batch: Any) -> Any:
            if batch.is_floating_point():
                batch = (batch.float() * 255).round().to(torch.uint8)
            return self._network(batch)[0]

        return self._images.map(features, images, self._device, "Inception")


class DINOv2:
    """Features of a DINOv2 network, which see more of what people see than Inception's do.

    The class token after the last layer norm. Images are resized to 224 pixels (bicubic, with
    antialiasing, cut to [0, 1]) and normalised by the mean and deviation of ImageNet.

    Parameters
    ----------
    folder : str or path
        With ``config.json`` and ``model.safetensors``, as Hugging Face has them.
    batch_size : int, default=64
        Images at once; it changes no more than the rounding.
    device : str or torch.device, default="cpu"
        Where the network runs.
    progress : bool or None, default=None
        A bar on stderr; None: on a terminal, where it takes longer than a second.

    Attributes
    ----------
    name : str
        The network, the layer, and the first digits of the SHA-256 of both files.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or one of its files is missing.
    ImportError
        If PyTorch or transformers is missing.
    TypeError
        If a parameter is of another type.
    ValueError
        If the files are not those of a DINOv2 network, or a parameter is none of those accepted.

    References
    ----------
    M. Oquab, T. Darcet, T. Moutakanni, et al.: DINOv2: Learning Robust Visual Features without
    Supervision. TMLR 2024, arXiv:2304.07193.

    G. Stein, J. C. Cresswell, R. Hosseinzadeh, et al.: Exposing flaws of generative model
    evaluation metrics and their unfair treatment of diffusion models. NeurIPS 2023,
    arXiv:2306.04675.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        batch_size: int = 64,
        device: Any = "cpu",
        progress: bool | None = None,
    ) -> None:
        self._images = _Images(batch_size, progress)
        try:
            import torch  # noqa: F401 - its absence is told here, not by transformers
            from transformers import Dinov2Model
        except ImportError as error:
            raise ImportError(
                f"DINOv2 needs transformers ({error}); install it with: {pip_install('metrics')}"
            ) from error
        self._device = _device(device)
        whence = f"such networks are at {_DINOV2}"
        config = _content(Path(folder) / "config.json", whence)
        weights = _content(Path(folder) / "model.safetensors", whence)
        self.name = f"DINOv2, class token, weights {_digest(config + weights)}"
        try:
            kind = json.loads(config).get("model_type")
            if kind != "dinov2":
                raise ValueError(f"model_type is {kind!r}")
            with _quietly(), _no_bar():
                network, report = Dinov2Model.from_pretrained(
                    folder,
                    local_files_only=True,
                    use_safetensors=True,
                    output_loading_info=True,
                )
            # It would go on with random numbers in their places.
            if missing := sorted(report["missing_keys"]):
                raise ValueError(f"without {len(missing)} tensors, among them {missing[0]}")
        except MemoryError:
            raise
        except Exception as error:  # of whatever kind, they are about the files
            raise ValueError(
                f"{folder} has no DINOv2 network ({_brief(error)}); accepted is a folder "
                f"like {_DINOV2}"
            ) from error
        self._network = network.float().eval().requires_grad_(False).to(self._device)

    def __call__(self, images: Any) -> Array:
        """Return the features of images.

        Parameters
        ----------
        images : array-like or tensor of shape (n, channels, height, width), on any device
            uint8, or floats in [0, 1]; 3 channels, or 1 that stands for three.

        Returns
        -------
        features : ndarray of float32, shape (n, hidden size)

        Raises
        ------
        TypeError
            If images are of another dtype.
        ValueError
            If they are of another shape or range.
        """
        import torch

        mean, deviation = (
            torch.tensor(values, dtype=torch.float32, device=self._device).reshape(3, 1, 1)
            for values in (_MEAN, _DEVIATION)
        )

        def features(batch: Any) -> Any:
            unit = batch.float() if batch.is_floating_point() else batch.float() / 255
            resized = torch.nn.functional.interpolate(
                unit, (_SIDE, _SIDE), mode="bicubic", align_corners=False, antialias=True
            )
            pixels = (resized.clamp(0, 1) - mean) / deviation
            return self._network(pixel_values=pixels).last_hidden_state[:, 0]

        return self._images.map(features, images, self._device, "DINOv2")


class _Images:
    """Images of any kind, in batches, through a network."""

    def __init__(self, batch_size: object, progress: bool | None) -> None:
        self.batch_size = check_count("batch_size", batch_size, least=1)
        self.progress = check_progress(progress)

    def map(self, features: Callable[[Any], Any], images: Any, device: Any, title: str) -> Array:
        """Return the features of all images, having checked all of them first."""
        import torch

        if not is_tensor(images):
            images = real_numbers(images, "images")
        batches = _checked(images, self.batch_size)
        found = []
        with Progress(self.progress, len(images), title, "image") as bar, _quietly():
            for batch in batches:
                part = images[batch]
                if not is_tensor(part):
                    # A copy: they may be read-only, or of a kind that torch does not know.
                    part = torch.from_numpy(
                        part.astype(np.uint8 if part.dtype == np.uint8 else np.float32, order="C")
                    )
                part = part.detach().to(device)
                part = part.expand(-1, 3, -1, -1) if part.shape[1] == 1 else part
                with torch.inference_mode(), torch.autocast(device.type, enabled=False):
                    found.append(features(part).float().cpu().numpy())
                bar.advance(len(found[-1]))
        return np.concatenate(found)


def _checked(images: Any, batch_size: int) -> list[slice]:
    """Return the batches of images that are what they should be."""
    shape = tuple(images.shape)
    if len(shape) != 4 or 0 in shape or shape[1] not in (1, 3):
        raise ValueError(
            f"images have the shape {shape}; accepted are images of shape (n, channels, height, "
            "width) with 1 or 3 channels"
        )
    batches = [slice(i, i + batch_size) for i in range(0, len(images), batch_size)]
    dtype = str(images.dtype).removeprefix("torch.") if is_tensor(images) else images.dtype.name
    if dtype == "uint8":
        return batches
    if "float" not in dtype:
        raise TypeError(f"images are of dtype {dtype}; accepted are uint8 and floats in [0, 1]")
    for batch in batches:  # not all at once: they may be a file
        part = real_numbers(images[batch], "images")
        if not (part.min() >= 0 and part.max() <= 1):  # nor are they where one is no number
            raise ValueError(
                f"images are floats from {part.min()} to {part.max()}; accepted are uint8 and "
                "floats in [0, 1]"
            )
    return batches


def _content(path: Path, whence: str) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; nothing is downloaded, {whence}")
    return path.read_bytes()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def _brief(error: Exception) -> str:
    """Return what torch says, without the names of all tensors of a network."""
    said = " ".join(str(error).split()) or type(error).__name__
    return said if len(said) <= _SAID else said[:_SAID] + " ..."


def _device(device: Any) -> Any:
    import torch

    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:  # no such device, none here, or not built for
        raise ValueError(f"device is {device!r}; accepted are torch's devices ({error})") from error


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Draw nothing from the generators of torch, and take no device or dtype from its defaults."""
    import torch

    # Defaults are those of the process: two threads would give each other's back.
    with _DEFAULTS, torch.random.fork_rng(devices=[]), torch.device("cpu"):
        default = torch.get_default_dtype()
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(default)


@contextlib.contextmanager
def _no_bar() -> Iterator[None]:
    """Keep transformers from drawing a bar for the tensors that it reads."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
