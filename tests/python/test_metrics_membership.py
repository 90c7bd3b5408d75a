"""Membership inference: nothing to tell in fresh samples, all in copies; by scikit-learn's AUC."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from helpers import refused
from metric_rows import three_sets, with_copies
from zbins.metrics import membership_inference


def traces(rows, known, samples):
    """Logarithms of what the attacker looks at: all pairs, none of a row and itself."""
    to_samples = np.sort(np.linalg.norm(rows[:, None] - samples, axis=2), axis=1)
    among = np.linalg.norm(rows[:, None] - rows, axis=2)
    np.fill_diagonal(among, np.inf)
    spacing = np.sort(among[:, known], axis=1)[:, 4]
    return np.log(np.stack([to_samples[:, 0], to_samples[:, 4], spacing], axis=1))


def by_distances(samples, fitted, held_out, splits=60):
    """The mean AUC of the same attack over many splits, all pairs at once."""
    rows = np.concatenate([fitted, held_out])
    member = np.repeat([1, 0], [len(fitted), len(held_out)])
    rng = np.random.default_rng(0)
    found = []
    for _ in range(splits):
        known = np.zeros(len(rows), bool)
        for kind in (0, 1):
            of_kind = rng.permutation(np.flatnonzero(member == kind))
            known[of_kind[: len(of_kind) // 2]] = True
        seen = traces(rows, known, samples)
        seen = (seen - seen[known].mean(0)) / seen[known].std(0)
        attacker = LogisticRegression().fit(seen[known], member[known])
        found.append(roc_auc_score(member[~known], attacker.predict_proba(seen[~known])[:, 1]))
    return np.mean(found)


@pytest.mark.parametrize(("d", "noise"), [(1, 0.05), (3, 0.3), (20, 3)])
def test_against_a_slow_attack(d, noise):
    samples, fitted, held_out = three_sets(0, d, 60)
    samples = with_copies(samples, fitted, 0.6, noise)
    found = [
        membership_inference(samples, fitted, held_out, random_state=seed) for seed in range(60)
    ]
    assert np.mean(found) == pytest.approx(by_distances(samples, fitted, held_out), abs=0.03)
    assert np.std(found) > 0.01


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("n", "d"), [(10, 1), (61, 3), (60, 20)])
def test_one_attack_in_full(n, d, seed, monkeypatch):
    """Which rows are known is seen by what scikit-learn is given; all else is done here again."""
    given = []

    class Scaler(StandardScaler):
        def fit(self, X, *more):
            given.append(X)
            return super().fit(X, *more)

    monkeypatch.setattr("sklearn.preprocessing.StandardScaler", Scaler)
    samples, fitted, held_out = three_sets(seed, d, n)
    samples = with_copies(samples, fitted, 0.6, 0.3)
    found = membership_inference(samples, fitted, held_out, random_state=seed)
    (of_known,) = given
    rows, member = np.concatenate([fitted, held_out]), np.repeat([True, False], n)
    # Its nearest sample, which does not depend on the halves, tells a row.
    nearest = np.log(np.linalg.norm(rows[:, None] - samples, axis=2).min(1))
    off = np.abs(of_known[:, :1] - nearest)
    known = off.argmin(axis=1)
    assert len(np.unique(known)) == 2 * (n // 2)
    assert member[known].sum() == n // 2
    seen = traces(rows, known, samples)
    assert of_known == pytest.approx(seen[known], rel=1e-9, abs=1e-9)
    mean, deviation = seen[known].mean(0), seen[known].std(0)
    attacker = LogisticRegression().fit((seen[known] - mean) / deviation, member[known])
    judged = np.setdiff1d(np.arange(2 * n), known)
    score = attacker.decision_function((seen[judged] - mean) / deviation)
    assert found == pytest.approx(roc_auc_score(member[judged], score), rel=1e-9)


def test_what_is_near_depends_on_the_spacing_there():
    """Rows of many scales, each copied six times with noise of its scale: samples say little."""
    rng = np.random.default_rng(0)
    scales = np.exp(3 * np.sort(rng.normal(size=(2, 80, 1))))
    fitted, held_out = scales * rng.normal(size=(2, 80, 2))
    samples = (fitted + 0.2 * scales[0] * rng.normal(size=(6, 80, 2))).reshape(-1, 2)
    found = [
        membership_inference(samples, fitted, held_out, random_state=seed) for seed in range(40)
    ]
    wanted = by_distances(samples, fitted, held_out)
    assert np.mean(found) == pytest.approx(wanted, abs=0.02)


@pytest.mark.parametrize("d", [2, 8, 40])
@pytest.mark.parametrize("noise", [0, 1e-3])
def test_more_copies_tell_more(d, noise):
    samples, fitted, held_out = three_sets(0, d, 600)
    found = [
        membership_inference(with_copies(samples, fitted, share, noise), fitted, held_out)
        for share in (0, 0.1, 0.5, 1)
    ]
    assert found == sorted(found)
    assert found[0] == pytest.approx(0.5, abs=0.06)
    assert found[1] == pytest.approx(0.55, abs=0.05)
    assert found[2] == pytest.approx(0.75, abs=0.05)
    assert found[3] > 0.99
    assert found[2].interval[0] > 0.6


def test_copies_of_some_rows_tell_of_these():
    _, fitted, held_out = three_sets(0, 5, 800)
    drawn = fitted[np.random.default_rng(1).integers(0, 800, 800)]  # 63 % of them
    found = membership_inference(drawn, fitted, held_out)
    assert found == pytest.approx(1 - np.exp(-1) / 2, abs=0.04)


def test_fresh_samples_tell_nothing_and_the_interval_says_so():
    found = [
        membership_inference(*three_sets(seed, 2, 100), random_state=seed) for seed in range(60)
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.025)
    held = sum(one.interval[0] <= 0.5 <= one.interval[1] for one in found)
    assert 51 <= held < 60  # 57 are expected


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 1])
@pytest.mark.parametrize("n", [10, 11, 60, 300])
def test_intervals(share, n):
    samples, fitted, held_out = three_sets(1, 2, n)
    found = membership_inference(with_copies(samples, fitted, share, 0), fitted, held_out)
    low, high = found.interval
    assert 0 <= low <= found <= high <= 1
    assert high - low > 0.5 / n
    # Newcombe's equation, at both ends that are not the end of all areas.
    judged = n - n // 2
    for end in (low, high):
        if 0 < end < 1:
            more = (judged - 1) * ((1 - end) / (2 - end) + end / (1 + end))
            error = np.sqrt(end * (1 - end) * (1 + more)) / judged
            assert abs(end - found) == pytest.approx(1.96 * error, rel=1e-3)


def test_more_rows_have_a_narrower_interval():
    def width(n):
        low, high = membership_inference(*three_sets(0, 2, n)).interval
        return high - low

    assert width(1_000) == pytest.approx(width(250) / 2, rel=0.1)


def every(seed=0, d=3, n=100):
    samples, fitted, held_out = three_sets(seed, d, n)
    samples[:40] = fitted[:40]
    held_out[:3] = fitted[5:8]
    fitted[50:60] = fitted[60:70]
    return samples, fitted, held_out


def test_degenerate_rows():
    """All the same: nothing to tell by. Duplicates, one column, constants, far from the origin."""
    same = np.ones((12, 2))
    assert membership_inference(same, same, same) == 0.5
    assert membership_inference(same, same + 1, same) == 1
    samples, fitted, held_out = three_sets(0, 1, 200)
    far = [r + 1e8 for r in (fitted, fitted, held_out)]
    assert membership_inference(*far) == 1
    with_a_constant = [np.insert(r, 1, 7.0, axis=1) for r in (fitted, fitted, held_out)]
    assert membership_inference(*with_a_constant) == 1
    twice = [np.repeat(r[:40], 12, 0) for r in (samples, fitted, held_out)]
    assert 0 <= membership_inference(*twice) <= 1


def test_what_is_drawn():
    samples, fitted, held_out = every()
    found = membership_inference(samples, fitted, held_out[:31])
    assert found.rows == {"samples": 100, "fitted": 31, "held_out": 31}
    assert found.settings == {"n_known": 30, "n_judged": 32}
    other = membership_inference(samples, fitted, held_out[:31], random_state=1)
    assert other != found
    assert (found.seed, other.seed) == (0, 1)


def test_the_fewest_rows():
    samples, fitted, held_out = three_sets(0, 1, 10)
    assert membership_inference(fitted, fitted, held_out) == 1
    assert membership_inference(samples, fitted, held_out).interval[1] > 0.5


@pytest.mark.parametrize("name", ["samples", "fitted", "held_out"])
def test_too_few_rows(name):
    rows = dict.fromkeys(("samples", "fitted", "held_out"), np.arange(36.0).reshape(12, 3))
    rows[name] = rows[name][:9]
    said = [f"{name} has the shape (9, 3)", "at least 10"]
    refused(ValueError, said, lambda: membership_inference(**rows))
