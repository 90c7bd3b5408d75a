"""What the numbers say, in words: computed from them, nothing here is known beforehand."""

from __future__ import annotations

from collections import Counter
from typing import Any

from equal import CLOSER, FURTHER, OUT_OF_REACH, WITHIN, Row, compared, mean

MOSTLY_ALONE = 0.9

Model = dict[str, Any]


def headline(models: dict[str, Model]) -> str:
    """Return how PMFS and GMM compare at equal novelty, over all models."""
    outcomes = Counter(c["outcome"] for model in models.values() for c in model["equal_novelty"])
    n = sum(outcomes.values())
    reached = n - outcomes[OUT_OF_REACH]
    if reached == 0:
        said = "PMFS reaches the novelty of none of the mixtures, so nothing can be compared"
    elif outcomes[FURTHER] == reached:
        said = (
            "PMFS is worse than GMM: its samples are further from the test images in all "
            f"{reached} comparisons, beyond the spread of the draws"
        )
    elif outcomes[CLOSER] == reached:
        said = (
            "PMFS is better than GMM: its samples are closer to the test images in all "
            f"{reached} comparisons, beyond the spread of the draws"
        )
    elif outcomes[WITHIN] == reached:
        said = (
            f"PMFS and GMM are no different: in all {reached} comparisons they lie within the "
            "spread of the draws"
        )
    else:
        said = (
            f"neither is better throughout: of {reached} comparisons, PMFS is closer to the test "
            f"images in {outcomes[CLOSER]}, further in {outcomes[FURTHER]}, and within the spread "
            f"of the draws in {outcomes[WITHIN]}"
        )
    text = f"**At equal novelty, {said}.**"
    if 0 < reached < n:
        text += f" In {n - reached} more, PMFS does not reach the mixture's novelty."
    return text


def against_the_best(models: dict[str, Model]) -> str:
    """Return the outcome against each model's mixture that is closest to the test images."""
    said = {
        CLOSER: "PMFS is closer",
        FURTHER: "PMFS is further",
        WITHIN: "they are no different",
        OUT_OF_REACH: "PMFS does not reach its novelty",
    }
    best = {
        name: min(model["equal_novelty"], key=lambda c: c["frechet"])
        for name, model in models.items()
    }
    clauses = (f"{name}, {_short(c['mixture'])}: {said[c['outcome']]}" for name, c in best.items())
    return f"**Against the best mixture** (the lowest Fréchet): {'; '.join(clauses)}."


def of_model(name: str, model: Model) -> str:
    """Return the comparisons of one model in a sentence."""
    clauses = "; ".join(map(_comparison, model["equal_novelty"]))
    return f"**{name}.** At the novelty of {clauses}."


def _comparison(c: dict[str, Any]) -> str:
    mixture = f"{_short(c['mixture'])}, {c['novelty']:.2f}"
    if c["outcome"] == OUT_OF_REACH:
        side = "not above" if c["end_novelty"] < c["novelty"] else "not below"
        return (
            f"{mixture}, there is no PMFS to compare: it gets {side} {c['end_novelty']:.2f}, with "
            f"{_short(c['end'])}"
        )
    against = f"{c['pmfs_frechet']:.2f} against {c['frechet']:.2f}"
    if c["outcome"] == WITHIN:
        return f"{mixture}, PMFS is no different beyond the spread ({against})"
    return f"{mixture}, PMFS is {c['outcome']} ({against})"


def by_frechet_alone(name: str, model: Model) -> str:
    """Return who wins if novelty is not looked at, and by what."""
    kinds = {
        kind: min(
            (row for row in model["rows"] if row["kind"] == kind),
            key=lambda row: mean(row["frechet"]),
        )
        for kind in ("PMFS", "GMM")
    }
    pmfs, gmm = kinds["PMFS"], kinds["GMM"]
    better = mean(pmfs["frechet"]) < mean(gmm["frechet"])
    copies = next(row for row in model["rows"] if row["slug"] == "copies")
    return (
        f"**{name}, by Fréchet alone,** as the paper's Table 1 picks: PMFS "
        f"{'wins' if better else 'loses'}, {_frechet(pmfs)} with {_short(pmfs['name'])} against "
        f"{_frechet(gmm)} with {_short(gmm['name'])}. But their novelty is "
        f"{mean(pmfs['novelty']):.2f} and {mean(gmm['novelty']):.2f}, the share of copies among "
        f"the samples {mean(pmfs['copied_share']):.0%} and {mean(gmm['copied_share']):.0%}, and "
        f"with {_short(pmfs['name'])} {pmfs['share_alone']:.0%} of the fitted rows are alone in "
        f"their bin. Decoding the fitted rows themselves, which needs no sampler, gives "
        f"{_frechet(copies)} at novelty {mean(copies['novelty']):.2f}."
    )


