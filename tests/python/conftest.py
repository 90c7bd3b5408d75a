"""Hypothesis profiles; and, for `make test-asan`, another build of the core in place of ours."""

import importlib.util
import os
import sys

import profiles  # noqa: F401 - loads what CI runs

INSTRUMENTED = os.environ.get("ZBINS_INSTRUMENTED_CORE")
if INSTRUMENTED:
    spec = importlib.util.spec_from_file_location("zbins._core", INSTRUMENTED)
    sys.modules["zbins._core"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["zbins._core"])


def pytest_report_header():
    return f"the core is {INSTRUMENTED}" if INSTRUMENTED else []
