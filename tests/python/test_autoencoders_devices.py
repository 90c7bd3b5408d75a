"""Mixed precision, torch.compile, and training on a device, where there is one."""

from __future__ import annotations

import shutil

import pytest
import torch

from autoencoder_helpers import MODELS, made, pictures


def test_mixed_precision_trains_single_precision_weights():
    model = made().fit(pictures(), epochs=6, batch_size=8, mixed_precision=True)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert model.history_[-1]["loss"] < model.history_[0]["loss"]
    plain = made().fit(pictures(), epochs=6, batch_size=8)
    assert model.history_[0]["loss"] == pytest.approx(plain.history_[0]["loss"], rel=0.02)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a compiler")
@pytest.mark.filterwarnings("ignore")
def test_compiled_training_agrees():
    compiled = made().fit(pictures(), epochs=2, batch_size=8, compile=True)
    plain = made().fit(pictures(), epochs=2, batch_size=8)
    assert compiled.history_[-1]["loss"] == pytest.approx(plain.history_[-1]["loss"], rel=1e-3)


@pytest.mark.gpu
@pytest.mark.cuda_only
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("fast", [False, True])
def test_training_on_a_device(kind, fast):
    before = torch.cuda.get_rng_state()
    model = made(kind).fit(
        pictures(96), epochs=6, batch_size=16, device="cuda", mixed_precision=fast, compile=fast
    )
    assert model.history_[-1]["loss"] < model.history_[0]["loss"]
    assert model.decode(torch.zeros(2, 3)).is_cuda
    assert torch.equal(torch.cuda.get_rng_state(), before)
