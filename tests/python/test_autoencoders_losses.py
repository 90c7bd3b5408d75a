"""Every loss at a value known from a formula, of models that encode what they are told."""

from __future__ import annotations

import math

import pytest
import torch

from zbins.autoencoders import AE, VAE, WAE, BetaVAE, InfoVAE

SHAPE = (1, 4, 4)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Given(torch.nn.Module):
    """A network with one answer to everything; it keeps what it was asked."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, asked):
        self.asked = asked
        return self.answer


def picks(width, first, n, dtype):
    """A linear layer that gives n of its inputs as they are."""
    layer = torch.nn.Linear(width, n, bias=False)
    layer.weight = torch.nn.Parameter(torch.eye(width, dtype=dtype)[first : first + n])
    return layer


def encoding(kind, mean, log_var=None, **parameters):
    """A model that encodes image i as row i of these."""
    d, features = mean.shape[1], mean if log_var is None else torch.cat([mean, log_var], 1)
    model = kind("small", input_shape=SHAPE, latent_dim=d, random_state=0, **parameters)
    model = model.to(mean.dtype).eval()
    model.encoder = Given(features)
    model.to_latent = picks(features.shape[1], 0, d, mean.dtype)
    if log_var is not None:
        model.to_log_var = picks(features.shape[1], d, d, mean.dtype)
    return model


def terms(model, random_state=0):
    images = torch.zeros(len(model.encoder.answer), *SHAPE)
    return model.loss(images, random_state=random_state)


@pytest.fixture
def mmd(monkeypatch):
    """The squared MMD between latents x and draws y of the prior, by the kernel of a model."""

    def of(kind, x, y):
        with monkeypatch.context() as patch:
            patch.setattr(torch, "randn", lambda *_, **__: torch.stack([torch.zeros_like(y), y]))
            log_var = torch.zeros_like(x) if kind is InfoVAE else None
            return terms(encoding(kind, x, log_var))["mmd"]

    return of


# -- the error of reconstruction -------------------------------------------------------------------


def test_squared_error_is_a_sum_over_pixels_and_a_mean_over_images():
    x = torch.zeros(2, 3, 8, 12)
    model = AE("small", input_shape=(3, 8, 12), random_state=0)
    for y0, expected in ((0.0, 0), (0.5, 0.25 * 3 * 8 * 12 / 2)):
        y = x.clone()
        y[0] += y0
        model.decoder = Given(y)
        assert model.loss(x)["reconstruction"].item() == pytest.approx(expected)


def test_squared_error_of_half_precision_is_summed_in_single():
    x = torch.zeros(1, 1, 100, 100, dtype=torch.bfloat16)
    model = AE("small", input_shape=(1, 100, 100), random_state=0).bfloat16().eval()
    model.decoder = Given(x + 1)
    error = model.loss(x)["reconstruction"]
    assert error.dtype == torch.float32
    assert error.item() == 10_000


# -- the divergence, and draws ---------------------------------------------------------------------


def test_kl_in_closed_form():
    """KL(N(1, 4) || N(0, 1)) = (4 + 1 - 1 - log 4) / 2 in each dimension."""
    mean, log_var = torch.ones(5, 3), torch.full((5, 3), math.log(4))
    expected = 3 * (4 - math.log(4)) / 2
    assert terms(encoding(VAE, mean, log_var))["kl"].item() == pytest.approx(expected)
    assert terms(encoding(VAE, 0 * mean, 0 * log_var))["kl"].item() == 0


def test_kl_against_torch():
    mean, log_var = normal(10, 4), normal(10, 4, seed=1)
    posterior = torch.distributions.Normal(mean, (log_var / 2).exp())
    expected = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0))
    found = terms(encoding(VAE, mean, log_var))["kl"]
    assert found.item() == pytest.approx(expected.sum(1).mean().item())


def test_draws_have_the_mean_and_the_variance():
    n = 200_000
    mean, log_var = torch.tensor([2.0, -1.0]), torch.tensor([math.log(9), math.log(0.25)])
    model = encoding(VAE, mean.expand(n, 2), log_var.expand(n, 2))
    model.decoder = Given(torch.zeros(n, *SHAPE))
    terms(model)
    z = model.decoder.asked
    assert z.mean(0).tolist() == pytest.approx([2, -1], abs=0.03)
    assert z.std(0).tolist() == pytest.approx([3, 0.5], rel=0.01)


# -- MMD -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("a", [0.0, 1.0, 3.0])
@pytest.mark.parametrize(
    ("kind", "kernel"),
    [(WAE, lambda a: 4 / (4 + a * a)), (InfoVAE, lambda a: math.exp(-a * a / 4))],
)
def test_mmd_of_two_points(mmd, a, kind, kernel):
    """x is all in one place and y all in another: MMD^2 = 2 - 2 k(a)."""
    x, y = torch.zeros(4, 2), torch.zeros(4, 2)
    y[:, 0] = a
    assert mmd(kind, x, y).item() == pytest.approx(2 - 2 * kernel(a), abs=1e-6)


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_mmd_of_a_shift(shift):
    """Between N(0, I) and N(m, I), with the kernel exp(-r^2 / 2s): a Gaussian integral.

    MMD^2 = 2 (s / (s + 2))^(d/2) (1 - exp(-|m|^2 / (2 (s + 2)))).
    """
    d = s = 3
    mean = shift * torch.eye(d, dtype=torch.float64)[0].expand(100, d)
    expected = 2 * (s / (s + 2)) ** (d / 2) * (1 - math.exp(-(shift**2) / (2 * (s + 2))))
    model = encoding(InfoVAE, mean, torch.zeros_like(mean))
    values = torch.stack([terms(model, seed)["mmd"] for seed in range(300)]).detach()
    error = values.std().item() / math.sqrt(len(values))
    assert error < 0.006
    assert values.mean().item() == pytest.approx(expected, abs=4 * error)


def test_mmd_is_unbiased():
    """Over many small batches of one distribution it is 0 on average, and below 0 half the time."""
    values = torch.stack(
        [terms(encoding(WAE, normal(8, 2, seed=i)), i + 1000)["mmd"] for i in range(500)]
    ).detach()
    assert abs(values.mean()) < 4 * values.std() / math.sqrt(len(values))
    assert 0.3 < (values < 0).double().mean() < 0.9


def test_mmd_against_pairs_one_by_one(mmd):
    x, y = normal(4, 3), normal(4, 3, seed=1)
    k = lambda p, q: 6 / (6 + ((p - q) ** 2).sum())  # noqa: E731
    xx, yy = (sum(k(a[i], a[j]) for i in range(4) for j in range(4) if i != j) / 12 for a in (x, y))
    xy = sum(k(p, q) for p in x for q in y) / 16
    assert mmd(WAE, x, y).item() == pytest.approx((xx + yy - 2 * xy).item())


def test_mmd_far_from_the_origin(mmd):
    x, y = normal(6, 2).float(), normal(6, 2, seed=1).float()
    near = mmd(InfoVAE, x, y).item()
    assert mmd(InfoVAE, x + 1000, y + 1000).item() == pytest.approx(near, abs=1e-3)


def test_gradients_of_mmd_are_those_of_differences(mmd):
    x, y = normal(4, 2).requires_grad_(), normal(4, 2, seed=1)
    assert torch.autograd.gradcheck(lambda x: mmd(WAE, x, y), (x,))


# -- what is minimized -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "weights"),
    [
        (AE("small", random_state=0), {}),
        (VAE("small", random_state=0), {"kl": 1}),
        (BetaVAE("small", random_state=0), {"kl": 2}),
        (BetaVAE("small", beta=5, random_state=0), {"kl": 5}),
        (WAE("small", random_state=0), {"mmd": 100}),
        (InfoVAE("small", random_state=0), {"kl": 1, "mmd": 999}),
        (InfoVAE("small", alpha=0.5, lambda_=3, random_state=0), {"kl": 0.5, "mmd": 2.5}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_loss_is_the_sum_of_its_terms(model, weights):
    x = torch.rand(8, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    found = model.eval().loss(x, random_state=0)
    assert list(found) == ["loss", "reconstruction", *weights]
    total = found["reconstruction"] + sum(w * found[name] for name, w in weights.items())
    assert found["loss"].item() == pytest.approx(total.item(), rel=1e-6)
    again = model.loss(x, random_state=0)
    assert {k: v.item() for k, v in again.items()} == {k: v.item() for k, v in found.items()}


def test_the_terms_are_those_of_the_latents():
    x = torch.rand(8, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    model = VAE("small", random_state=0).eval()
    mean, log_var = model.encode(x)
    kl = (mean.square() + log_var.exp() - 1 - log_var).sum(1).mean() / 2
    assert model.loss(x)["kl"].item() == pytest.approx(kl.item())
    plain = AE("small", random_state=0).eval()
    assert plain.loss(x)["reconstruction"].item() == pytest.approx(
        ((plain(x) - x) ** 2).sum().item() / 8, rel=1e-6
    )
