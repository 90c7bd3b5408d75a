"""Each import brings only what was asked for: zbins no PyTorch, and zbins.torch no Lightning."""

from __future__ import annotations

from helpers import run_python


def test_what_each_import_brings():
    """In one process, as PyTorch takes long to import."""
    printed = run_python(
        """
        import sys, zbins
        zbins.PMFSampler, zbins.load
        assert not {"torch", "zbins.torch", "zbins.autoencoders"} & set(sys.modules)

        import zbins.torch
        assert set(zbins.torch.__all__) == {"LatentGenerator", "PMFPrior", "fit_across"}
        assert all(hasattr(zbins.torch, name) for name in zbins.torch.__all__)
        assert not [name for name in sys.modules if "lightning" in name]
        sys.modules["lightning"] = sys.modules["pytorch_lightning"] = None  # not installed
        for name in ("SamplerCallback", "Other"):
            try:
                getattr(zbins.torch, name)
            except (ImportError, AttributeError) as error:
                print(error)
        """
    )
    assert "zbins.torch.SamplerCallback needs Lightning" in printed
    assert "has no attribute 'Other'" in printed
