"""Your own autoencoder as a generative model, in ten lines.

Any encoder and decoder will do. Here a small one is trained on scikit-learn's bundled digits for a
few seconds, so that the example runs as it is; put yours in the place of `make_model`.
"""

import sys
from pathlib import Path

import torch
from sklearn.datasets import load_digits

import zbins
from zbins.plot import SampleGridDisplay
from zbins.torch import LatentGenerator


def make_model(images: torch.Tensor) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Return a trained encoder and decoder: yours goes here."""
    torch.manual_seed(0)
    encoder = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 6)
    )
    decoder = torch.nn.Sequential(
        torch.nn.Linear(6, 128),
        torch.nn.ReLU(),
        torch.nn.Linear(128, 64),
        torch.nn.Sigmoid(),
        torch.nn.Unflatten(1, (1, 8, 8)),
    )
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)
    for _ in range(40):
        for batch in images[torch.randperm(len(images))].split(64):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(decoder(encoder(batch)), batch).backward()
            optimizer.step()
    return encoder, decoder


def main(out: Path) -> None:
    images = torch.from_numpy(load_digits().images).float()[:, None] / 16
    encoder, decoder = make_model(images[:1000])

    # The ten lines: images in, images out.
    generator = LatentGenerator(encoder, decoder, zbins.PMFSampler(n_bins=4))
    generator.fit(images[1000:])  # a DataLoader too; best of images that were not trained on
    print(generator.sampler_.summary())
    new = generator.sample(64, random_state=0)  # a tensor of shape (64, 1, 8, 8)
    generator.save(out / "digits.generator")
    same = LatentGenerator.load(out / "digits.generator", decode=decoder)
    assert torch.equal(same.sample(64, random_state=0), new)
    display = SampleGridDisplay.from_estimator(generator, 64, random_state=0)
    display.figure_.savefig(out / "autoencoder.png")
    print(f"written: {out / 'autoencoder.png'}")


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "examples-out")
    folder.mkdir(parents=True, exist_ok=True)
    main(folder)
