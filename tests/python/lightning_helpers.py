"""A tiny autoencoder for the tests of the Lightning callback; also a program for two processes."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import warnings
from pathlib import Path

import pytest
import torch

# Lightning's advice, and what it uses that PyTorch advises against.
ADVICE = [
    "ignore:.*does not have many workers:UserWarning",
    "ignore:.*GPU available but not used:UserWarning",
    "ignore:.*is smaller than the logging interval:UserWarning",
    "ignore:.*exists and is not empty:UserWarning",
    "ignore:Found .* in eval mode at the start of training:UserWarning",
    "ignore:.*isinstance.treespec, LeafSpec.:FutureWarning",
    "ignore:.*isinstance.treespec, LeafSpec.:DeprecationWarning",
]
N = 64


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Several would wait for each other longer than such small networks take."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class RowWise(torch.nn.Sequential):
    """In eval mode each row goes by itself, so that no latent depends on the batches."""

    def forward(self, x):
        if self.training:
            return super().forward(x)
        return torch.cat([super(RowWise, self).forward(row) for row in x.split(1)])


def images(n=N):
    return torch.rand(n, 1, 4, 4, generator=torch.Generator().manual_seed(0))


def labels(n=N):
    return torch.arange(n) % 3


def dataset(n=N):
    return torch.utils.data.TensorDataset(images(n), labels(n))


def loader(n=N, **options):
    return torch.utils.data.DataLoader(dataset(n), **{"batch_size": 16, "shuffle": True} | options)


def lightning_of(package):
    import importlib

    for name in ("lightning.pytorch", "pytorch_lightning", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return importlib.import_module(package)


def module_of(package="lightning.pytorch", *, names=("encode", "decode"), seed=0, **options):
    """An autoencoder with what a training may disturb: dropout, batch norm, a frozen part."""
    pl = lightning_of(package)

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.down = RowWise(
                torch.nn.Flatten(),
                torch.nn.Linear(16, 8),
                torch.nn.BatchNorm1d(8),
                torch.nn.Dropout(0.3),
                torch.nn.Linear(8, 3),
            )
            self.up = torch.nn.Sequential(torch.nn.Linear(3, 16), torch.nn.Sigmoid())
            self.seen = []

        def training_step(self, batch, _):
            x = batch[0]
            return ((self.up(self.down(x)) - x.flatten(1)) ** 2).mean()

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), 1e-2)

    def encode(self, x):
        return self.down(x)

    def decode(self, z):
        return self.up(z).unflatten(1, (1, 4, 4))

    for name, method in zip(("encode", "decode"), (encode, decode), strict=True):
        if name in names:
            setattr(Module, name, method)
    if options.get("validates"):
        Module.validation_step = options["validates"]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Module()


def trainer_of(package="lightning.pytorch", *callbacks, **options):
    chosen = {
        "accelerator": "cpu", "max_epochs": 2, "logger": False, "enable_checkpointing": False,
        "enable_progress_bar": False, "enable_model_summary": False,
    }  # fmt: skip
    return lightning_of(package).Trainer(callbacks=list(callbacks), **chosen | options)


def trained(callback, module=None, data=None, package="lightning.pytorch", **options):
    module = module_of(package) if module is None else module
    trainer = trainer_of(package, callback, **options)
    trainer.fit(module, loader() if data is None else data)
    return module, trainer


def fingerprint_of(sampler):
    from helpers import fingerprint

    return fingerprint(sampler)[2:]


def latents_of(module, x):
    """What the callback must have encoded."""
    with _evaluating(module), torch.no_grad():
        return module.down(x).numpy()


@contextlib.contextmanager
def _evaluating(module):
    was = {name: part.training for name, part in module.named_modules()}
    module.eval()
    yield
    for name, part in module.named_modules():
        part.training = was[name]


def main(folder):
    """What each of two processes runs for test_torch_lightning_ddp."""
    import zbins
    from zbins.torch import SamplerCallback

    folder = Path(folder)
    warnings.simplefilter("ignore")
    n = 60  # 30 in each process: nothing is repeated
    own = SamplerCallback(sampler=zbins.PMFSampler(6), with_labels=True, every_n_epochs=2)
    # 7 batches of 9 or fewer, dealt: one process has four, the other three. Shuffled, too.
    held_out = SamplerCallback(
        sampler=zbins.PMFSampler(6, bounds=(-0.01, 0.01)), loader=loader(n + 1, batch_size=9),
        n_images=0, name="held out",
    )  # fmt: skip
    some = torch.utils.data.SubsetRandomSampler(range(10))
    part = torch.utils.data.BatchSampler(some, 3, drop_last=False)
    subset = SamplerCallback(
        loader=torch.utils.data.DataLoader(dataset(), batch_sampler=part), n_images=0, name="subset"
    )
    one_batch = SamplerCallback(loader=loader(5), n_images=0, name="one batch")
    pl = lightning_of("lightning.pytorch")
    logger = pl.loggers.CSVLogger(folder, name="logs", version=0)
    trainer = trainer_of(
        "lightning.pytorch", own, held_out, subset, one_batch, strategy="ddp", devices=2,
        max_epochs=3, logger=logger, default_root_dir=folder,
    )  # fmt: skip
    callbacks = own, held_out, subset, one_batch
    module = module_of(validates=lambda module, batch, _: None)
    trainer.fit(module, loader(n, batch_size=8), loader(20, shuffle=False))
    rank = trainer.global_rank
    for callback in callbacks:
        callback.sampler_.save(folder / f"{callback.name}-{rank}.zbins")
    said = {"epochs": [callback.epoch_ for callback in callbacks]}
    trainer.save_checkpoint(folder / "last.ckpt")

    def encode(x):
        z = module.down(x)
        return z * torch.nan if rank == 1 else z

    def decode(z):
        raise Stopped("no picture")

    def unlike(x):
        return module.down(x).unsqueeze(1) if rank == 1 else module.down(x)

    refused = {
        "nan": SamplerCallback(encode),
        "decode": SamplerCallback(decode=decode),
        "shapes": SamplerCallback(unlike),
        "quantile": SamplerCallback(sampler=zbins.PMFSampler(bounds=("quantile", 0.1))),
        "order": SamplerCallback(loader=_unordered(rank)),
        "stream": SamplerCallback(loader=_Stream(rank)),
    }
    for name, callback in refused.items():
        again = trainer_of(
            "lightning.pytorch", callback, strategy="ddp", devices=2, max_epochs=1,
            logger=logger, default_root_dir=folder,
        )  # fmt: skip
        try:
            again.strategy._launcher = None  # both processes are there already
            again.fit(module, loader(16))
        except BaseException as error:
            said[name] = [type(error).__name__, str(error)]
        assert callback._fit is None
    (folder / f"said-{rank}.json").write_text(json.dumps(said))


class Stopped(BaseException):
    """As Ctrl-C: no mere failure to draw."""


class _Stream(torch.utils.data.IterableDataset):
    """It shuffles by itself, in each process in another way."""

    def __init__(self, rank):
        self.rank = rank

    def __iter__(self):
        return iter(list(images(8).split(2))[:: -1 if self.rank else 1])


def _unordered(rank):
    """A sampler that gives another order in every process."""
    indices = [0, 1, 2, 3] if rank else [3, 2, 1, 0]
    return loader(8, shuffle=False, sampler=indices, batch_size=2)


if __name__ == "__main__":
    main(sys.argv[1])
