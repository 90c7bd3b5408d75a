"""For trainings with Lightning: a sampler that follows the weights."""
