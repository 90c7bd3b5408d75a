"""Markdown tables from the results of head_to_head.py."""

from __future__ import annotations

from typing import Any

from limits import WORDS
from machine import in_words
from targets import number, target_table

Results = dict[str, Any]


def milliseconds(seconds: float) -> str:
    """A time in milliseconds."""
    value = seconds * 1e3
    return f"{value:,.3f} ms" if value < 1 else f"{value:,.2f} ms"


def _range(row: dict[str, float], factor: float = 1) -> str:
    """The quartiles."""
    return f"{number(row['low'] * factor)} to {number(row['high'] * factor)}"


def short_race(race: Results) -> str:
    """A race for the README: medians and ratios."""
    lines = [f"| {race['title']} | median | against zbins |", "|---|---:|---:|"]
    lines.append(f"| zbins | {milliseconds(race['ours']['seconds']['median'])} | 1.0× |")
    for name, row in race["peers"].items():
        if row["kind"] != "memory":
            ratio = row["ratio"]["median"]
            lines.append(
                f"| {name} | {milliseconds(row['seconds']['median'])} | {number(ratio)}× |"
            )
    return "\n".join(lines)


def long_race(race: Results) -> str:
    """A race with its spread, the number of pairs and the limit."""
    ours = race["ours"]["seconds"]
    lines = [
        f"| {race['title']} | median | quartiles, ms | against zbins | quartiles | pairs |",
        "|---|---:|---:|---:|---:|---:|",
        f"| zbins | {milliseconds(ours['median'])} | {_range(ours, 1e3)} | 1× | | "
        f"{len(race['ours']['times'])} runs |",
    ]
    for name, row in race["peers"].items():
        seconds, ratio, pairs = row["seconds"], row["ratio"], len(row["pairs"])
        label = name + (f" ({row['note']})" if row["note"] else "")
        one = pairs == 1
        lines.append(
            f"| {label} | {milliseconds(seconds['median'])} | {'' if one else _range(seconds, 1e3)}"
            f" | {number(ratio['median'])}× | {'' if one else _range(ratio)} | {pairs} |"
        )
    return "\n".join(lines)


def gmm_table(curve: Results) -> str:
    """The mixture against n."""
    lines = [
        f"| n (d = {curve['d']}) | GaussianMixture(20).fit | how it ended | zbins, k = "
        f"{curve['k']} | ratio | pairs |",
        "|---:|---:|---|---:|---:|---:|",
    ]
    for row in curve["rows"]:
        peer = row["peers"]["GaussianMixture(20)"]
        lines.append(
            f"| {row['n']:,} | {peer['seconds']['median']:,.2f} s | {peer['note']} | "
            f"{milliseconds(row['ours']['seconds']['median'])} | {number(peer['ratio']['median'])}×"
            f" | {len(peer['pairs'])} |"
        )
    return "\n".join(lines)


def limit_table(limits: Results) -> str:
    """What the memory can do."""
    lines = ["| memory | threads | GB/s, median | quartiles |", "|---|---:|---:|---:|"]
    for kind, rows in limits["measured"].items():
        for threads, row in rows.items():
            rate = row["bytes_per_second"]
            lines.append(
                f"| {WORDS[kind]} | {threads} | {rate['median'] / 1e9:.1f} | "
                f"{rate['low'] / 1e9:.1f} to {rate['high'] / 1e9:.1f} |"
            )
    return "\n".join(lines)


def multiples(results: Results) -> str:
    """Every figure of ours as a multiple of the limit."""
    lines = [
        "| zbins | median | bytes | at the limit | multiple of the limit |",
        "|---|---:|---:|---:|---:|",
    ]
    for race in [*results["fits"].values(), *results["samples"].values()]:
        lines.append(
            f"| {race['title']} | {milliseconds(race['ours']['seconds']['median'])} | "
            f"{race['bytes'] / 1e6:,.1f} MB | {milliseconds(race['limit_seconds'])} | "
            f"{number(race['times_limit'])}× |"
        )
    return "\n".join(lines)


def scaling_table(results: Results, curve: str) -> str:
    """One curve: time per row and memory peak, a line per size and number of threads."""
    read = results["limits"]["read"]
    lines = [
        "| n | d | occupied bins | read as | threads | ns a row | ns a value | × the limit | peak "
        "beyond the input | target | kept |",
        "|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    how = {"memory": "fit", "stream": "fit_batches, one pass"}
    for p in results["scaling"]["points"]:
        if p["curve"] != curve:
            continue
        at_limit = 2 * 4 * p["d"] / read * 1e9
        kept = "yes" if p["peak_bytes"] <= p["target_bytes"] else "no"
        lines.append(
            f"| {p['n']:,} | {p['d']:,} | {p['occupied']:,} | {how[p['how']]} | {p['threads']} | "
            f"{number(p['ns_per_row'])} | {number(p['ns_per_row'] / p['d'])} | "
            f"{number(p['ns_per_row'] / at_limit)}× | {p['peak_bytes'] / 2**20:,.0f} MiB | "
            f"{p['target_bytes'] / 2**20:,.0f} MiB | {kept} |"
        )
    return "\n".join(lines)


def overhead_line(overhead: Results) -> str:
    """The bare calls, in words."""
    fit, sample = (overhead[name]["seconds"]["median"] * 1e3 for name in ("fit", "sample"))
    return (
        f"With n = {overhead['n']} and d = {overhead['d']}, where the call itself is the cost, "
        f"`fit` takes {fit:.3f} ms and `sample` {sample:.3f} ms."
    )


def heading(results: Results, command: str) -> str:
    """Machine, date and command."""
    return f"Printed by `{command}` ({in_words(results['machine'])})."


def printed(results: Results) -> str:
    """All that was measured, for the terminal."""
    parts = [in_words(results["machine"])]
    if "limits" in results:
        parts.append(limit_table(results["limits"]))
    parts += [long_race(race) for race in results.get("fits", {}).values()]
    parts += [long_race(race) for race in results.get("samples", {}).values()]
    if "gmm" in results:
        parts.append(gmm_table(results["gmm"]))
    if "overhead" in results:
        parts.append(overhead_line(results["overhead"]))
    if "scaling" in results:
        parts += [scaling_table(results, "n"), scaling_table(results, "d")]
    if {"limits", "fits", "samples"} <= results.keys():
        parts.append(multiples(results))
    if {"fits", "samples", "overhead"} <= results.keys():
        parts.append(target_table(results))
    return "\n\n".join(parts)
