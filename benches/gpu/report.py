"""From the JSON of run_all.sh to the section on GPUs of docs/performance.md.

    python benches/gpu/report.py                       # every benches/results/gpu-*.json, printed
    python benches/gpu/report.py RESULTS.json...       # these
    python benches/gpu/report.py --write               # into the page, between its two markers

The markers are <!-- gpu begin --> and <!-- gpu end -->, once each. Nothing here needs a GPU.
"""

from __future__ import annotations

import argparse
import json
import textwrap
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RESULTS = ROOT / "benches" / "results"
PAGE = ROOT / "docs" / "performance.md"
COMMAND = "bash benches/gpu/run_all.sh"
BEGIN, END = "<!-- gpu begin -->", "<!-- gpu end -->"

Results = dict[str, Any]


def milliseconds(seconds: float) -> str:
    """A time in milliseconds, of at least three digits."""
    value = seconds * 1e3
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.3g} ms"


def gigabytes(rate: float | None) -> str:
    """Bytes a second."""
    return "" if rate is None else f"{rate / 1e9:,.0f}"


def times(ratio: float) -> str:
    """A ratio, of at least two digits."""
    return f"{ratio:,.0f}×" if ratio >= 100 else f"{ratio:.3g}×"


def goal_of(row: Results) -> tuple[str, str]:
    """The target in words, and whether it was met."""
    goal = row.get("target")
    if not goal:
        return "", ""
    words = {
        "seconds": lambda value: f"at most {value * 1e3:,.0f} ms",
        "share": lambda value: f"at least {value:.0%} of the ceiling",
        "rate": lambda value: f"at least {value / 1e9:,.0f} GB/s",
    }
    return words[goal["what"]](goal["wanted"]), "met" if goal["met"] else "missed"


def rows_of(results: Results, bench: str) -> list[Results]:
    """What a bench has measured; nothing if it did not run."""
    return list(results["benches"].get(bench, {}).get("rows", []))


def table(head: str, lines: list[str]) -> str:
    """A table with its first column to the left, or nothing."""
    if not lines:
        return ""
    columns = head.count("|") - 1
    return "\n".join([head, "|---|" + "---:|" * (columns - 1), *lines])


def ceilings(results: Results) -> str:
    """What the memory can do."""
    lines = [
        f"| {row['job']} | {row['bytes'] / 2**30:,.1f} GiB | "
        f"{milliseconds(row['seconds']['median'])} | {gigabytes(row['rate'])} |"
        for row in rows_of(results, "ceilings")
    ]
    return table("| memory | moved | time | GB/s |", lines)


def jobs(results: Results, bench: str) -> str:
    """Every row of a bench: its time, rate, share of the ceiling and target."""
    lines = []
    for row in rows_of(results, bench):
        wanted, met = goal_of(row)
        seconds, share = row["seconds"], row.get("share")
        spread = f"{milliseconds(seconds['low'])} to {milliseconds(seconds['high'])}"
        lines.append(
            f"| {row['job']} | {milliseconds(seconds['median'])} | {spread} | "
            f"{gigabytes(row.get('rate'))} | {'' if share is None else f'{share:.2f}'} | "
            f"{wanted} | {met} |"
        )
    return table("| job | time | quartiles | GB/s | of the ceiling | target | |", lines)


def memory(results: Results) -> str:
    """Peaks of the fits."""
    lines = [
        f"| {row['job']} | {row['occupied']:,} | {row['input_bytes'] / 2**20:,.0f} MiB | "
        f"{row['peak_bytes'] / 2**20:,.0f} MiB | "
        f"{(row.get('model_bytes') or 0) / 2**20:,.1f} MiB |"
        for row in rows_of(results, "fit")
        if "peak_bytes" in row
    ]
    return table("| job | occupied bins | rows | peak beyond the rows | model |", lines)


def races(results: Results, bench: str) -> list[str]:
    """A table per race: ours, then each peer with its ratio, or why it did not run."""
    tables = []
    for row in rows_of(results, bench):
        lines = [f"| zbins | {milliseconds(row['seconds']['median'])} | 1× | | |"]
        for label, peer in row["peers"].items():
            if "error" in peer:
                why = peer["error"].splitlines()[0][:90].replace("|", "/")
                lines.append(f"| {label} | | does not run | | {why} |")
                continue
            ratio = peer["ratio"]
            lines.append(
                f"| {label} | {milliseconds(peer['seconds']['median'])} | {times(ratio['median'])}"
                f" | {times(ratio['low'])} to {times(ratio['high'])} | {peer.get('note', '')} |"
            )
        tables.append(table(f"| {row['job']} | time | against zbins | quartiles | |", lines))
    return tables


def identity(results: Results) -> str:
    """Files of both, compared."""
    lines = [
        f"| {row['job']} | {row['occupied']:,} | {row['file_bytes'] / 2**20:,.1f} MiB | "
        f"{row['sha256'][:16]} | {'identical' if row['identical'] else 'DIFFERENT'} |"
        for row in rows_of(results, "identical")
    ]
    return table("| fitted on the CPU and on the GPU | bins | file | sha256 | |", lines)


