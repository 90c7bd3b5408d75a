"""What `make mnist` measures: its judge, PMFS at equal novelty, and the words for both."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mnist_helpers import module_of, on_path  # noqa: F401 - a fixture
from zbins.metrics import novelty


@pytest.fixture
def judge():
    """One whose decoder gives the latent itself as an image of 2 by 2 pixels."""
    dice = np.random.default_rng(0)
    fitted, held_out = dice.random((2, 50, 4), dtype=np.float32)
    model = SimpleNamespace(decode=lambda z: torch.as_tensor(z).reshape(-1, 1, 2, 2))
    features = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    digits = SimpleNamespace(test=(held_out * 255).astype(np.uint8).reshape(-1, 1, 2, 2))
    return module_of("measures").Judge(model, features, digits, fitted, held_out)


def test_novelty_is_that_of_decoded_rows(judge):
    assert judge.novelty(judge.decode(judge.fitted[::-1].copy())) == 0
    assert judge.novelty(judge.decode(judge.held_out)) == 1
    drawn = np.random.default_rng(1).random((30, 4), dtype=np.float32)
    found = judge.novelty(judge.decode(drawn))
    assert found == pytest.approx(novelty(drawn, judge.fitted, judge.held_out), rel=1e-12)
    assert found.features == "pixels"


def test_frechet_of_a_judge_is_that_of_features(judge):
    found = judge.measured(judge.decode(judge.held_out))
    assert found["frechet"] < 1e-4  # but for 8 bits of the pixels
    assert found["frechet_in_front"] < 1e-4


def test_pairs_are_of_the_nearest_rows(judge):
    images = judge.decode(np.random.default_rng(1).random((30, 4), dtype=np.float32))
    pairs = judge.pairs(images)
    assert pairs["images"].shape == (30, 2, 2)
    between = images.flatten(1)[:, None] - judge.copies.flatten(1)
    index = between.double().norm(dim=2).argmin(1)
    nearest = (judge.copies[index, 0] * 255).round().byte().numpy()
    assert np.array_equal(pairs["nearest"], nearest)


def row(name, frechet, novelty, kind="PMFS", wobble=0.01):
    """A sampler's row with two draws around these means."""
    steps = np.array([-1, 1]) * wobble / np.sqrt(2)
    means = {"frechet": frechet, "frechet_in_front": frechet, "novelty": novelty}
    means["copied_share"] = 1 - novelty / 2
    draws = {what: (value + steps).tolist() for what, value in means.items()}
    return {"name": name, "slug": name, "kind": kind, **draws}


LINE = [row("PMFS, n_bins=4", 2.0, 0.6), row("PMFS, n_bins=2", 6.0, 1.4)]


@pytest.mark.parametrize(("frechet", "outcome"), [(3, "further"), (5, "closer"), (4.04, "within")])
@pytest.mark.parametrize("line", [LINE, LINE[::-1]])
def test_pmfs_at_the_novelty_of_a_mixture(frechet, outcome, line):
    compare = module_of("equal").at_equal_novelty
    found = compare(row("GMM, 10 components", frechet, 1.0, "GMM"), line)
    assert found["pmfs_frechet"] == pytest.approx(4)  # halfway between the two
    assert found["difference"] == pytest.approx(4 - frechet)
    assert found["between"] == ["PMFS, n_bins=4", "PMFS, n_bins=2"]
    slope = 4 / 0.8
    assert found["spread"] == pytest.approx(2 * 0.01 * np.sqrt(2 + 2 * slope**2))
    assert found["outcome"] == outcome


@pytest.mark.parametrize(("novelty", "end"), [(1.5, "n_bins=2"), (0.5, "n_bins=4")])
def test_a_novelty_that_pmfs_does_not_reach(novelty, end):
    compare = module_of("equal").at_equal_novelty
    found = compare(row("GMM, 10 components", 3, novelty, "GMM"), LINE)
    assert found["outcome"] == "out of reach"
    assert found["end"].endswith(end)
    assert "pmfs_frechet" not in found


