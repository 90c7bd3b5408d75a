"""Pictures of samples: a grid of decoded ones, and latents beside samplers in two dimensions.

Needs the extra ``plot`` (``pip install '.[plot]'`` in a checkout). `SampleGridDisplay` and
`LatentScatterDisplay` work as scikit-learn's displays do: a class method computes and draws, `plot`
draws again, and the axes and figure are the attributes `ax_` and `figure_`. Nothing is shown or
saved by itself.
"""

from .._common.extras import pip_install

try:
    import matplotlib  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"zbins.plot needs Matplotlib ({error}); install it with: {pip_install('plot')}"
    ) from error

from .grid import SampleGridDisplay
from .scatter import LatentScatterDisplay

__all__ = ["LatentScatterDisplay", "SampleGridDisplay"]
