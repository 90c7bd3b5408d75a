"""Threads, `show_config`, what an import costs, and that the stub says what the module has."""

from __future__ import annotations

import inspect
import os
import pathlib
import sys

import joblib
import numpy as np
import pytest

import stubs
import zbins
from helpers import fingerprint, rows, run_python
from zbins import _core  # it is what the stub describes
from zbins._common.threads import n_threads  # no call tells how many threads it takes

BIG = 1 << 30


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
    monkeypatch.delenv("ZBINS_NUM_THREADS", raising=False)


# -- threads -----------------------------------------------------------------------------------


def test_n_jobs(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda *_, **__: 8)
    for n_jobs, threads in ((-1, 8), (-2, 7), (-8, 1), (-99, 1), (None, 1), (1, 1), (3, 3)):
        assert n_threads(n_jobs, BIG) == threads
        assert n_threads(np.int64(n_jobs) if n_jobs else None, BIG) == threads
    assert n_threads(200, BIG) == 200


def test_all_cores_are_those_this_process_may_use():
    assert 1 <= n_threads(-1, BIG) <= len(os.sched_getaffinity(0))


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs sched_setaffinity")
def test_the_affinity_is_heeded():
    code = """
        import os, zbins
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        print(zbins.show_config(as_dict=True)["threads with n_jobs=-1"])
    """
    assert run_python(code, ZBINS_NUM_THREADS="") == "1\n"


def test_little_work_is_not_shared(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda *_, **__: 8)
    assert n_threads(-1, 0) == n_threads(8, 1 << 20) == 1
    assert n_threads(8, 2 << 20) == 8


@pytest.mark.parametrize(("value", "threads"), [("1", 1), ("3", 3), (" 2 ", 2), ("", None)])
def test_the_variable_overrides(monkeypatch, value, threads):
    monkeypatch.setenv("ZBINS_NUM_THREADS", value)
    monkeypatch.setattr(joblib, "cpu_count", lambda *_, **__: 8)
    for n_jobs in (-1, None, 1, 5):
        for nbytes in (0, BIG):
            monkeypatch.delenv("ZBINS_NUM_THREADS")
            without = n_threads(n_jobs, nbytes)
            monkeypatch.setenv("ZBINS_NUM_THREADS", value)
            assert n_threads(n_jobs, nbytes) == (threads or without)


def test_more_threads_than_rows_or_cores(monkeypatch):
    X = rows(50, 3)
    expected = fingerprint(zbins.PMFSampler(4, random_state=0).fit(X))
    monkeypatch.setenv("ZBINS_NUM_THREADS", "64")
    sampler = zbins.PMFSampler(4, random_state=0).fit(X)
    assert fingerprint(sampler) == expected
    assert sampler.contains(sampler.sample(99)).all()


def test_one_thread_inside_workers_of_joblib():
    (inside,) = joblib.Parallel(n_jobs=2, backend="threading")([joblib.delayed(n_threads)(-1, BIG)])
    assert inside == 1
    (given,) = joblib.Parallel(n_jobs=2, backend="threading")([joblib.delayed(n_threads)(2, BIG)])
    assert given == 2  # asked for by name


# -- show_config -------------------------------------------------------------------------------


def test_show_config_as_a_dictionary():
    config = zbins.show_config(as_dict=True)
    assert config["zbins"] == zbins.__version__
    assert config["instruction set"] in config["instruction sets available"]
    assert config["threads with n_jobs=-1"] >= 1
    assert config["random stream version"] == _core.stream_version
    for name in ("python", "numpy", "scikit-learn", "safetensors", "platform", "compiler"):
        assert isinstance(config[name], str)
    assert "no CUDA module" in config["cuda"] or config["cuda"].startswith("built for CUDA")


def test_show_config_prints(capsys):
    assert zbins.show_config() is None
    out, err = capsys.readouterr()
    assert err == ""
    for name in zbins.show_config(as_dict=True):
        assert f"{name}: " in out
    assert f"zbins: {zbins.__version__}\n" in out


# -- importing ---------------------------------------------------------------------------------


def test_an_import_is_light_and_quiet():
    code = """
        import sys, warnings
        warnings.simplefilter("error")
        import zbins
        heavy = {"torch", "dask", "matplotlib", "tqdm", "pytest"} & set(sys.modules)
        assert not heavy, heavy
        import numpy as np
        sampler = zbins.PMFSampler(3, random_state=0).fit(np.eye(3), [0, 1, 1])
        sampler.sample(3, return_y=True), sampler.score_samples(np.eye(3)), sampler.summary()
        heavy = {"torch", "dask", "matplotlib"} & set(sys.modules)
        assert not heavy, heavy
        print("quiet")
    """
    assert run_python(code) == "quiet\n"


def test_the_public_names():
    assert zbins.__all__ == sorted(zbins.__all__)
    for name in zbins.__all__:
        assert inspect.getdoc(getattr(zbins, name))
    assert {"PMFSampler", "load", "show_config"} <= set(zbins.__all__)
    assert zbins.load.__module__.startswith("zbins")


# -- the stub ----------------------------------------------------------------------------------


def test_the_stub_says_what_the_module_has():
    stubs.check(_core)


def test_typed():
    assert pathlib.Path(zbins.__file__).with_name("py.typed").exists()
    assert sys.version_info >= (3, 10)
