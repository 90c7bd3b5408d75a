"""When is PMFS a density, and when only jitter around the rows it was fitted on?

Prints, for a mixture of ten Gaussians and n = 10,000 rows, the share of rows alone in their bin and
the share of unseen rows that fall into an occupied bin. Where the first nears 100 % and the second
0 %, samples are all but copies.
"""

import numpy as np

import zbins

SHAPES = [(2, 8), (4, 8), (8, 4), (8, 8), (16, 4), (32, 2), (32, 8), (256, 2)]


def main() -> None:
    rng = np.random.default_rng(0)
    print("| columns | n_bins | rows alone in their bin | unseen rows in an occupied bin |")
    print("|---:|---:|---:|---:|")
    for d, k in SHAPES:
        centres = rng.normal(scale=2, size=(10, d))

        def rows(centres=centres, d=d):
            return centres[rng.integers(0, 10, 10_000)] + rng.normal(size=(10_000, d))

        sampler = zbins.PMFSampler(k).fit(rows())
        alone, covered = sampler.summary().share_alone, sampler.contains(rows()).mean()
        print(f"| {d} | {k} | {alone:.0%} | {covered:.0%} |")


if __name__ == "__main__":
    main()
