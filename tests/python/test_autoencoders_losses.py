"""Every loss at a value known from a formula."""

from __future__ import annotations

import math

import pytest
import torch

from zbins.autoencoders import AE, VAE, WAE, BetaVAE, InfoVAE, _losses


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_squared_error_is_a_sum_over_pixels_and_a_mean_over_images():
    x = torch.zeros(2, 3, 5, 7)
    y = x.clone()
    y[0] += 0.5
    assert _losses.squared_error(x, y).item() == pytest.approx(0.25 * 3 * 5 * 7 / 2)
    assert _losses.squared_error(x, x).item() == 0


def test_squared_error_of_half_precision_is_summed_in_single():
    x = torch.zeros(1, 1, 100, 100, dtype=torch.bfloat16)
    error = _losses.squared_error(x, x + 1)
    assert error.dtype == torch.float32
    assert error.item() == 10_000


def test_kl_in_closed_form():
    """KL(N(1, 4) || N(0, 1)) = (4 + 1 - 1 - log 4) / 2 in each dimension."""
    mean, log_var = torch.ones(5, 3), torch.full((5, 3), math.log(4))
    expected = 3 * (4 - math.log(4)) / 2
    assert _losses.kl_to_standard_normal(mean, log_var).item() == pytest.approx(expected)
    assert _losses.kl_to_standard_normal(torch.zeros(5, 3), torch.zeros(5, 3)).item() == 0


def test_kl_against_torch():
    mean, log_var = normal(10, 4), normal(10, 4, seed=1)
    posterior = torch.distributions.Normal(mean, (log_var / 2).exp())
    expected = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0))
    found = _losses.kl_to_standard_normal(mean, log_var)
    assert found.item() == pytest.approx(expected.sum(1).mean().item())


def test_draws_have_the_mean_and_the_variance():
    mean, log_var = torch.tensor([[2.0, -1.0]]), torch.tensor([[math.log(9), math.log(0.25)]])
    z = _losses.reparameterize(mean, log_var, normal(200_000, 2))
    assert z.mean(0).tolist() == pytest.approx([2, -1], abs=0.03)
    assert z.std(0).tolist() == pytest.approx([3, 0.5], rel=0.01)


@pytest.mark.parametrize("a", [0.0, 1.0, 3.0])
def test_mmd_of_two_points(a):
    """x is all in one place and y all in another: MMD^2 = 2 - 2 k(a)."""
    x, y = torch.zeros(4, 2), torch.zeros(3, 2)
    y[:, 0] = a
    quadratic = _losses.mmd(x, y, _losses.inverse_multiquadratic(2))
    assert quadratic.item() == pytest.approx(2 - 2 * 4 / (4 + a * a), abs=1e-6)
    normal_kernel = _losses.mmd(x, y, _losses.gaussian(2))
    assert normal_kernel.item() == pytest.approx(2 - 2 * math.exp(-a * a / 4), abs=1e-6)


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_mmd_of_a_shift(shift):
    """Between N(0, I) and N(m, I), with the kernel exp(-r^2 / 2s): a Gaussian integral.

    MMD^2 = 2 (s / (s + 2))^(d/2) (1 - exp(-|m|^2 / (2 (s + 2)))).
    """
    d = s = 3
    moved = shift * torch.eye(d, dtype=torch.float64)[0]
    expected = 2 * (s / (s + 2)) ** (d / 2) * (1 - math.exp(-(shift**2) / (2 * (s + 2))))
    pairs = [(normal(100, d, seed=2 * i), normal(100, d, seed=2 * i + 1)) for i in range(300)]
    values = torch.stack([_losses.mmd(x, y + moved, _losses.gaussian(d)) for x, y in pairs])
    error = values.std().item() / math.sqrt(len(values))
    assert error < 0.006
    assert values.mean().item() == pytest.approx(expected, abs=4 * error)


def test_mmd_is_unbiased():
    """Over many small batches of one distribution it is 0 on average, and below 0 half the time."""
    kernel = _losses.inverse_multiquadratic(2)
    values = torch.stack(
        [
            _losses.mmd(normal(8, 2, seed=2 * i), normal(8, 2, seed=2 * i + 1), kernel)
            for i in range(500)
        ]
    )
    assert abs(values.mean()) < 4 * values.std() / math.sqrt(len(values))
    assert 0.3 < (values < 0).double().mean() < 0.9


def test_mmd_against_pairs_one_by_one():
    x, y = normal(4, 3), normal(5, 3, seed=1)
    k = lambda p, q: 6 / (6 + ((p - q) ** 2).sum())  # noqa: E731
    xx = sum(k(x[i], x[j]) for i in range(4) for j in range(4) if i != j) / 12
    yy = sum(k(y[i], y[j]) for i in range(5) for j in range(5) if i != j) / 20
    xy = sum(k(p, q) for p in x for q in y) / 20
    found = _losses.mmd(x, y, _losses.inverse_multiquadratic(3))
    assert found.item() == pytest.approx((xx + yy - 2 * xy).item())


def test_mmd_far_from_the_origin():
    x, y = normal(6, 2).float(), normal(6, 2, seed=1).float()
    kernel = _losses.gaussian(2)
    near = _losses.mmd(x, y, kernel)
    assert _losses.mmd(x + 1000, y + 1000, kernel).item() == pytest.approx(near.item(), abs=1e-3)


def test_gradients_of_mmd_are_those_of_differences():
    x, y = normal(4, 2).requires_grad_(), normal(4, 2, seed=1)
    kernel = _losses.inverse_multiquadratic(2)
    assert torch.autograd.gradcheck(lambda x: _losses.mmd(x, y, kernel), (x,))


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
    terms = model.eval().loss(x, random_state=0)
    assert set(terms) == {"loss", "reconstruction", *weights}
    total = terms["reconstruction"] + sum(w * terms[name] for name, w in weights.items())
    assert terms["loss"].item() == pytest.approx(total.item(), rel=1e-6)
    again = model.loss(x, random_state=0)
    assert {k: v.item() for k, v in again.items()} == {k: v.item() for k, v in terms.items()}


def test_the_terms_are_those_of_the_latents():
    x = torch.rand(8, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    model = VAE("small", random_state=0).eval()
    assert model.loss(x)["kl"].item() == pytest.approx(
        _losses.kl_to_standard_normal(*model.encode(x)).item()
    )
    plain = AE("small", random_state=0).eval()
    assert plain.loss(x)["reconstruction"].item() == pytest.approx(
        ((plain(x) - x) ** 2).sum().item() / 8, rel=1e-6
    )
