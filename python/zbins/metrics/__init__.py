"""How close samples come to real data, and how new they are.

Metrics take samples and real rows as array-likes or tensors of shape (n, d) or (n, *shape), on any
device, and know nothing of samplers: of latents, of decoded images, or of features of images.
"""

from .fidelity import frechet_distance
from .measurement import Measurement
from .novelty import (
    ClosestRecord,
    CopiedShare,
    Novelty,
    copied_share,
    distance_to_closest_record,
    memorization_score,
    novelty,
)

__all__ = [
    "ClosestRecord",
    "CopiedShare",
    "Measurement",
    "Novelty",
    "copied_share",
    "distance_to_closest_record",
    "frechet_distance",
    "memorization_score",
    "novelty",
]
