"""What each of two processes does for test_torch_lightning_ddp: every training in turn."""

from __future__ import annotations

import itertools
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
)

import zbins
from lightning_helpers import lightning_of, loader, module_of, trainer_of
from zbins.torch import SamplerCallback

ROWS = 23


class Rows(Dataset):
    """Row i is i; it notes which were read."""

    def __init__(self, n=ROWS):
        self.n, self.read = n, []

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        self.read.append(i)
        return torch.tensor(i)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(torch.arange(ROWS))


class EveryThird(Sampler):
    """A sampler of the user's, which shuffles by torch's global generator."""

    def __iter__(self):
        return iter((3 * torch.randperm(ROWS // 3)).tolist())

    def __len__(self):
        return ROWS // 3


class Endless(BatchSampler):
    def __iter__(self):
        return ([i % ROWS] for i in itertools.count())


def split(rank):
    return DistributedSampler(Rows(), num_replicas=2, rank=rank)


def of_rows(**options):
    return DataLoader(Rows(), **{"batch_size": 4} | options)


def chosen(sampler):
    return DataLoader(Rows(), batch_sampler=BatchSampler(sampler, 5, drop_last=False))


ALL = range(ROWS)
# Loaders in each rank, the first batches that are wanted, and the rows that are then fitted.
DEALT = {
    "plain": (lambda rank: of_rows(), None, ALL),
    "shuffled": (lambda rank: of_rows(shuffle=True), None, ALL),
    "generator": (lambda rank: of_rows(shuffle=True, generator=torch.Generator()), None, ALL),
    "subset": (lambda rank: of_rows(sampler=SubsetRandomSampler(ALL)), None, ALL),
    "workers": (lambda rank: of_rows(num_workers=1, persistent_workers=True), None, ALL),
    "split": (lambda rank: of_rows(sampler=split(rank)), None, ALL),
    "part": (lambda rank: chosen(SubsetRandomSampler(range(10))), None, range(10)),
    "first part": (lambda rank: chosen(SequentialSampler(range(10))), None, range(10)),
    "random part": (lambda rank: chosen(RandomSampler(range(10))), None, range(10)),
    "users": (lambda rank: of_rows(batch_size=2, sampler=EveryThird()), None, range(0, 21, 3)),
    "even": (lambda rank: of_rows(drop_last=True), None, range(20)),
    "limited": (lambda rank: of_rows(), 3, range(12)),
    "vast": (lambda rank: DataLoader(Rows(10**9), batch_size=1), 3, range(3)),
    "endless": (lambda rank: DataLoader(Rows(), batch_sampler=Endless(ALL, 1, False)), 3, range(3)),
    "one batch": (lambda rank: of_rows(batch_size=99), None, ALL),
    "stream": (lambda rank: DataLoader(Stream(), batch_size=4), None, ALL),
    "limited stream": (lambda rank: DataLoader(Stream(), batch_size=4), 3, range(12)),
    "list": (lambda rank: list(torch.arange(ROWS).split(4)), None, ALL),
}
ZEROS = torch.zeros(2)
# What can only be read whole, and is not the same in both ranks.
UNLIKE = {
    "order": ([ZEROS, ZEROS + 1], [ZEROS + 1, ZEROS]),
    "fewer": ([ZEROS, ZEROS], [ZEROS]),
    "shape": ([torch.arange(4)], [torch.arange(4).reshape(2, 2)]),
    "dtype": ([torch.tensor([1.0])], [torch.tensor([1])]),
    "half": ([ZEROS.bfloat16()], [ZEROS.bfloat16() + 1]),
    "layout": ([torch.arange(6).reshape(2, 3).T], [torch.arange(6).reshape(3, 2)]),
    "text": ([(ZEROS, "a")], [(ZEROS, "b")]),
    "array": ([(ZEROS, np.array(1))], [(ZEROS, np.array(2))]),
    "keys": ([{"x": ZEROS, "a": 1}], [{"x": ZEROS, "b": 1}]),
    "objects": ([(ZEROS, np.array(["a"], object))], [(ZEROS, np.array(["b"], object))]),
    "sparse": ([torch.tensor([0.0, 1]).to_sparse()], [torch.tensor([1.0, 0]).to_sparse()]),
}


def bare(x):
    return x.to_dense().float().reshape(len(x), -1)


class Still(SamplerCallback):
    """It leaves torch's generator alone."""

    def on_train_epoch_end(self, trainer, pl_module):
        before = torch.get_rng_state()
        super().on_train_epoch_end(trainer, pl_module)
        assert torch.equal(torch.get_rng_state(), before)


class Stopped(BaseException):
    """As Ctrl-C: no mere failure to draw."""


class Fails(EveryThird):
    def __iter__(self):
        raise Stopped("no order")


class NoRoom(torch.Tensor):
    def detach(self):
        raise MemoryError("no room")


def raises(error):
    raise error


def main(folder):
    folder = Path(folder)
    warnings.simplefilter("ignore")
    rank, said, trainer = trainings(folder)
    deal(folder, rank, trainer, said)
    module = module_of()
    refused = refusals(rank, module)
    for name, callback in refused.items():
        try:
            again(trainer, callback).fit(module, loader(16))
        except BaseException as error:
            said[name] = [type(error).__name__, str(error)]
        assert not hasattr(callback, "sampler_")
    (folder / f"said-{rank}.json").write_text(json.dumps(said))


def trainings(folder):
    """Real ones, with validation, pictures and a checkpoint."""
    n = 60  # 30 in each process: nothing is repeated
    own = SamplerCallback(sampler=zbins.PMFSampler(6), with_labels=True, every_n_epochs=2)
    # 7 batches of 9 or fewer, dealt: one process has four, the other three. Shuffled, too.
    held_out = SamplerCallback(
        sampler=zbins.PMFSampler(6, bounds=(-0.01, 0.01)), loader=loader(n + 1, batch_size=9),
        n_images=0, name="held out",
    )  # fmt: skip
    callbacks = own, held_out
    logger = lightning_of("lightning.pytorch").loggers.CSVLogger(folder, name="logs", version=0)
    trainer = trainer_of(
        "lightning.pytorch", *callbacks, strategy="ddp", devices=2, max_epochs=3, logger=logger,
        default_root_dir=folder,
    )  # fmt: skip
    module = module_of(validates=lambda module, batch, _: None)
    trainer.fit(module, loader(n, batch_size=8), loader(20, shuffle=False))
    rank = trainer.global_rank
    for callback in callbacks:
        callback.sampler_.save(folder / f"{callback.name}-{rank}.zbins")
    trainer.save_checkpoint(folder / "last.ckpt")
    return rank, {"epochs": [callback.epoch_ for callback in callbacks]}, trainer


def again(trainer, *callbacks):
    """A trainer for the processes that are there already."""
    other = trainer_of(
        "lightning.pytorch", *callbacks, strategy="ddp", devices=2, max_epochs=1,
        limit_train_batches=1, logger=trainer.loggers, default_root_dir=trainer.default_root_dir,
    )  # fmt: skip
    other.strategy._launcher = None
    return other


def deal(folder, rank, trainer, said):
    """Every loader of `DEALT`, each for a callback in one training."""
    callbacks, data = [], {}
    for name, (make, limit, _) in DEALT.items():
        data[name] = make(rank)
        callbacks.append(Still(bare, loader=data[name], limit_batches=limit, n_images=0, name=name))
    again(trainer, *callbacks).fit(module_of(), loader(16))
    for callback in callbacks:
        callback.sampler_.save(folder / f"{callback.name}-{rank}.zbins")
    said["read"] = {
        name: data[name].dataset.read for name in ("plain", "shuffled", "vast", "endless")
    }


def refusals(rank, module):
    """Callbacks that cannot fit: some in one process only, which the other must hear of."""

    def encode(x):
        z = module.down(x)
        return z * torch.nan if rank == 1 else z

    def shapes(x):
        return module.down(x).unsqueeze(1) if rank == 1 else module.down(x)

    class Full(SamplerCallback):
        """There is no room for the buffers of rank zero, in one process."""

        def on_train_epoch_end(self, trainer, pl_module):
            buffers = list(pl_module.buffers())
            if rank == 1:
                buffers[0] = buffers[0].as_subclass(NoRoom)
            pl_module.buffers = lambda: buffers
            try:
                super().on_train_epoch_end(trainer, pl_module)
            finally:
                del pl_module.buffers

    by_rank = [3, 2, 1, 0], [0, 1, 2, 3]
    failing = of_rows(sampler=Fails()) if rank == 1 else of_rows(sampler=EveryThird())
    unlike = {
        f"unlike {name}": SamplerCallback(bare, loader=both[rank], n_images=0)
        for name, both in UNLIKE.items()
    }
    return {
        "nan": SamplerCallback(encode),
        "decode": SamplerCallback(decode=lambda z: raises(Stopped("no picture"))),
        "shapes": SamplerCallback(shapes),
        "quantile": SamplerCallback(sampler=zbins.PMFSampler(bounds=("quantile", 0.1))),
        "buffers": Full(),
        "sampler": SamplerCallback(bare, loader=failing),
        "indices": SamplerCallback(
            loader=loader(8, shuffle=False, sampler=by_rank[rank], batch_size=2)
        ),
        **unlike,
    }


if __name__ == "__main__":
    main(sys.argv[1])
