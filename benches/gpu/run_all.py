"""What run_all.sh runs: build, tests, compute-sanitizer, benches, and one JSON of all of it.

The JSON is written after every step, so that a run that is stopped leaves what it has.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from card import asked, said
from steps import Running, Step

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "build" / "gpu"
SITE, LOGS, PARTS = WORK / "site", WORK / "logs", WORK / "parts"
RESULTS = ROOT / "benches" / "results"
SECONDS = 525.0  # for all of it
COMPILER = re.compile(r"\.(cpp|hpp|cu|cuh)[:(]\d+.*error|FAILED: ")  # its errors, or ninja's
LEAST = 8.0  # a step with less time left is not begun

# Name and seconds; in this order, the main figures first.
BENCHES = {
    "ceilings": 45,
    "quantize": 70,
    "fit": 100,
    "sample": 80,
    "identical": 80,
    "reading": 50,
    "streams": 60,
    "peers": 120,
    "mixture": 60,
}
TOOLS = ("memcheck", "racecheck", "initcheck")
PYTHON = sys.executable


def commit() -> str:
    """The commit, with + if files of it were changed; ZBINS_COMMIT where there is no repository."""
    given = os.environ.get("ZBINS_COMMIT")
    if given:
        return given
    found = said("git", "-C", str(ROOT), "rev-parse", "HEAD")
    changed = said("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no")
    return (found + "+" * bool(changed)) if found else "unknown"


def environment(architecture: str) -> dict[str, str]:
    """Of every step: the package from build/gpu, for this card, built on all cores."""
    path = os.environ.get("PYTHONPATH")
    return dict(os.environ) | {
        "PYTHONPATH": os.pathsep.join([str(SITE), *([path] if path else [])]),
        "PYTHONUNBUFFERED": "1",
        "CUDAARCHS": architecture,
        "CMAKE_BUILD_PARALLEL_LEVEL": str(len(os.sched_getaffinity(0))),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }


def build_steps() -> list[Step]:
    """pip into a folder of its own; CMake alone where that does not work."""
    pip = [PYTHON, "-m", "pip", "install", "-v", "--no-index", "--no-deps", "--no-build-isolation"]
    pip += ["--no-cache-dir", "--upgrade", "--target", str(SITE)]
    pip += ["--config-settings", "cmake.define.ZBINS_CUDA=ON"]
    pip += ["--config-settings", f"build-dir={WORK / 'pip'}", str(ROOT)]
    return [
        Step("build", pip, 240),
        Step("build by cmake", ["bash", str(HERE / "build.sh"), PYTHON, str(SITE)], 240),
    ]


def part_of(name: str) -> str:
    """Where a bench writes its part of the results."""
    return str(PARTS / f"{name}.json")


def import_step() -> Step:
    """The module imports, is the one that was built here, and says what it was built for."""
    code = (
        "import zbins, zbins._cuda as cuda; zbins.show_config(); "
        "print(zbins.__file__, cuda.architectures, cuda.device_names()); "
        f"assert zbins.__file__.startswith({str(SITE)!r}), 'another zbins is in the way'"
    )
    return Step("import", [PYTHON, "-c", code], 60)


def check_steps(quick: bool) -> list[Step]:
    """Tests and sanitizers: they run at the same time, on little data."""
    tests = ROOT / "tests" / "gpu"
    pytest = [PYTHON, "-m", "pytest", "tests/gpu", "-m", "gpu", "-q", "--durations=5"]
    if importlib.util.find_spec("xdist"):
        pytest += ["-n", "4"]
    fewer = {"ZBINS_HYPOTHESIS": os.environ.get("ZBINS_HYPOTHESIS", "quick")}
    steps = [Step("tests", pytest, 150, fewer, "" if tests.is_dir() else "no tests/gpu here")]
    small = [PYTHON, str(HERE / "small_case.py")]
    steps.append(Step("small case", [*small, "--json", part_of("small_case")], 90))
    sanitizer = shutil.which("compute-sanitizer")
    if sanitizer is None:
        beside = Path(os.environ.get("CUDACXX", "/usr/local/cuda/bin/nvcc")).resolve()
        found = beside.with_name("compute-sanitizer")
        sanitizer = str(found) if found.exists() else None
    for tool in TOOLS[:1] if quick else TOOLS:
        command = [sanitizer or "compute-sanitizer", "--tool", tool, "--error-exitcode", "9"]
        steps.append(
            Step(
                tool,
                [*command, *small],
                150,
                {"PYTORCH_NO_CUDA_MEMORY_CACHING": "1"},
                "" if sanitizer else "compute-sanitizer is not installed",
            )
        )
    return steps


def bench_steps(quick: bool) -> list[Step]:
    """The benches, each writing its part of the results."""
    more = ["--quick"] if quick else []
    return [
        Step(name, [PYTHON, str(HERE / f"{name}.py"), *more, "--json", part_of(name)], seconds)
        for name, seconds in BENCHES.items()
    ]


class Run:
    """All steps, and the JSON that grows with them.

    Parameters
    ----------
    path : Path
        The JSON.
    quick : bool
        Small sizes.
    only : list of str
        Names of the steps to run; empty: all.
    env : dict
        Environment of the steps.
    """

    def __init__(self, path: Path, quick: bool, only: list[str], env: dict[str, str]) -> None:
        self.path, self.only, self.env = path, only, env
        self.begin = time.monotonic()
        self.results: dict[str, Any] = {
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "commit": commit(),
            "quick": quick,
            "only": only,
            "machine": {},
            "steps": [],
            "benches": {},
        }

    def left(self) -> float:
        """Seconds left of all."""
        return SECONDS - (time.monotonic() - self.begin)

    def wanted(self, step: Step) -> bool:
        """Whether it was asked for."""
        return not self.only or step.name in self.only

    def together(self, steps: list[Step]) -> list[dict[str, Any]]:
        """Run steps at the same time."""
        started = []
        for step in filter(self.wanted, steps):
            left = self.left()
            limit = min(step.seconds, left) if left > LEAST else 0.0
            started.append(Running(step, limit, self.env, LOGS, ROOT))
        ended = [running.finished() for running in started]
        self.results["steps"] += ended
        self.write()
        return ended

    def build(self) -> None:
        """Build by pip, else by CMake."""
        first, second = build_steps()
        if not self.wanted(first):
            return
        shutil.rmtree(SITE, ignore_errors=True)
        built = self.together([first])
        # What a compiler refuses, it would refuse again.
        refused = any(COMPILER.search(line) for line in built[0].get("errors", []))
        if built[0]["failed"] and not refused:
            shutil.rmtree(SITE, ignore_errors=True)
            only, self.only = self.only, []
            self.together([second])
            self.only = only

    def gather(self) -> None:
        """Take in what the benches have written."""
        for part in sorted(PARTS.glob("*.json")):
            try:
                self.results["benches"][part.stem] = json.loads(part.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                self.results["benches"][part.stem] = {
                    "rows": [],
                    "failed": [{"step": "reading the results", "error": str(error)}],
                }

    def write(self) -> None:
        """The JSON as it stands, and its copy in OUT."""
        self.gather()
        self.results["total_seconds"] = round(time.monotonic() - self.begin, 1)
        self.results["failed"] = [step["name"] for step in self.results["steps"] if step["failed"]]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # By hand: the package may not be there yet.
        beside = self.path.with_name(self.path.name + ".part")
        beside.write_text(json.dumps(self.results, indent=1) + "\n", encoding="utf-8")
        os.replace(beside, self.path)
        out = os.environ.get("OUT")
        if out:
            try:
                Path(out).mkdir(parents=True, exist_ok=True)
                target = Path(out).resolve() / self.path.name
                if target != self.path.resolve():
                    shutil.copyfile(self.path, target)
            except OSError as error:
                print(f"cannot copy the results to {out}: {error}", flush=True)

    def machine(self) -> None:
        """What it runs on."""
        try:
            self.results["machine"] = json.loads(
                said(PYTHON, str(HERE / "card.py"), seconds=90)  # it imports torch
            )
        except ValueError:
            self.results["machine"] = {"card": asked(("name", "driver_version", "compute_cap"))}


def printed(results: dict[str, Any]) -> str:
    """A short table: every step, then every target."""
    lines = [f"{'step':<24} {'status':<8} seconds"]
    for step in results["steps"]:
        reason = step.get("reason", "") or step.get("sanitizer", {}).get("summary", "")
        lines.append(f"{step['name']:<24} {step['status']:<8} {step['seconds']:7.1f} {reason}")
    lines.append("")
    for name, bench in results["benches"].items():
        for row in bench["rows"]:
            goal = row.get("target")
            if goal and goal["measured"] is not None:
                met = "met" if goal["met"] else "MISSED"
                lines.append(
                    f"{row['job'][:60]:<60} {goal['measured']:.4g} for {goal['wanted']:.4g} "
                    f"({goal['what']}) {met}"
                )
        for failure in bench["failed"]:
            lines.append(f"{name}: {failure['step']}: {failure['error'][:150]}")
    lines.append(f"in all {results['total_seconds']:.0f} s; failed: {results['failed'] or 'none'}")
    return "\n".join(lines)


def main() -> int:
    """Run it all."""
    parser = argparse.ArgumentParser(description="Build, test and measure on a GPU.")
    parser.add_argument("results", nargs="?", type=Path, help="the JSON to write")
    parser.add_argument("--quick", action="store_true", help="small sizes, memcheck alone")
    parser.add_argument("--only", default="", help="names of steps, with commas between")
    arguments = parser.parse_args()
    card = asked(("name", "compute_cap"))
    if not card.get("name"):
        print("run_all.py: no GPU here (nvidia-smi names none); nothing was measured")
        return 2
    stem = re.sub(r"[^a-z0-9]+", "-", card["name"].lower()).strip("-")
    path = (arguments.results or RESULTS / f"gpu-{stem}.json").resolve()
    architecture = re.sub(r"\D", "", card["compute_cap"]) or "90"
    only = [name.strip() for name in arguments.only.split(",") if name.strip()]
    shutil.rmtree(PARTS, ignore_errors=True)
    PARTS.mkdir(parents=True)
    run = Run(path, arguments.quick, only, environment(architecture))
    run.machine()
    run.build()
    run.together([import_step()])
    run.together(check_steps(arguments.quick))
    for step in bench_steps(arguments.quick):
        run.together([step])
    run.write()
    print(f"\n{printed(run.results)}\n{path}")
    # What the second way of building mended has not failed.
    failed = set(run.results["failed"])
    if "build" in failed and "build by cmake" not in failed:
        failed.discard("build")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
