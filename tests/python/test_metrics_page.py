"""docs/metrics.md: its faults are those it names, its verdicts follow from its numbers."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import numpy as np
import pytest

from bench_modules import BENCHES, ROOT, importable
from zbins import metrics


@pytest.fixture
def bench():
    with importable(BENCHES):
        yield importlib.import_module("metrics")


@pytest.mark.parametrize(
    ("before", "after", "ideal", "wanted"),
    [
        ([1.0, 1.1, 0.9], [1.05, 1.0, 0.9], 1, "same"),
        ([1.0, 1.1, 0.9], [3.0, 3.1, 2.9], 1, "worse"),
        ([1.0, 1.1, 0.9], [3.0, 3.1, 2.9], np.inf, "better"),
        ([1.0, 1.1, 0.9], [3.0, 3.1, 2.9], -np.inf, "worse"),
        ([3.0, 3.1, 2.9], [1.0, 1.1, 0.9], -np.inf, "better"),
        ([3.0, 3.1, 2.9], [1.0, 1.1, 0.9], 0, "better"),
        ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5], 0.5, "same"),
        ([0.5, 0.5, 0.5], [0.4, 0.4, 0.4], 0.5, "worse"),
    ],
)
def test_verdicts(bench, before, after, ideal, wanted):
    assert bench.verdict(before, after, ideal) == wanted


def test_faults(bench):
    """Each has its own fault and, but for that, is as the law is."""
    law, rng = bench.Law(6), np.random.default_rng(0)
    fitted = law.draw(rng, 4_000)[0]
    made = {what: make(law, rng, fitted) for what, (make, _) in bench.FAULTS.items()}
    scale = fitted.std(axis=0)

    def near(rows):
        return (
            np.linalg.norm(rows[:300, None] - fitted, axis=2).min(1)
            < 0.02 * np.sqrt(6) * scale.max()
        ).mean()

    assert near(made["copies"]) == 1  # the first 3 of 10
    assert near(made["copies"][-300:]) < 0.1
    modes = {what: law.probabilities(rows).argmax(1) for what, rows in made.items()}
    assert np.isin(modes["dropped modes"], [8, 9]).mean() < 0.05
    assert np.isin(modes["copies"], [8, 9]).mean() == pytest.approx(0.2, abs=0.03)
    assert made["noise"].var(axis=0) / scale**2 == pytest.approx(1.09, abs=0.1)
    assert (made["shifted mean"] - fitted).mean(axis=0) / scale == pytest.approx(0.15, abs=0.07)
    shuffled = made["wrong covariance"]
    assert (shuffled - fitted).mean(axis=0) / scale == pytest.approx(0, abs=0.07)
    assert shuffled.std(axis=0) / scale == pytest.approx(1, abs=0.07)


def test_a_quick_run(tmp_path):
    """Every metric is asked, by its public name, and the page says what the numbers say."""
    command = [sys.executable, str(BENCHES / "metrics.py"), "--quick", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    text = (tmp_path / "metrics.md").read_text(encoding="utf-8")
    rows = [row for group in results["groups"].values() for row in group]
    named = {row["name"].split("`")[1] for row in rows}
    assert named == {name for name in metrics.__all__ if name.islower()} | {"c2st"}
    for row in rows:
        assert set(row["values"]) == {"fresh", *row["verdicts"]}
        assert all(
            len(values) == 2 and np.isfinite(values).all() for values in row["values"].values()
        )
        assert row["seconds"] > 0
    copied = next(row for row in rows if row["name"] == "`copied_share`")
    assert copied["verdicts"]["copies"] == "worse"
    assert "-0.0 " not in text
    assert str(tmp_path) not in text
    for line in text.splitlines():
        assert line.startswith(("|", "#")) or len(line) <= 100
    for table in (part for part in text.split("\n\n") if part.startswith("|")):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table


def test_the_page_is_that_of_its_numbers(bench):
    results = json.loads((BENCHES / "results" / "metrics.json").read_text(encoding="utf-8"))
    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8") == bench.page(results)


def test_quick_numbers_go_nowhere():
    command = [sys.executable, str(BENCHES / "metrics.py"), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--quick needs --out" in done.stderr
