"""How close samples come to real data, and how new they are.

Metrics take samples and real rows as array-likes or tensors of shape (n, d) or (n, *shape), on any
device, and know nothing of samplers: of latents, of decoded images, or of features of images.
"""

from .copying import authenticity, data_copying
from .fidelity import frechet_distance
from .likelihood import feature_likelihood_divergence
from .membership import membership_inference
from .novelty import novelty

__all__ = [
    "authenticity",
    "data_copying",
    "feature_likelihood_divergence",
    "frechet_distance",
    "membership_inference",
    "novelty",
]