def checks(results: Results) -> str:
    """What the tests and tools said; benches stand in their tables."""
    named = ("build", "tests", "small case", "memcheck", "racecheck", "initcheck")
    lines = []
    for step in results["steps"]:
        if step["name"] in named:
            said = step.get("sanitizer", {}).get("summary", "") or step.get("reason", "")
            last = step["tail"].strip().splitlines()[-1:] if step["name"] == "tests" else []
            said = (said or "".join(last))[:90].replace("|", "/")
            lines.append(
                f"| {step['name']} | {step['status']} | {step['seconds']:.0f} s | {said} |"
            )
    return table("| check | how it ended | time | |", lines)


def failures(results: Results) -> str:
    """All that failed, so that no gap goes unsaid."""
    lines = [f"- step {name}" for name in results.get("failed", [])]
    for name, bench in results["benches"].items():
        for failed in bench.get("failed", []):
            lines.append(f"- {name}, {failed['step']}: {failed['error'].splitlines()[0][:200]}")
    return "\n".join(lines)


def heading(results: Results) -> str:
    """Machine, date and command."""
    machine = results["machine"]
    card, seen = machine.get("card", {}), machine.get("torch", {})
    versions = machine.get("versions", {})
    words = [
        card.get("name", "unknown card"),
        card.get("memory.total", ""),
        f"driver {card.get('driver_version', '?')}",
        f"nvcc {machine.get('nvcc', '?')}",
        f"torch {versions.get('torch', '?')} with CUDA {seen.get('cuda', '?')}",
        f"{machine.get('cores', '?')} cores of {machine.get('cpu', '?')}",
    ]
    said = ", ".join(filter(None, words))
    quick = " --quick" if results["quick"] else ""
    return f"Printed by `{COMMAND}{quick}` ({results['date'][:10]}, {said})."


def section(results: Results) -> str:
    """The section of one card."""
    name = results["machine"].get("card", {}).get("name", "a GPU")
    parts = [
        f"## On {name}",
        heading(results),
        "Times are medians by CUDA events around the public call, and include its overhead; a call "
        "shorter than 20 ms is repeated within one measurement. Every answer is checked first: "
        "against bins and counts known beforehand, and against the CPU's bit for bit. What a job "
        "is compared with takes turns with it. A share of the ceiling is the rate at which its "
        "bytes moved over that of a plain copy, read or fill.",
        ceilings(results),
    ]
    introduced = (
        (
            "Quantizing reads the rows and writes their codes; the ceiling is a copy of as many "
            "bytes.",
            jobs(results, "quantize"),
        ),
        (
            "A fit must read its rows twice, so that its rate is of twice their bytes; the "
            "ceiling is reading them.",
            jobs(results, "fit"),
            memory(results),
        ),
        ("Samples into memory that is there; the ceiling is a fill.", jobs(results, "sample")),
        ("Rows looked up in a model; the ceiling is reading them.", jobs(results, "reading")),
        (
            "Streams; the ceiling is reading the rows on the device, or copying them to it.",
            jobs(results, "streams"),
        ),
        (
            'Side by side. "Against zbins" is how many times longer the other took.',
            *races(results, "peers"),
            *races(results, "mixture"),
        ),
        ("The same bits on both:", identity(results)),
        ("What the tests and the tools said:", checks(results)),
    )
    for words, *tables in introduced:
        if any(tables):
            parts += [words, *tables]
    failed = failures(results)
    if failed:
        parts += ["What failed in this run:", failed]
    return "\n\n".join(wrapped(part) for part in parts if part)


def wrapped(part: str) -> str:
    """A paragraph in lines of at most 100 characters; tables, lists and headings as they are."""
    if part.startswith(("|", "#", "-")):
        return part
    return textwrap.fill(part, 100, break_long_words=False, break_on_hyphens=False)


def into_page(generated: str) -> None:
    """Replace what stands between the markers of the page."""
    text = PAGE.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"{PAGE.name}: expected {BEGIN} and {END} once each; put them in first")
    before, rest = text.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{generated}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")


def main() -> None:
    """Report on the results that are named, or on all."""
    parser = argparse.ArgumentParser(description="Tables from the results of run_all.sh.")
    parser.add_argument("results", nargs="*", type=Path)
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    arguments = parser.parse_args()
    paths = arguments.results or sorted(RESULTS.glob("gpu-*.json"))
    if not paths:
        raise SystemExit(f"no gpu-*.json in benches/results; on a GPU `{COMMAND}` makes one")
    for path in paths:
        if not path.is_file():
            raise SystemExit(f"{path} is not there; on a GPU `{COMMAND} {path}` makes it")
    parts = [section(json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    generated = "\n\n".join(parts)
    if arguments.write:
        into_page(generated)
    else:
        print(generated)


if __name__ == "__main__":
    main()
