"""Samples of one label only: fit with labels, draw by label, one row of pictures for each class.

Trains the package's plain autoencoder on scikit-learn's bundled digits (under a minute), fits the
sampler on the latents of digits that it was not trained on, with their labels, and lets a
classifier that never saw a sample say how many are what was asked for.
"""

import sys
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from sklearn.svm import SVC

import zbins
from zbins.autoencoders import AE
from zbins.plot import SampleGridDisplay
from zbins.torch import LatentGenerator


def main(out: Path) -> None:
    torch.set_num_threads(1)  # so small a network gains nothing from more, and may lose
    digits = load_digits()
    images = torch.from_numpy(digits.images).float()[:, None] / 16
    labels = torch.from_numpy(digits.target)
    model = AE("small", input_shape=(1, 8, 8), latent_dim=6, random_state=0)
    model.fit(images[:900], epochs=12)

    data = torch.utils.data.TensorDataset(images[900:], labels[900:])
    loader = torch.utils.data.DataLoader(data, batch_size=128)
    generator = LatentGenerator(model.encode, model.decode, zbins.PMFSampler(n_bins=4))
    generator.fit(loader, with_labels=True)
    sevens = generator.sample(100, y=7, random_state=0)

    judge = SVC().fit(images[:900].flatten(1), labels[:900])
    real = (judge.predict(images[900:].flatten(1)) == labels[900:].numpy()).mean()
    print(f"of {len(images) - 900} real digits, the classifier names {real:.0%} correctly")
    share = (judge.predict(sevens.flatten(1)) == 7).mean()
    print(f"of 100 samples with y=7, it takes {share:.0%} for a 7")
    wanted = torch.arange(10).repeat_interleave(100)
    drawn = generator.sample(1000, y=wanted, random_state=0)  # draw i is of the label wanted[i]
    share = (judge.predict(drawn.flatten(1)) == wanted.numpy()).mean()
    print(f"of 1,000 samples, 100 of each label, it takes {share:.0%} for what was asked for")
    print(generator.sampler_.summary())

    display = SampleGridDisplay.from_estimator(generator, 12, y=range(10), random_state=0)
    display.figure_.savefig(out / "conditional.png")
    print(f"written: {out / 'conditional.png'}")


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "examples-out")
    folder.mkdir(parents=True, exist_ok=True)
    main(folder)
