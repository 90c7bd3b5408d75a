"""What all metrics have in common: any order, any kind of array, what they tell and refuse."""

from __future__ import annotations

import inspect
import json
import pickle
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import threadpoolctl
import torch
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from helpers import refused
from zbins import metrics

RNG = np.random.default_rng(0)
CENTRES = 2 * RNG.normal(size=(4, 5))


def rows(n, seed):
    rng = np.random.default_rng(seed)
    return CENTRES[rng.integers(0, 4, n)] + rng.normal(size=(n, 5))


def sorted_samples(n, seed):
    """As GaussianMixture gives them: component by component."""
    mixture = GaussianMixture(4, random_state=0).fit(rows(400, 100))
    mixture.random_state = seed
    return mixture.sample(n)[0]


def probabilities(X):
    logs = -np.square(X[:, None] - CENTRES).sum(2)
    shares = np.exp(logs - logs.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


SAMPLES, FITTED, HELD_OUT = sorted_samples(150, 1), rows(160, 2), rows(170, 3)
OPTIONS = {
    "kernel_distance": {"subset_size": 50, "n_subsets": 5},
    "prd": {"n_clusters": 5, "n_runs": 2},
    "wasserstein_distance": {"max_rows": 100},
    "c2st": {"max_rows": 100},
}
CASES = {
    name: value for name in metrics.__all__ if inspect.isfunction(value := getattr(metrics, name))
}
WANTED = {  # by the design
    *("frechet_distance", "kernel_distance", "inception_score"),
    *("prd", "precision_recall", "density_coverage"),
    *("wasserstein_distance", "mmd", "one_nn_accuracy", "c2st"),
    *("novelty", "copied_share", "memorization_score", "distance_to_closest_record"),
    *("authenticity", "data_copying", "feature_likelihood_divergence", "membership_inference"),
}


def arguments(metric):
    """Return those of a metric's arguments that are arrays."""
    found = {"X": SAMPLES, "Y": HELD_OUT, "samples": SAMPLES, "fitted": FITTED}
    found["held_out"] = HELD_OUT
    names = [
        name
        for name, parameter in inspect.signature(metric).parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    if metric is metrics.inception_score:
        return {"X": probabilities(SAMPLES)}
    return {name: found[name] for name in names}


def ask(metric, given=None, **options):
    name = metric.__name__
    return metric(**(given or arguments(metric)), **OPTIONS.get(name, {}), **options)


def numbers(found):
    """All that a result holds, as one comparable value."""
    parts = found if isinstance(found, tuple) else (found,)
    flat = []
    for part in parts:
        flat += np.ravel(part).tolist()
        if isinstance(part, metrics.Measurement):
            flat += [
                x
                for value in vars(part).values()
                if isinstance(value, (int, float, np.ndarray, tuple)) and value is not None
                for x in np.ravel(value).tolist()
            ]
    return np.array(flat, dtype=float)


def measurements(found):
    parts = found if isinstance(found, tuple) else (found,)
    return [part for part in parts if isinstance(part, metrics.Measurement)]


every = pytest.mark.parametrize("metric", CASES.values(), ids=CASES)


def test_all_are_there():
    assert set(CASES) == WANTED


@every
def test_any_order(metric):
    """Samples of a mixture come sorted: whoever takes the first of them takes one component."""
    rng = np.random.default_rng(5)
    for first in (None, 0.0):  # the first pixels of images are constant
        given = arguments(metric)
        if first is not None and metric is not metrics.inception_score:
            given = {name: np.insert(array, 0, first, axis=1) for name, array in given.items()}
        found = ask(metric, given)
        for order in (rng.permutation, lambda n: np.arange(n)[::-1]):
            other = {name: array[order(len(array))] for name, array in given.items()}
            again = ask(metric, other)
            assert numbers(again) == pytest.approx(numbers(found), rel=1e-9, abs=1e-12)


@every
def test_any_chunks(metric):
    """Not in memory at once, and the same number for any budget."""
    found = ask(metric)
    with config_context(working_memory=0.01):
        again = ask(metric)
    assert numbers(again) == pytest.approx(numbers(found), rel=1e-9, abs=1e-12)


class OnDevice:
    """As CuPy's arrays, which NumPy cannot take."""

    __cuda_array_interface__ = None

    def __init__(self, array):
        self._array = array

    def __len__(self):
        return len(self._array)

    def get(self):
        return self._array


def read_only(array):
    array = np.asfortranarray(array)
    array.setflags(write=False)
    return array


KINDS = {
    "list": np.ndarray.tolist,
    "torch": torch.tensor,
    "requires grad": lambda a: torch.tensor(a, requires_grad=True),
    "on a device": OnDevice,
    "strided": lambda a: np.repeat(a, 2, axis=0)[::2],
    "read-only": read_only,
}


@every
@pytest.mark.parametrize("convert", KINDS.values(), ids=KINDS)
def test_any_kind_of_array(metric, convert):
    given = {name: convert(array) for name, array in arguments(metric).items()}
    assert numbers(ask(metric, given)) == pytest.approx(numbers(ask(metric)), rel=1e-9, abs=1e-12)


@every
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8"])
def test_any_dtype(metric, dtype):
    """A number is that of the rounded values, in double precision."""
    if metric is metrics.inception_score:
        pytest.skip("probabilities that are rounded do not sum to 1")
    given = {
        name: torch.tensor(8 * array).to(getattr(torch, dtype))
        for name, array in arguments(metric).items()
    }
    wide = {name: array.double().numpy() for name, array in given.items()}
    assert numbers(ask(metric, given)) == pytest.approx(numbers(ask(metric, wide)), rel=1e-9)


@every
def test_shapes_are_flattened(metric):
    given = {name: array[:, :4] for name, array in arguments(metric).items()}
    if metric is metrics.inception_score:
        given = {"X": probabilities(SAMPLES)}
    shape = (-1, 2, given[next(iter(given))].shape[1] // 2)
    again = {name: array.reshape(shape) for name, array in given.items()}
    assert numbers(ask(metric, again)) == pytest.approx(numbers(ask(metric, given)), rel=1e-12)


@every
def test_nothing_else_is_touched(metric):
    """Neither the arguments nor global random states, whether or not it draws."""
    given = arguments(metric)
    before = [array.copy() for array in given.values()]
    np.random.seed(3)  # noqa: NPY002 - the global state is what is looked at
    torch.manual_seed(3)
    states = pickle.dumps(np.random.get_state()), torch.random.get_rng_state().tolist()  # noqa: NPY002
    ask(metric, given)
    assert all(np.array_equal(a, b) for a, b in zip(before, given.values(), strict=True))
    assert states == (
        pickle.dumps(np.random.get_state()),  # noqa: NPY002
        torch.random.get_rng_state().tolist(),
    )


@every
def test_what_is_told(metric):
    found = ask(metric, features="latents")
    for part in measurements(found):
        assert part.features == "latents"
        assert set(part.rows) == set(arguments(metric))
        assert all(0 < n <= 170 for n in part.rows.values())
        assert isinstance(part.settings, dict)
        assert part.n_features == (4 if metric is metrics.inception_score else 5)
        assert part.value == float(part)
        assert json.loads(json.dumps(part)) == part.value
        assert str(part) == str(part.value)
        assert f"{part:.3f}" == f"{part.value:.3f}"
        assert repr(part).startswith(f"{type(part).__name__}({part.value}")
        assert repr(pickle.loads(pickle.dumps(part))) == repr(part)
        draws = "random_state" in inspect.signature(metric).parameters
        assert part.seed in ((0, None) if draws else (None,))
        if part.interval is not None:
            assert part.interval[0] <= part <= part.interval[1]
    if isinstance(found, tuple):
        assert found.value == tuple(part.value for part in measurements(found))
        assert all(type(value) is float for value in found.value)


@every
def test_features_are_named(metric):
    """A callable is given each argument as it came, and its name is told."""

    def doubled(given):
        seen.append(given)
        return 2 * np.asarray(given) if metric is not metrics.inception_score else given

    seen = []
    given = arguments(metric)
    found = ask(metric, given, features=doubled)
    assert {id(array) for array in seen} == {id(array) for array in given.values()}
    for part in measurements(found):
        assert part.features == "test_features_are_named.<locals>.doubled"


SEEDED = [m for m in CASES.values() if "random_state" in inspect.signature(m).parameters]


@pytest.mark.parametrize("metric", SEEDED, ids=lambda m: m.__name__)
def test_seeds(metric):
    one, again = (ask(metric, random_state=7) for _ in range(2))
    assert np.array_equal(numbers(one), numbers(again), equal_nan=True)
    generators = [np.random.default_rng(7), np.random.RandomState(7), torch.Generator()]
    for generator in generators:
        assert measurements(ask(metric, random_state=generator))
    refused(ValueError, ["random_state is -1"], lambda: ask(metric, random_state=-1))
    refused(TypeError, ["random_state is 'x'"], lambda: ask(metric, random_state="x"))


@every
@pytest.mark.parametrize(
    ("broken", "error", "said"),
    [
        (lambda a: a[:0], ValueError, ["has the shape (0, "]),
        (lambda a: a[0], ValueError, ["has the shape ("]),
        (lambda a: a[:, :0], ValueError, ["has the shape ("]),
        (lambda a: np.where(np.arange(len(a))[:, None] == 7, np.nan, a), ValueError, ["nan"]),
        (lambda a: a * 1e200, ValueError, ["has a value of size", "accepted are up to 1e+100"]),
        (lambda a: a + 1j, TypeError, ["complex128", "real numbers"]),
        (lambda a: "rows", TypeError, ["is a str", "real numbers"]),
        (lambda a: None, TypeError, ["is a NoneType"]),
        (lambda a: [*a.tolist()[:-1], [1.0]], ValueError, ["is ragged"]),
        (lambda a: np.ma.masked_less(a, a.mean()), TypeError, ["masked"]),
    ],
)
def test_bad_rows(metric, broken, error, said):
    """Whatever argument it is, the message names it."""
    for name in arguments(metric):
        given = arguments(metric)
        given[name] = broken(given[name])
        if given[name] is None and inspect.signature(metric).parameters[name].default is None:
            continue  # held_out may be left out
        refused(error, [name, *said], lambda given=given: ask(metric, given))


@every
def test_bad_columns_and_options(metric):
    names = list(arguments(metric))
    if len(names) > 1:
        given = arguments(metric)
        given[names[0]] = given[names[0]][:, :2]
        refused(ValueError, [f"{names[0]} has 2 columns", "5"], lambda: ask(metric, given))
    refused(TypeError, ["features is 3"], lambda: ask(metric, features=3))
    refused(ValueError, ["features gave (2, "], lambda: ask(metric, features=lambda a: a[:2]))
    if "progress" in inspect.signature(metric).parameters:
        refused(TypeError, ["progress is 'yes'"], lambda: ask(metric, progress="yes"))


@every
def test_a_bar_ends(metric, capsys):
    if "progress" not in inspect.signature(metric).parameters:
        pytest.skip("short")
    long = {
        metrics.wasserstein_distance: {"method": "sliced"},
        metrics.frechet_distance: {"extrapolate": True},
    }
    ask(metric, progress=True, **long.get(metric, {}))
    shown = capsys.readouterr().err
    assert metric.__name__.replace("_", " ") in shown
    # How many steps EM takes is not known beforehand.
    assert ("steps" if metric is metrics.feature_likelihood_divergence else "100%") in shown
    ask(metric, progress=False)
    assert capsys.readouterr().err == ""


@every
def test_documented(metric):
    """Each says what its numbers mean, what it raises, and shows a call."""
    text = inspect.getdoc(metric)
    for section in ("Parameters", "Returns", "Raises", "Examples"):
        assert f"\n{section}\n{'-' * len(section)}\n" in text, section


def test_without_torch():
    code = (
        "import sys, zbins.metrics; print({'torch', 'matplotlib', 'geomloss'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


PAIRS = [m for m in CASES.values() if len(arguments(m)) > 1]
compared = pytest.mark.parametrize("metric", PAIRS, ids=lambda m: m.__name__)


@compared
def test_images_of_another_layout(metric):
    """Flattened, channels first and last have as many columns and nothing in common."""
    given = {
        name: np.random.default_rng(i).random((len(array), 4, 4, 3))
        for i, (name, array) in enumerate(arguments(metric).items())
    }
    last = list(given)[-1]
    given[last] = given[last].transpose(0, 3, 1, 2)
    refused(ValueError, ["rows differ in shape", "(3, 4, 4)", last], lambda: ask(metric, given))
    given[last] = given[last][:, :1].repeat(3, 1).reshape(len(given[last]), -1)  # flat: unknown
    given = {name: array.reshape(len(array), -1) for name, array in given.items()}
    if metric is not metrics.frechet_distance:  # whose rows are fewer than columns
        assert measurements(ask(metric, given))


@compared
def test_bytes_beside_unit_floats(metric):
    given = arguments(metric)
    scaled = {name: (array - array.min()) / np.ptp(array) for name, array in given.items()}
    first = next(iter(scaled))
    scaled[first] = (255 * scaled[first]).astype(np.uint8)
    with pytest.warns(
        UserWarning, match=f"{first} holds bytes up to 255, .* divide the one by 255"
    ):
        ask(metric, scaled)


@every
def test_values_that_squares_do_not_tell(metric):
    given = arguments(metric)
    tiny = {name: array * 1e-200 for name, array in given.items()}
    refused(ValueError, ["no value is larger than", "scale them"], lambda: ask(metric, tiny))
    whole = {name: array.astype(np.int64) + 2**60 for name, array in given.items()}
    refused(ValueError, ["has a whole number of size", "up to 9007"], lambda: ask(metric, whole))


@pytest.mark.parametrize("metric", [metrics.c2st, metrics.feature_likelihood_divergence])
def test_rows_far_away(metric):
    """One of them makes the deviation of a column, in which all others are then the same."""
    given = arguments(metric)
    name = list(given)[1]
    given[name] = given[name].copy()
    given[name][7, 2] = 1e6
    with pytest.warns(UserWarning, match=r"far away in column 2 .* clip them"):
        ask(metric, given)


@pytest.mark.parametrize("metric", [metrics.c2st, metrics.feature_likelihood_divergence])
@pytest.mark.parametrize("kind", ["pixels", "one-hot", "rectified", "collapsed"])
def test_ordinary_columns_are_not_far_away(metric, kind):
    """Columns that are mostly one value are no outliers: a warning of them would say nothing."""
    rng = np.random.default_rng(0)

    def rows(n):
        if kind == "pixels":  # black, but for a share of the pictures of 0.1 % to all of them
            share = 10 ** np.linspace(-3, 0, 30)
            return np.where(rng.random((n, 30)) < share, rng.random((n, 30)), 0)
        if kind == "one-hot":
            return np.eye(20)[np.minimum(rng.geometric(0.3, n), 20) - 1]
        if kind == "rectified":
            return np.maximum(rng.normal(size=(n, 20)) + np.linspace(-3, 1, 20), 0)
        return rng.normal(size=(n, 20)) * 10.0 ** -np.arange(20)

    metric(*(rows(700) for _ in arguments(metric)))


def test_warning_filters_are_left_alone():
    """They are one list for the process: others would be warned by them, or not."""
    before, seen = list(warnings.filters), []

    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(metrics.c2st, SAMPLES, HELD_OUT) for _ in range(6)]
        while not all(call.done() for call in calls):
            seen.append(list(warnings.filters))
            time.sleep(0.001)
    # Scikit-learn has filters of its own for moments, of another kind.
    new = {entry[2] for filters in seen for entry in filters if entry not in before}
    assert not new & {Warning, UserWarning, ConvergenceWarning}


def blas_threads():
    return [
        lib["num_threads"] for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"
    ]


def test_threads_of_blas_are_given_back():
    """Also where several calls limit them at once, and one fails."""
    before = blas_threads()
    calls = [metrics.c2st, metrics.feature_likelihood_divergence, metrics.data_copying] * 3
    with ThreadPoolExecutor(5) as pool:
        found = list(pool.map(ask, calls))
    assert [float(x) for x in found] == [float(ask(call)) for call in calls]
    assert blas_threads() == before
