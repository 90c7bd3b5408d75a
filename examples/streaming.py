"""A sampler that streams while the autoencoder trains: no second pass over the data.

Every batch's latents go to `partial_fit` as they come out of the encoder; each epoch begins a new
sampler, since the encoder has moved. So the training loop can look at samples after every epoch,
and keeps the model of the last. In PyTorch Lightning, `zbins.torch.SamplerCallback` does this.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits

import zbins
from zbins.plot import SampleGridDisplay

EPOCHS = 40
SHOWN = (1, 5, 40)


def main(out: Path) -> None:
    torch.manual_seed(0)
    images = torch.from_numpy(load_digits().data).float() / 16
    encoder = torch.nn.Sequential(
        torch.nn.Linear(64, 128),
        torch.nn.ReLU(),
        torch.nn.Linear(128, 6),
        torch.nn.BatchNorm1d(6, affine=False),  # so that bounds can be set before the first batch
    )
    decoder = torch.nn.Sequential(
        torch.nn.Linear(6, 128), torch.nn.ReLU(), torch.nn.Linear(128, 64), torch.nn.Sigmoid()
    )
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)
    figure, axes = plt.subplots(1, len(SHOWN), figsize=(4 * len(SHOWN), 4.4), layout="constrained")
    panels = dict(zip(SHOWN, axes, strict=True))

    for epoch in range(1, EPOCHS + 1):
        # Given bounds, one pass is enough; a row beyond them makes the grid grow.
        sampler = zbins.PMFSampler(n_bins=6, bounds=(-3, 3), random_state=0)
        for batch in images[torch.randperm(len(images))].split(64):
            latents = encoder(batch)
            loss = torch.nn.functional.mse_loss(decoder(latents), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            sampler.partial_fit(latents)  # detached; costs microseconds
        if epoch in panels:
            decoder.eval()
            with torch.no_grad():
                new = decoder(sampler.sample(64)).reshape(-1, 1, 8, 8)
            decoder.train()
            SampleGridDisplay(new).plot(panels[epoch])
            panels[epoch].set_title(f"epoch {epoch}: {len(sampler.counts_):,} occupied bins")

    print(sampler.summary())
    sampler.save(out / "streamed.zbins")
    figure.savefig(out / "streaming.png")
    print(f"written: {out / 'streaming.png'}")


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "examples-out")
    folder.mkdir(parents=True, exist_ok=True)
    main(folder)
