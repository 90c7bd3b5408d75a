"""A tiny autoencoder for the tests of the Lightning callback, its data, and trainings."""

from __future__ import annotations

import contextlib
import logging

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
