"""The picture of samples: what is on it, which loggers get it, and what is done for the others."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

pytest.importorskip("lightning")


import lightning_helpers as tiny
from extras import declared, told_to_install
from lightning_helpers import module_of, one_thread, trainer_of  # noqa: F401
from zbins.torch import SamplerCallback

pytestmark = [pytest.mark.filterwarnings(text) for text in tiny.ADVICE]
PL = "lightning.pytorch"


def _logger(package=PL, **interface):
    """A logger that keeps what it is given, with the methods of a real one."""
    pl = tiny.lightning_of(package)

    class Keeping(pl.loggers.logger.Logger):
        name, version = "keeping", 0
        experiment = interface.pop("experiment", None)

        def log_metrics(self, metrics, step=None):
            pass

        def log_hyperparams(self, *_):
            pass

    for name, method in interface.items():
        setattr(Keeping, name, method)
    return Keeping()


class _Board:
    """As the experiment of a TensorBoardLogger."""

    def __init__(self):
        self.given = []

    def add_image(self, tag, img_tensor, global_step=None):
        self.given.append((tag, img_tensor, global_step))


@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
def test_loggers_that_take_images_get_them(package):
    board, given = _Board(), []

    def log_image(self, key, images, step=None):
        given.append((key, images, step))

    loggers = [_logger(package, experiment=board), _logger(package, log_image=log_image)]
    callback = SamplerCallback(n_images=5, random_state=3, name="drawn")
    module = module_of(package)
    trainer_of(package, callback, logger=loggers, max_epochs=2).fit(module, tiny.loader())
    assert [(tag, step) for tag, _, step in board.given] == [("drawn", 4), ("drawn", 8)]
    assert [(key, step) for key, _, step in given] == [("drawn", 4), ("drawn", 8)]
    picture, (pixels,) = board.given[-1][1], given[-1][1]
    assert picture.shape == (1, 2 * 6 + 2, 3 * 6 + 2)
    assert pixels.shape == (14, 20)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, (picture[0] * 255).round().numpy().astype(np.uint8))
    images = callback.generator_.sample(5, random_state=3)
    torch.testing.assert_close(picture[:, 2:6, 8:12], images[1])
    assert not picture[:, :2].any()


def test_a_csv_logger_has_files(tmp_path):
    from PIL import Image

    logger = tiny.lightning_of(PL).loggers.CSVLogger(tmp_path, name="run", version=1)
    callback = SamplerCallback(every_n_epochs=2)
    trainer_of(PL, callback, logger=logger, max_epochs=2).fit(module_of(), tiny.loader())
    folder = tmp_path / "run" / "version_1" / "samples"
    assert [path.name for path in folder.iterdir()] == ["epoch=1-step=8.png"]
    with Image.open(folder / "epoch=1-step=8.png") as image:
        assert image.size == (8 * 6 + 2, 8 * 6 + 2)


def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch):
    from PIL import Image

    def training():
        logger = tiny.lightning_of(PL).loggers.CSVLogger(tmp_path, name="run", version=1)
        trainer = trainer_of(PL, SamplerCallback(), logger=logger, max_epochs=1)
        trainer.fit(module_of(), tiny.loader())

    def half(image, place, *_, **__):
        place.write(b"half")
        raise OSError("no space left")

    training()
    folder = tmp_path / "run" / "version_1" / "samples"
    (path,) = folder.iterdir()
    before = path.read_bytes()
    monkeypatch.setattr(Image.Image, "save", half)
    with pytest.warns(UserWarning, match="no picture of samples is logged .*no space left"):
        training()
    assert list(folder.iterdir()) == [path]
    assert path.read_bytes() == before
    path.unlink()
    with pytest.warns(UserWarning, match="no space left"):
        training()
    assert list(folder.iterdir()) == []


def test_without_pillow_it_warns(tmp_path, monkeypatch):
    logger = tiny.lightning_of(PL).loggers.CSVLogger(tmp_path, name="run", version=1)
    monkeypatch.setitem(sys.modules, "PIL", None)
    trainer = trainer_of(PL, SamplerCallback(), logger=logger, max_epochs=1)
    with pytest.warns(UserWarning, match="CSVLogger takes none .*or pass n_images=0") as caught:
        trainer.fit(module_of(), tiny.loader())
    (message,) = [str(one.message) for one in caught if "CSVLogger" in str(one.message)]
    assert told_to_install(message) == declared("data")
    assert not list(tmp_path.rglob("*.png"))


def test_no_picture_is_wanted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def decode(z):
        raise AssertionError("nobody needs it")

    logger = tiny.lightning_of(PL).loggers.CSVLogger(tmp_path, name="run", version=1)
    for callback, options in (
        (SamplerCallback(decode=decode, n_images=0), {"logger": logger}),
        (SamplerCallback(decode=decode), {}),  # no logger
    ):
        trainer_of(PL, callback, max_epochs=1, **options).fit(module_of(), tiny.loader())
    trainer_of(PL, SamplerCallback(), fast_dev_run=True, logger=logger).fit(
        module_of(), tiny.loader()
    )
    assert not list(tmp_path.rglob("*.png"))


def test_a_module_without_decode():
    callback = SamplerCallback()
    trainer = trainer_of(PL, callback, max_epochs=1, logger=_logger(experiment=_Board()))
    with pytest.warns(UserWarning, match="Module has no decode, so no images are logged"):
        trainer.fit(module_of(names=("encode",)), tiny.loader())
    assert callback.generator_.sample_latents(4).shape == (4, 3)
    assert not trainer.loggers[0].experiment.given


def picture_of(images, value_range=(0, 1)):
    """What a logger gets of a decoder that makes these images."""
    board = _Board()
    callback = SamplerCallback(
        decode=lambda z: images, n_images=len(images), value_range=value_range
    )
    options = {"max_epochs": 1, "limit_train_batches": 1, "logger": _logger(experiment=board)}
    trainer_of(PL, callback, **options).fit(module_of(), tiny.loader())
    ((_, picture, _),) = board.given
    return picture


@pytest.mark.parametrize(
    ("shape", "size"),
    [((1, 1, 3, 5), (1, 7, 9)), ((4, 3, 2, 2), (3, 10, 10)), ((10, 6, 4), (1, 26, 26))],
)
def test_the_mosaic(shape, size):
    images = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    picture = picture_of(images)
    assert picture.shape == size
    assert picture.dtype == torch.float32
    torch.testing.assert_close(picture.sum(), images.sum())


@pytest.mark.parametrize(
    ("values", "value_range", "expected"),
    [
        (torch.tensor([-2.0, -1, 0, 1, 9, torch.nan]), (-1, 1), [0, 0, 0.5, 1, 1, 0]),
        (torch.tensor([-2.0, -1, 0, 1], dtype=torch.bfloat16), (-1, 1), [0, 0, 0.5, 1]),
        # The largest floats have a range too.
        (torch.tensor([-1e308, 0, 1e308], dtype=torch.float64), (-1e308, 1e308), [0, 0.5, 1]),
    ],
)
def test_the_mosaic_clips_to_its_range(values, value_range, expected):
    picture = picture_of(values.reshape(1, 1, 1, -1), value_range)
    assert picture[0, 2, 2:-2].tolist() == expected


@pytest.mark.parametrize("shape", [(3, 16), (3, 2, 4, 4), (3, 3), (2, 1, 1, 4, 4)])
def test_what_is_no_image(shape):
    with (
        pytest.warns(UserWarning, match=r"no images; accepted are .* or pass n_images=0"),
        pytest.raises(ValueError, match="not enough values"),
    ):
        picture_of(torch.zeros(shape))
