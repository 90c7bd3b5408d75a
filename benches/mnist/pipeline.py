"""The stages of a run in their order: classifier, and per model training, latents and samplers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import classifier
import measures
import models
import numpy as np
import samplers
import torch
from digits import Array, Digits
from settings import MODELS, Settings
from stages import Stage, Store

import zbins
from zbins.metrics import Novelty
from zbins.protocol import draw

PICTURED = 48  # images of a panel

Say = Callable[[str], None]


@dataclass
class Outcome:
    """What came out: the results as JSON has them, and pictures by (model, row's name)."""

    results: dict[str, Any]
    pictures: dict[tuple[str, str], dict[str, Array]] = field(default_factory=dict)


def run(digits: Digits, settings: Settings, store: Store, say: Say) -> Outcome:
    """Make what is not there yet, and put all together."""
    base = {"images": digits.identity, **settings.of("seed", "device")}
    judge_network = store.run(
        "classifier",
        base | settings.of("classifier_epochs"),
        lambda stage: classifier.train(digits, settings, stage),
    )
    accuracy = judge_network.result["accuracy"]
    say(f"the classifier names {accuracy:.2%} of the test images correctly")
    outcome = Outcome({"classifier": judge_network.result, "models": {}})
    for name in MODELS:
        outcome.results["models"][name] = _model(
            name, digits, settings, store, say, judge_network, base, outcome
        )
    outcome.results["date"] = max(stage.date for stage in store.stages)
    outcome.results["stages"] = [
        {"name": stage.name, "seconds": stage.seconds, "cpu_seconds": stage.cpu_seconds}
        for stage in store.stages
    ]
    return outcome


def _model(
    name: str,
    digits: Digits,
    settings: Settings,
    store: Store,
    say: Say,
    judge_network: Stage,
    base: dict[str, Any],
    outcome: Outcome,
) -> dict[str, Any]:
    """Train one model, measure every sampler on its latents."""
    slug = name.lower()
    trained = store.run(
        f"{slug}-training",
        base | settings.of("architecture", "epochs", "batch_size"),
        lambda stage: models.train(name, digits, settings, stage, say),
    )
    encoded = store.run(
        f"{slug}-latents",
        {"training": trained.key},
        lambda stage: _encode(name, digits, settings, trained, stage),
    )

    @functools.cache
    def judge() -> measures.Judge:  # only if there is something left to measure
        z = encoded.arrays()
        features = classifier.load_features(judge_network, settings.device)
        model = models.load(name, trained, settings)
        return measures.Judge(model, features, digits, z["validation"], z["test"])

    after = {
        "latents": encoded.key,
        "classifier": judge_network.key,
        "features": classifier.LAYER,
        "measures": measures.VERSION,
    }
    references = store.run(
        f"{slug}-references", after, lambda stage: _references(judge(), digits, stage)
    )
    rows = list(references.result["rows"])
    kept = references.arrays()
    for row in rows:
        if f"{row['slug']}-images" in kept:
            outcome.pictures[name, row["name"]] = {
                what: kept[f"{row['slug']}-{what}"] for what in ("images", "nearest")
            }
    for contender in samplers.contenders(name, settings):
        stage = store.run(
            f"{slug}-{contender.slug}",
            after | settings.of("seed", "draws", "n_timed", "timing_budget"),
            lambda stage, contender=contender: _measure(contender, judge(), settings, stage),
        )
        rows.append(stage.result)
        outcome.pictures[name, contender.name] = stage.arrays()
        say(_line(stage.result))
    return {**trained.result, **encoded.result, **references.result, "rows": rows}


def _encode(
    name: str, digits: Digits, settings: Settings, trained: Stage, stage: Stage
) -> dict[str, Any]:
    model = models.load(name, trained, settings)
    z = {part: models.latents(model, getattr(digits, part)) for part in ("validation", "test")}
    stage.store(**z)
    return {
        "test_error": models.reconstruction_error(model, z["test"], digits.test),
        "latent_std": sorted(z["validation"].std(0).tolist()),
    }


def _references(judge: measures.Judge, digits: Digits, stage: Stage) -> dict[str, Any]:
    """Measure what the samplers are read against."""
    real, again = judge.real(digits.validation), judge.reconstructions
    copies = judge.novelty(judge.copies)
    rows = [
        _row("real validation images", "real", "real", [judge.measured(real)]),
        _row(
            "decoded validation latents (copies)",
            "copies",
            "reference",
            [judge.measured(judge.copies) | _newness(copies)],
        ),
        _row(
            "decoded test latents (reconstructions)",
            "reconstructions",
            "reference",
            [judge.measured(again) | _newness(judge.novelty(again))],
        ),
    ]
    test = judge.real(digits.test[:PICTURED])
    pairs = {"real": judge.pairs(test), "reconstructions": judge.pairs(again[:PICTURED])}
    stage.store(**{f"{slug}-{what}": a for slug, both in pairs.items() for what, a in both.items()})
    return {"rows": rows, "unseen_distance": copies.unseen_distance}


def _measure(
    contender: samplers.Contender, judge: measures.Judge, settings: Settings, stage: Stage
) -> dict[str, Any]:
    """Fit one sampler, time it, draw, decode, measure."""
    sampler, times = samplers.fit(contender, judge.fitted, settings)
    facts: dict[str, Any] = {}
    if contender.kind == "PMFS":
        summary = sampler.summary()
        facts = {"occupied": summary.n_occupied, "share_alone": summary.share_alone}
        facts["share_covered"] = float(sampler.contains(judge.held_out).mean())
    elif contender.kind == "GMM":
        facts = {"converged": bool(sampler.converged_), "iterations": int(sampler.n_iter_)}
    times["sample"] = samplers.time_draws(sampler, settings)
    draws = []
    n = len(judge.held_out)
    for turn in range(settings.draws):
        images = judge.decode(draw(sampler, n, 1_000 * settings.seed + turn))
        draws.append(judge.measured(images) | _newness(judge.novelty(images)))
        if turn == 0:
            stage.store(**judge.pairs(images[:PICTURED]))
    row = _row(contender.name, contender.slug, contender.kind, draws)
    return row | {"parameter": contender.parameter, "times": times, **facts}


def _newness(found: Novelty) -> dict[str, float | None]:
    return {"novelty": found, "copied_share": found.copied_share}


def _row(name: str, slug: str, kind: str, draws: list[dict[str, Any]]) -> dict[str, Any]:
    measured = {what: [draw[what] for draw in draws] for what in draws[0]}
    return {"name": name, "slug": slug, "kind": kind, "novelty": [], "copied_share": [], **measured}


def _line(row: dict[str, Any]) -> str:
    frechet, novelty = np.mean(row["frechet"]), np.mean(row["novelty"])
    copied = np.mean(row["copied_share"])
    return f"  {row['name']}: Fréchet {frechet:.2f}, novelty {novelty:.3f}, copied {copied:.1%}"


def facts(settings: Settings, digits: Digits) -> dict[str, Any]:
    """Return what the numbers were made with."""
    return {
        "settings": settings.of(*settings.__dataclass_fields__),
        "images": {
            "train": len(digits.train),
            "validation": len(digits.validation),
            "test": len(digits.test),
            "sha256": digits.identity,
        },
        "torch_threads": torch.get_num_threads(),
        "zbins_threads": zbins.show_config(as_dict=True)["threads with n_jobs=-1"],
    }