def model_of(*mixtures):
    """A model with these mixtures at (Fréchet, novelty), as the results have it."""
    rows = [
        row(f"GMM, {i + 10} components", frechet, novelty, "GMM")
        for i, (frechet, novelty) in enumerate(mixtures)
    ]
    return {"rows": [*LINE, *rows], "equal_novelty": module_of("equal").compared([*LINE, *rows])}


@pytest.mark.parametrize(
    ("mixtures", "said"),
    [
        ([(3, 1), (2, 0.9)], "PMFS is worse than GMM: its samples are further from the test"),
        ([(5, 1), (8, 0.9)], "PMFS is better than GMM: its samples are closer to the test"),
        ([(4, 1), (4.05, 1)], "PMFS and GMM are no different: in all 2 comparisons"),
        ([(3, 1), (5, 1), (4, 1)], "closer to the test images in 1, further in 1, and within"),
        ([(3, 2), (5, 0.1)], "PMFS reaches the novelty of none of the mixtures"),
        ([(3, 1), (5, 2)], "In 1 more, PMFS does not reach the mixture's novelty."),
    ],
)
def test_the_words_follow_from_the_numbers(mixtures, said):
    words = module_of("words")
    assert said in words.headline({"AE": model_of(*mixtures)})


def test_the_best_mixture_is_the_one_with_the_lowest_distance():
    models = {"AE": model_of((5, 1), (3, 0.9)), "VAE": model_of((2, 2), (8, 1))}
    text = module_of("words").against_the_best(models)
    assert "AE, GMM with 11 components: PMFS is further" in text
    assert "VAE, GMM with 10 components: PMFS does not reach its novelty" in text


def test_the_words_of_every_mixture():
    text = module_of("words").of_model("AE", model_of((3, 1), (5, 1), (4, 1), (3, 2), (3, 0.1)))
    assert "GMM with 10 components, 1.00, PMFS is further (4.00 against 3.00)" in text
    assert "GMM with 11 components, 1.00, PMFS is closer (4.00 against 5.00)" in text
    assert "PMFS is no different beyond the spread (4.00 against 4.00)" in text
    assert "it gets not above 1.40, with n_bins=2" in text
    assert "it gets not below 0.60, with n_bins=4" in text


def test_fidelity_alone_is_said_with_its_novelty():
    words, model = module_of("words"), model_of((3, 1))
    for of_pmfs, alone in zip(model["rows"], (0.97, 0.2), strict=False):
        of_pmfs |= {"share_alone": alone, "share_covered": 1 - alone}
    model["rows"].append(row("copies", 1.5, 0.0, "reference", 0))
    text = words.by_frechet_alone("AE", model)
    assert "PMFS wins, 2.00 with n_bins=4 against 3.00 with GMM with 10 components" in text
    assert "their novelty is 0.60 and 1.00, the share of copies among the samples 70% and" in text
    assert "97% of the fitted rows are alone" in text
    assert "From n_bins=4 on, 97% or more" in words.alone("AE", model)
    assert words.prior("AE", model) == ""
    model["rows"].append(row("real", 0.1, 0.0, "real", 0))
    assert "No sampler comes out below it." in words.floor("AE", model)
    model["rows"][0]["frechet"] = [1.4]
    assert "n_bins=4 (1.40) came out below it." in words.floor("AE", model)
    model["rows"].append(row("prior", 2.5, 1.0, "prior"))
    assert "closer to the test images than n_bins=2, GMM with 10" in words.prior("VAE", model)


def test_words_of_the_other_layer():
    equal, words = module_of("equal"), module_of("words")
    rows = [*LINE, row("GMM, 10 components", 3.0, 1.0, "GMM")]
    model = {"rows": rows, "equal_novelty": equal.compared(rows)}
    assert "another outcome in 0 of 1 comparisons" in words.other_layer({"AE": model})
    rows[-1]["frechet_in_front"] = [5.0, 5.01]
    text = words.other_layer({"AE": model})
    assert "AE, GMM with 10 components: PMFS is closer (4.00 against 5.0" in text
    assert "another outcome in 1 of 1 comparisons" in text
