"""How close samples come to real data, and how new they are.

Metrics take samples and real rows as array-likes or tensors of shape (n, d) or (n, *shape), on any
device, and know nothing of samplers: of latents, of decoded images, or of features of images. Their
numbers do not depend on the order of the rows. docs/metrics.md says what each sees and what it
misses.
"""

from .copying import Authenticity, DataCopying, authenticity, data_copying
from .coverage import (
    PRD,
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    prd,
    precision_recall,
)
from .features import DINOv2, Inception
from .fidelity import AveragedMeasurement, frechet_distance, inception_score, kernel_distance
from .likelihood import FeatureLikelihoodDivergence, feature_likelihood_divergence
from .measurement import Measurement
from .membership import membership_inference
from .novelty import (
    ClosestRecord,
    CopiedShare,
    MemorizationScore,
    Novelty,
    copied_share,
    distance_to_closest_record,
    memorization_score,
    novelty,
)
from .transport import wasserstein_distance
from .two_sample import C2ST, MMD, OneNNAccuracy, c2st, mmd, one_nn_accuracy

__all__ = [
    "C2ST",
    "MMD",
    "PRD",
    "Authenticity",
    "AveragedMeasurement",
    "ClosestRecord",
    "CopiedShare",
    "DINOv2",
    "DataCopying",
    "DensityCoverage",
    "FeatureLikelihoodDivergence",
    "Inception",
    "Measurement",
    "MemorizationScore",
    "Novelty",
    "OneNNAccuracy",
    "PrecisionRecall",
    "authenticity",
    "c2st",
    "copied_share",
    "data_copying",
    "density_coverage",
    "distance_to_closest_record",
    "feature_likelihood_divergence",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "membership_inference",
    "memorization_score",
    "mmd",
    "novelty",
    "one_nn_accuracy",
    "prd",
    "precision_recall",
    "wasserstein_distance",
]
