"""docs/mnist.md from the results: every number and every word of judgement comes from the JSON."""

from __future__ import annotations

import textwrap
from typing import Any

import words
from equal import OUT_OF_REACH, SIGMAS, WITHIN, Row, deviation, mean
from machine import in_words
from words import seconds

COMMAND = "make mnist DATA=PATH"
NETWORKS = {
    "small": 'our `"small"` (two convolutions, for CPUs; not the paper\'s network)',
    "mnist": "the paper's for MNIST (its Table 3)",
}

Results = dict[str, Any]


def page(results: Results) -> str:
    """Return the whole page."""
    settings, models = results["settings"], results["models"]
    parts = ["# MNIST: PMFS and a Gaussian mixture at equal novelty", _head(results)]
    if settings["quick"]:
        parts.append(
            "**A quick run: it shows that everything runs, and its numbers mean nothing.**"
        )
    parts += ["## At equal novelty", words.headline(models)]
    parts.append(words.against_the_best(models))
    parts += [words.of_model(name, model) for name, model in models.items()]
    parts += [equal_table(models), _equal_legend()]
    parts += ["![Fréchet distance against novelty](images/mnist-trade.png)", "## What else it says"]
    for say in (words.by_frechet_alone, words.floor, words.alone, words.prior):
        parts += filter(None, (say(name, model) for name, model in models.items()))
    parts += [words.other_layer(models), words.speed(models)]
    for name, model in models.items():
        parts += [
            f"## {name}",
            _about(name, model, results),
            row_table(model["rows"], settings["n_timed"]),
        ]
        parts.append(f"![Samples of every sampler, {name}](images/mnist-{name.lower()}.png)")
    parts += ["## How it was measured", _method(results), "## What it does not show"]
    parts += [_limits(results), "## Time", _time_line(results), time_table(results["stages"])]
    return "\n\n".join(map(_wrapped, parts)) + "\n"


def equal_table(models: dict[str, Any]) -> str:
    """Return a line per mixture."""
    lines = [
        "| latents | mixture | novelty | its Fréchet | PMFS between | PMFS's Fréchet there | "
        "PMFS - GMM | spread | PMFS is |",
        "|---|---|---:|---:|---|---:|---:|---:|---|",
    ]
    for name, model in models.items():
        for c in model["equal_novelty"]:
            head = (
                f"| {name} | {c['mixture']} | {c['novelty']:.3f} | "
                f"{c['frechet']:.2f} ± {c['frechet_std']:.2f} | "
            )
            if c["outcome"] == OUT_OF_REACH:
                end = f"ends at {c['end_novelty']:.3f} ({c['end']})"
                lines.append(f"{head}{end} | - | - | - | out of reach |")
                continue
            between = " and ".join(setting.split("=")[-1] for setting in c["between"])
            outcome = "no different" if c["outcome"] == WITHIN else f"**{c['outcome']}**"
            lines.append(
                f"{head}n_bins {between} | {c['pmfs_frechet']:.2f} ± {c['pmfs_frechet_std']:.2f} | "
                f"{c['difference']:+.2f} | ±{c['spread']:.2f} | {outcome} |"
            )
    return "\n".join(lines)


