"""A diffusion model's first stage as a generative model: AutoencoderKL, spatial latents.

Needs ``pip install diffusers``. Nothing is downloaded: a small AutoencoderKL is trained on
scikit-learn's bundled digits for a minute or two. With a trained one of yours, begin at "The five
lines". Its latents have the shape (channels, height, width); zbins flattens and restores them.
"""

import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from sklearn.datasets import load_digits

import zbins
from zbins.plot import SampleGridDisplay
from zbins.torch import LatentGenerator

EPOCHS = 30


def make_model(images: torch.Tensor) -> AutoencoderKL:
    """Train on images in [-1, 1], as diffusers has them: squared error and a little KL."""
    torch.manual_seed(0)
    torch.set_num_threads(1)  # so small a network gains nothing from more, and may lose
    vae = AutoencoderKL(
        in_channels=1,
        out_channels=1,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(16, 32, 32),
        latent_channels=2,
        norm_num_groups=8,
        sample_size=8,
    )
    optimizer = torch.optim.Adam(vae.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for epoch in range(EPOCHS):
        for batch in images[torch.randperm(len(images))].split(64):
            posterior = vae.encode(batch).latent_dist
            error = (vae.decode(posterior.sample()).sample - batch).square().flatten(1).sum(1)
            loss = (error + 0.02 * posterior.kl()).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
        if (epoch + 1) % 10 == 0:
            print(f"epoch {epoch + 1}: squared error per image {error.mean().item():.2f}")
    return vae


def main(out: Path) -> None:
    images = torch.from_numpy(load_digits().images).float()[:, None] / 8 - 1
    vae = make_model(images[:1000])

    # The five lines.
    generator = LatentGenerator(vae.encode, vae.decode, zbins.PMFSampler(n_bins=4))
    generator.fit(images[1000:])
    print(f"latents of shape {generator.latent_shape_}; {generator.sampler_.summary()}")
    new = generator.sample(64, random_state=0)
    print(f"samples of shape {tuple(new.shape)}, from {new.min():.2f} to {new.max():.2f}")

    display = SampleGridDisplay.from_estimator(generator, 64, random_state=0, value_range=(-1, 1))
    display.figure_.savefig(out / "diffusers_vae.png")
    print(f"written: {out / 'diffusers_vae.png'}")


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "examples-out")
    folder.mkdir(parents=True, exist_ok=True)
    main(folder)
