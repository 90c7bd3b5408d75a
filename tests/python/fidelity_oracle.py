"""torch-fidelity, which the metrics are compared with, also where torchvision is not installed."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types

import torch

# All that its modules ask for when they are imported; none of it is called.
ASKED_FOR = {
    "torchvision": (),
    "torchvision.datasets": ("CIFAR10", "CIFAR100", "STL10"),
    "torchvision.transforms": (),
    "torchvision.transforms.functional": (),
}


def torch_fidelity(module):
    """A module of torch-fidelity, by its name within it."""
    missing = importlib.util.find_spec("torchvision") is None
    if missing:
        for name, classes in ASKED_FOR.items():
            sys.modules[name] = stub = types.ModuleType(name)
            for of_stub in classes:
                setattr(stub, of_stub, type(of_stub, (), {}))
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], child, stub)
    try:
        return importlib.import_module(f"torch_fidelity.{module}")
    finally:
        if missing:  # what is not there must not seem to be there to other tests
            for name in ASKED_FOR:
                del sys.modules[name]


def fid(X, Y):
    oracle = torch_fidelity("metric_fid")
    moments = (oracle.fid_features_to_statistics(torch.from_numpy(rows)) for rows in (X, Y))
    return oracle.fid_statistics_to_metric(*moments, verbose=False)[oracle.KEY_METRIC_FID]


def kid(X, Y, **settings):
    """Mean and deviation over subsets."""
    oracle = torch_fidelity("metric_kid")
    found = oracle.kid_features_to_metric(
        torch.from_numpy(X), torch.from_numpy(Y), verbose=False, **settings
    )
    return found[oracle.KEY_METRIC_KID_MEAN], found[oracle.KEY_METRIC_KID_STD]


def isc(logits, splits):
    """Mean and deviation over splits of the rows as they stand."""
    oracle = torch_fidelity("metric_isc")
    found = oracle.isc_features_to_metric(torch.from_numpy(logits), splits, shuffle=False)
    return found[oracle.KEY_METRIC_ISC_MEAN], found[oracle.KEY_METRIC_ISC_STD]


def prc(X, Y, k):
    """Precision and recall."""
    oracle = torch_fidelity("metric_prc")
    found = oracle.prc_features_to_metric(
        torch.from_numpy(X),
        torch.from_numpy(Y),
        prc_neighborhood=k,
        prc_batch_size=100,
        save_cpu_ram=False,
        verbose=False,
    )
    return found[oracle.KEY_METRIC_PRECISION], found[oracle.KEY_METRIC_RECALL]