def row_table(rows: list[Row], n_timed: int) -> str:
    """Return a line per sampler of one model."""
    lines = [
        f"| sampler | fit | sample {n_timed:,} | Fréchet | novelty | copied | occupied bins "
        "| rows alone in their bin | test latents in an occupied bin | EM converged |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        times = row.get("times", {})
        cells = [row["name"]]
        cells += [seconds(times[k]["median"]) if k in times else "-" for k in ("fit", "sample")]
        cells += [_spread(row["frechet"], 2), _spread(row["novelty"], 3)]
        cells.append(_share(row["copied_share"]))
        cells.append(f"{row['occupied']:,}" if "occupied" in row else "-")
        cells += [f"{row[k]:.1%}" if k in row else "-" for k in ("share_alone", "share_covered")]
        converged = "yes" if row.get("converged") else "no"
        cells.append(f"{converged}, {row['iterations']} steps" if "converged" in row else "-")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def time_table(stages: list[dict[str, Any]]) -> str:
    """Return what each kind of stage took."""
    groups: dict[str, list[float]] = {}
    for stage in stages:
        name, _, rest = stage["name"].partition("-")
        kind = rest if rest in ("training", "latents", "references") else "samplers"
        label = name if name == "classifier" else f"{name.upper()}, {kind}"
        spent = groups.setdefault(label, [0.0, 0.0])
        spent[0] += stage["seconds"]
        spent[1] += stage["cpu_seconds"]
    total = [sum(spent[i] for spent in groups.values()) for i in (0, 1)]
    lines = ["| stage | seconds | CPU seconds |", "|---|---:|---:|"]
    for label, (clock, cpu) in [*groups.items(), ("all", total)]:
        lines.append(f"| {label} | {clock:,.1f} | {cpu:,.1f} |")
    return "\n".join(lines)


def _head(results: Results) -> str:
    return (
        f"`{COMMAND}` made this page, words and all, from "
        f"[mnist.json](../benches/results/mnist.json) ({in_words(results['machine'])}; "
        f"{results['torch_threads']} threads of PyTorch)."
    )


def _about(name: str, model: dict[str, Any], results: Results) -> str:
    settings = results["settings"]
    latent = "the mean of an image's distribution" if name == "VAE" else "what the encoder gives"
    spread = model["latent_std"]
    return (
        f"Network: {NETWORKS[settings['architecture']]}, {model['parameters']:,} parameters, "
        f"latents of {model['latent_dim']} dimensions, trained for {settings['epochs']} epochs on "
        f"{results['images']['train']:,} images (on {settings['device']}). A latent is {latent}. "
        f"Columns have standard deviations from {spread[0]:.2f} to {spread[-1]:.2f}. The mean "
        f"squared error of a test image, summed over its pixels, is {model['test_error']:.2f}. The "
        "last line of every panel below is the nearest decoded fitted row of the sample above it."
    )


def _equal_legend() -> str:
    return (
        "For every mixture, the Fréchet distance that PMFS has at the mixture's novelty: linear "
        "between the two numbers of bins whose novelty is next below and next above. The spread "
        f"is {SIGMAS:g} standard deviations of the difference of two draws, those of novelty "
        "times the slope of the line included; only what is beyond it counts as closer or further."
    )


def _method(results: Results) -> str:
    settings, images = results["settings"], results["images"]
    judge = results["classifier"]
    n = f"{images['test']:,}"
    distances = " and ".join(
        f"{model['unseen_distance']:.3f} ({name})" for name, model in results["models"].items()
    )
    points = (
        f"The networks are trained on {images['train']:,} images (Adam, batches of "
        f"{settings['batch_size']}, learning rate 1e-3), all samplers are fitted on the latents of "
        f"the same {images['validation']:,} validation images as float32, and everything is "
        f"measured against the {n} test images. Mean ± standard deviation of {settings['draws']} "
        f"draws of {n} samples each.",
        "Fréchet: |difference of means|² + tr(A + B - 2 (A B)^½), squared as in FID, in the "
        f"{judge['features']} features that the last layer of a convolutional classifier reads. It "
        f"is trained in the same run ({judge['epochs']} epochs, {judge['accuracy']:.2%} of the "
        "test images right). Before its last ReLU each feature has variance 1 over the training "
        "images. Lower is closer. These are not the Inception features of the paper, so the "
        "numbers are not its FID.",
        "Novelty: the mean distance, in pixels of decoded images, from samples to the nearest "
        "decoded row the sampler was fitted on, divided by the same for as many held-out rows: the "
        f"test images, encoded and decoded ({distances}). 0 = copies, 1 = as new as unseen digits. "
        "Above 1 is no merit: such samples are further from all fitted digits than digits are.",
        "Copied: the share of samples that are nearer to a decoded fitted row than the nearest 1 % "
        "of the held-out rows are. A sampler that copies nothing has 1 %; a mean may hide a "
        "minority of copies, this does not.",
        "Reconstructions are of the very images that they are compared with, so their Fréchet "
        "distance is not a floor for samplers; that of the copies is one of a kind.",
        f"PMFS and GMM are at their defaults, but for `max_iter=1000` of GMM. Times are medians "
        f"({_runs(results)}; no new one after {settings['timing_budget']:g} s). PMFS ran with "
        f"{results['zbins_threads']} threads, GMM with as many of BLAS and OpenMP as they take; "
        f"the machine's load meanwhile was up to {_load(results):.1f}.",
    )
    return "\n".join(f"- {point}" for point in points)


def _limits(results: Results) -> str:
    points = (
        "One training of each network, one split, and one fit of each mixture: the spread is that "
        "of the draws alone. `--seed` makes another, in a folder of its own.",
        "Between two numbers of bins no sampler was measured; the line between them is an "
        "assumption.",
        "Novelty is about the rows that the samplers were fitted on. It does not see whether a "
        "sample copies an image that the network was trained on.",
    )
    return "\n".join(f"- {point}" for point in points)


def _time_line(results: Results) -> str:
    clock, cpu = (sum(s[what] for s in results["stages"]) for what in ("seconds", "cpu_seconds"))
    cores = results["machine"]["cores"]
    return (
        f"{clock / 60:.0f} minutes on the clock. The CPU seconds, of all threads, are "
        f"{cpu / cores / 60:.0f} minutes of {cores} cores: networks as small as these train on "
        "little more than one, and other processes may have taken some."
    )


def _runs(results: Results) -> str:
    """Return how many fits were timed, of each kind of sampler."""
    rows = [row for model in results["models"].values() for row in model["rows"]]
    counts = {
        kind: [row["times"]["fit"]["runs"] for row in rows if row["kind"] == kind]
        for kind in ("PMFS", "GMM")
    }
    return ", ".join(f"{min(n)} or more fits of {kind}" for kind, n in counts.items())


def _load(results: Results) -> float:
    rows = (row for model in results["models"].values() for row in model["rows"])
    return max(row["times"]["load"] for row in rows if "times" in row)


def _spread(values: list[float], digits: int) -> str:
    if not values:
        return "-"
    text = f"{mean(values):.{digits}f}"
    return text if len(values) == 1 else f"{text} ± {deviation(values):.{digits}f}"


def _share(values: list[float]) -> str:
    """Return the mean of shares in per cent."""
    return f"{sum(values) / len(values):.1%}" if values else "-"


def _wrapped(part: str) -> str:
    """Return a part in lines of at most 100 characters; tables, headings and images as they are."""
    if part.startswith(("|", "#", "!")):
        return part
    lines = part.splitlines()
    filled = (
        textwrap.fill(
            line,
            100,
            subsequent_indent="  " if line.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines
    )
    return "\n".join(filled)
