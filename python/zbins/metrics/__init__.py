"""How close samples come to real data, and how new they are.

Metrics take samples and real rows as array-likes or tensors of shape (n, d) or (n, *shape), on any
device, and know nothing of samplers: of latents, of decoded images, or of features of images.
"""

from .fidelity import frechet_distance
from .novelty import novelty
from .transport import wasserstein_distance
from .two_sample import c2st, mmd, one_nn_accuracy

__all__ = [
    "c2st",
    "frechet_distance",
    "mmd",
    "novelty",
    "one_nn_accuracy",
    "wasserstein_distance",
]
