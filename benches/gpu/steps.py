"""Running commands: each with a time limit of its own, its output kept, its process group ended."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TAIL = 6_000  # characters of a command's output that are kept
REPORTS = 60  # lines of compute-sanitizer's that are kept from the beginning
ERRORS = 30  # lines that say "error" or "FAILED" are kept of a step that failed
ERROR = re.compile(r"\berror:|\berror\b.*:|Error:|FAILED")
GRACE = 5.0  # seconds between asking a command to end and ending it


@dataclass
class Step:
    """A command to run.

    Parameters
    ----------
    name : str
        As in the table.
    command : sequence of str
        What to run. Empty: the step is skipped, for the reason in `skip`.
    seconds : float
        Its time limit.
    extra : dict
        More of the environment.
    skip : str
        Why it cannot be run.
    """

    name: str
    command: Sequence[str]
    seconds: float
    extra: dict[str, str] = field(default_factory=dict)
    skip: str = ""


class Running:
    """A step that has begun.

    Parameters
    ----------
    step : Step
    limit : float
        Seconds that are left for it, its own limit at most.
    environment : dict
        Of all steps.
    logs : Path
        Folder that keeps its whole output.
    root : Path
        Where it runs.
    """

    def __init__(
        self, step: Step, limit: float, environment: dict[str, str], logs: Path, root: Path
    ) -> None:
        self.step = step
        self.limit = limit
        self.begin = time.monotonic()
        self.log = logs / f"{step.name.replace(' ', '-')}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.error = ""
        self.end: float | None = None
        if step.skip or limit <= 0:
            return
        logs.mkdir(parents=True, exist_ok=True)
        print(f"-- {step.name} ...", flush=True)
        try:
            with self.log.open("wb") as log:
                self.process = subprocess.Popen(
                    list(step.command),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=root,
                    env=environment | step.extra,
                    start_new_session=True,  # so that what it starts ends with it
                )
        except OSError as error:
            self.error = f"cannot be run: {error}"
        else:
            # Steps that run at the same time end at different times.
            self.watcher = threading.Thread(target=self._watch, daemon=True)
            self.watcher.start()

    def _watch(self) -> None:
        assert self.process is not None
        self.process.wait()
        self.end = time.monotonic()

    def finished(self) -> dict[str, Any]:
        """Wait for it, end it if it takes too long, and say how it went."""
        late = False
        if self.process is not None:
            self.watcher.join(max(0.0, self.limit - (time.monotonic() - self.begin)))
            late = self.watcher.is_alive()
            self._stop()  # what it left running, too
        result = self._described(late)
        seconds = f"{result['seconds']:7.1f} s"
        print(f"-- {self.step.name:<24} {result['status']:<8} {seconds}", flush=True)
        if result["status"] == "failed":
            print("\n".join(line[:160] for line in result.get("errors", [])[:6]), flush=True)
            print(result["tail"][-1200:], flush=True)
        return result

    def _stop(self) -> None:
        """End the process and all of its group: asked first, then told."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGTERM)
            self.watcher.join(GRACE)
            os.killpg(self.process.pid, signal.SIGKILL)
            self.watcher.join(GRACE)

    def _described(self, late: bool) -> dict[str, Any]:
        code = None if self.process is None else self.process.poll()
        text = ""
        if self.process is not None:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        result: dict[str, Any] = {
            "name": self.step.name,
            "command": shlex.join(self.step.command),
            "exit": code,
            "seconds": round((self.end or time.monotonic()) - self.begin, 2),
            "limit": round(self.limit, 1),
            "tail": text[-TAIL:],
        }
        if self.process is None:
            result["status"] = "failed" if self.error else "skipped"
            result["reason"] = self.error or self.step.skip or "no time was left for it"
            result["seconds"] = 0.0
            result["failed"] = bool(self.error) or not self.step.skip
            return result
        if late:
            result["reason"] = f"took more than {self.limit:.0f} s"
        result["status"] = "done" if code == 0 and not late else "failed"
        result["failed"] = result["status"] == "failed"
        if result["failed"]:
            # A compiler's first error may stand far before the end.
            result["errors"] = [line[:300] for line in text.splitlines() if ERROR.search(line)][
                :ERRORS
            ]
        reports = [line for line in text.splitlines() if line.startswith("=========")]
        if reports:
            summary = re.findall(r"(?:ERROR|RACECHECK) SUMMARY: (.*)", text)
            result["sanitizer"] = {
                "summary": summary[-1] if summary else "",
                "naming_zbins": sum("zbins" in line for line in reports),
                "first_reports": reports[:REPORTS],
            }
        return result