def alone(name: str, model: Model) -> str:
    """Return where PMFS stops to be a density, or an empty string."""
    pmfs = [row for row in model["rows"] if row["kind"] == "PMFS"]
    first = next((row for row in pmfs if row["share_alone"] >= MOSTLY_ALONE), None)
    if first is None:
        return ""
    last = pmfs[-1]
    return (
        f"**{name}, bins.** From {_short(first['name'])} on, {first['share_alone']:.0%} or more of "
        f"the fitted rows are alone in their bin, and at most {first['share_covered']:.0%} of the "
        "test latents lie in an occupied one: PMFS is jitter around the fitted rows there, no "
        f"density. Its novelty goes from {mean(first['novelty']):.2f} down to "
        f"{mean(last['novelty']):.2f} with {_short(last['name'])}."
    )


def prior(name: str, model: Model) -> str:
    """Return how the samplers stand to the model's own prior, or an empty string."""
    own = next((row for row in model["rows"] if row["kind"] == "prior"), None)
    if own is None:
        return ""
    level = mean(own["frechet"])
    fitted = [row for row in model["rows"] if row["kind"] in ("PMFS", "GMM")]
    beaten = [row for row in fitted if mean(row["frechet"]) > level]
    text = (
        f"**{name}, prior.** Draws of N(0, I), for which nothing is fitted, have Fréchet "
        f"{_frechet(own)} at novelty {mean(own['novelty']):.2f}"
    )
    if not beaten:
        return text + "; every fitted sampler is closer to the test images."
    names = ", ".join(_short(row["name"]) for row in beaten)
    return text + f"; closer to the test images than {names}."


def floor(name: str, model: Model) -> str:
    """Return how much of the distance is the decoder's, and what comes out below that."""
    level = {row["slug"]: mean(row["frechet"]) for row in model["rows"]}
    below = [
        row
        for row in model["rows"]
        if row["kind"] in ("PMFS", "GMM", "prior") and mean(row["frechet"]) < level["copies"]
    ]
    text = (
        f"**{name}, decoder.** Real validation images lie {level['real']:.2f} from the test "
        f"images, decoded fitted rows {level['copies']:.2f}: most of that is what the decoder does "
        "to every image, and no sampler's."
    )
    if not below:
        return text + " No sampler comes out below it."
    names = ", ".join(f"{_short(row['name'])} ({_frechet(row)})" for row in below)
    return (
        f"{text} {names} came out below it. That cannot mean better digits: this distance, of "
        "means and covariances in one classifier's features, does not see all that the eye sees. "
        "Look at the pictures."
    )


def speed(models: dict[str, Model]) -> str:
    """Return the times of all fits and draws."""
    rows = [row for model in models.values() for row in model["rows"] if "times" in row]
    kinds = {k: [row["times"] for row in rows if row["kind"] == k] for k in ("PMFS", "GMM")}
    fits = {k: [t["fit"]["median"] for t in times] for k, times in kinds.items()}
    draws = {k: [t["sample"]["median"] for t in times] for k, times in kinds.items()}
    return (
        f"**Speed.** A fit of PMFS takes {_between(fits['PMFS'])}, one of GMM "
        f"{_between(fits['GMM'])}: {min(fits['GMM']) / max(fits['PMFS']):,.0f} to "
        f"{max(fits['GMM']) / min(fits['PMFS']):,.0f} times as long. Sampling takes "
        f"{_between(draws['PMFS'])} and {_between(draws['GMM'])}."
    )


def seconds(value: float) -> str:
    """Return a time in the unit that suits it."""
    if value < 0.1:
        return f"{value * 1e3:.2f} ms"
    return f"{value:.2f} s" if value < 100 else f"{value:,.0f} s"


def _between(values: list[float]) -> str:
    return f"{seconds(min(values))} to {seconds(max(values))}"


def other_layer(models: dict[str, Model]) -> str:
    """Return how the comparison comes out in other features of the same classifier."""
    clauses, changed, n = [], 0, 0
    for name, model in models.items():
        other = compared(model["rows"], "frechet_in_front")
        for before, c in zip(model["equal_novelty"], other, strict=True):
            n += 1
            changed += before["outcome"] != c["outcome"]
            clauses.append(f"{name}, {_short(c['mixture'])}: {_outcome(c)}")
    return (
        "**The features decide too.** All distances above are taken behind the classifier's last "
        "ReLU, in what its last layer reads. In front of that ReLU, where a feature also varies "
        "where the classifier does not look, the same samples at equal novelty give: "
        f"{'; '.join(clauses)}. That is another outcome in {changed} of {n} comparisons. The "
        "features behind the ReLU were chosen after both had been seen for the first AE, because "
        "in front of it the broken digits of 2 bins came out closer than those of two mixtures."
    )


def _outcome(c: dict[str, Any]) -> str:
    if c["outcome"] == OUT_OF_REACH:
        return "out of reach"
    said = {CLOSER: "PMFS is closer", FURTHER: "PMFS is further", WITHIN: "no different"}
    return f"{said[c['outcome']]} ({c['pmfs_frechet']:.2f} against {c['frechet']:.2f})"


def _frechet(row: Row) -> str:
    return f"{mean(row['frechet']):.2f}"


def _short(name: str) -> str:
    return name.replace("PMFS, ", "").replace("GMM, ", "GMM with ")
