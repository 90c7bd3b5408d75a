"""Data sets from files that are already there: nothing is ever downloaded.

======================================== =====================================================
`mnist`, `fashion_mnist`                 the four idx files, packed or not, or an .npz file
`celeba`                                 images, partition file, attributes
`mobius`                                 one folder of pictures per person
`npz`, `image_folder`, `load_idx`        anything else in such files
`partition`                              splits it, the same for ever under one seed
======================================== =====================================================

The first four give `Splits` with `train`, `validation` and `test` as in the papers; each is a
`Split`: a sequence of (float32 image of shape (c, h, w) in [0, 1], label), which a DataLoader with
workers takes as it is, with all of it in `Split.arrays`. Images are read when they are asked for.

Image files need Pillow, the extra ``data`` (``pip install '.[data]'`` in a checkout); the others
need NumPy only.
"""

from ._arrays import npz
from ._celeba import celeba
from ._folder import image_folder
from ._idx import load_idx
from ._mnist import fashion_mnist, mnist
from ._mobius import mobius
from ._split import Split, Splits, partition

__all__ = [
    "Split",
    "Splits",
    "celeba",
    "fashion_mnist",
    "image_folder",
    "load_idx",
    "mnist",
    "mobius",
    "npz",
    "partition",
]
