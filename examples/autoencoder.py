"""Your own autoencoder as a generative model, in ten lines.

Any encoder and decoder will do. Here a small one is trained on scikit-learn's bundled digits for a
few seconds, so that the example runs as it is; put yours in the place of `make_model`.
"""

import torch
from sklearn.datasets import load_digits

import zbins


def make_model(images: torch.Tensor) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Return a trained encoder and decoder: yours goes here."""
    torch.manual_seed(0)
    encoder = torch.nn.Sequential(
        torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 6)
    )
    decoder = torch.nn.Sequential(
        torch.nn.Linear(6, 128), torch.nn.ReLU(), torch.nn.Linear(128, 64), torch.nn.Sigmoid()
    )
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)
    for _ in range(40):
        for batch in images[torch.randperm(len(images))].split(64):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(decoder(encoder(batch)), batch).backward()
            optimizer.step()
    return encoder.eval(), decoder.eval()


images = torch.from_numpy(load_digits().data).float() / 16
encoder, decoder = make_model(images[:1000])

# The ten lines: tensors in, tensors out.
with torch.no_grad():
    latents = encoder(images[1000:])  # of images the autoencoder was not trained on
    sampler = zbins.PMFSampler(n_bins=4, random_state=0).fit(latents)
    new_latents = sampler.sample(16)
    new_images = decoder(new_latents)
print(sampler.summary())
sampler.save("digits.zbins")  # later: zbins.load("digits.zbins", device="cpu").sample(16)

for row in new_images[:4].reshape(4, 8, 8).permute(1, 0, 2):  # four digits in characters
    print("   ".join("".join(" .:-=+*#%@"[int(v * 9.99)] * 2 for v in line) for line in row))
