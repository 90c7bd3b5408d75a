"""How close samples come to real data, and how new they are.

Metrics take samples and real rows as array-likes or tensors of shape (n, d) or (n, *shape), on any
device, and know nothing of samplers: of latents, of decoded images, or of features of images. Their
numbers do not depend on the order of the rows. docs/metrics.md says what each sees and what it
misses.
"""

from .features import DINOv2, Inception
from .fidelity import frechet_distance, inception_score, kernel_distance
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
    "DINOv2",
    "Inception",
    "Measurement",
    "Novelty",
    "copied_share",
    "distance_to_closest_record",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "memorization_score",
    "novelty",
]
