"""What LatentGenerator does beside the same done by hand: encode, fit a sampler, draw, decode."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity
from torch import nn
from torch.utils.data import DataLoader

import zbins
from coding import LATENT, WIDTH, Normal, Plain, images, labels, made, same_model
from helpers import fingerprint
from zbins.torch import LatentGenerator


def fitted(**parameters):
    return made(**parameters).fit(images())


def mixture(**parameters):
    return GaussianMixture(2, init_params="random_from_data", **parameters)  # k-means takes long


def test_the_latents_are_those_of_the_encoder():
    model = Plain()
    generator = made(model).fit(DataLoader(images(), batch_size=7))
    by_hand = torch.cat([model.by_hand(part) for part in images().split(7)])
    assert np.array_equal(generator.latents_, by_hand.numpy())
    assert generator.latents_.dtype == np.float32
    assert generator.latent_shape_ == (LATENT,)
    assert generator.labels_ is None


def test_the_sampler_is_that_of_a_fit_by_hand():
    generator = fitted()
    by_hand = zbins.PMFSampler(5).fit(generator.latents_)
    assert same_model(generator.sampler_, by_hand)
    drawn = generator.sample_latents(9, random_state=3)
    assert np.array_equal(drawn.numpy(), by_hand.sample(9, random_state=3))


def test_the_images_are_the_decoded_latents():
    model = Plain()
    generator = made(model).fit(images())
    with torch.no_grad():
        by_hand = model.decoder[0](generator.sample_latents(300, random_state=3))
    drawn = generator.sample(300, random_state=3, batch_size=300)
    assert torch.equal(drawn, by_hand)
    assert torch.allclose(generator.sample(300, random_state=3, batch_size=7), by_hand, atol=1e-6)
    assert drawn.shape == (300, WIDTH)
    assert generator.sample().shape == (1, WIDTH)


@pytest.mark.parametrize("sampler", [None, mixture(), KernelDensity(), Normal()])
def test_the_batch_size_leaves_no_trace_in_the_latents(sampler):
    generator = LatentGenerator(lambda x: x, lambda z: z, sampler).fit(images())
    seed = {} if isinstance(sampler, Normal) else {"random_state": 1}
    whole = generator.sample(10, batch_size=10, **seed)
    for size in (1, 3, 10, 256):
        assert torch.equal(generator.sample(10, batch_size=size, **seed), whole)
    parts = list(generator.sample_batches(10, batch_size=4, **seed))
    assert [len(part) for part in parts] == [4, 4, 2]
    assert torch.equal(torch.cat(parts), whole)
    assert torch.equal(generator.sample_latents(10, **seed), whole)


@pytest.mark.parametrize("shape", [(2, 4, 4), (1, 1, 1), (5,), ()])
def test_latents_of_any_shape_come_back(shape):
    x = images(20, *(shape or (1,))).reshape(20, *shape)
    generator = LatentGenerator(lambda x: x, lambda z: z, zbins.PMFSampler(4)).fit(x)
    assert generator.latent_shape_ == shape
    assert generator.latents_.shape == (20, *shape)
    assert generator.sampler_.n_features_in_ == np.prod(shape, dtype=int)
    drawn = generator.sample_latents(7, random_state=0)
    assert drawn.shape == generator.sample(7).shape == (7, *shape)
    flat = generator.sampler_.sample(7, random_state=0)
    assert np.array_equal(drawn.reshape(7, -1).numpy(), flat)
    assert generator.sample_latents(0).shape == generator.sample(0).shape == (0, *shape)


def test_spatial_latents_of_convolutions():
    encoder = nn.Conv2d(1, 2, 3, stride=2, padding=1)
    decoder = nn.ConvTranspose2d(2, 1, 4, stride=2, padding=1)
    generator = LatentGenerator(encoder, decoder).fit(images(12, 1, 8, 8))
    assert generator.latent_shape_ == (2, 4, 4)
    assert generator.sample(5).shape == (5, 1, 8, 8)


def test_very_wide_latents():
    generator = LatentGenerator(lambda x: x, lambda z: z).fit(images(4, 16, 32, 32))
    assert generator.sample(2).shape == (2, 16, 32, 32)


def test_labels_condition_the_draws():
    generator = made().fit((images(), labels()), with_labels=True)
    assert generator.labels_.tolist() == labels().tolist()
    by_hand = zbins.PMFSampler(5).fit(generator.latents_, labels().numpy())
    assert same_model(generator.sampler_, by_hand)
    wanted = [2, 0, 1, 1, 2]
    for y in (1, wanted, np.array(wanted), torch.tensor(wanted)):
        drawn = generator.sample_latents(5, y, random_state=0)
        assert np.array_equal(drawn.numpy(), by_hand.sample(5, y=y, random_state=0))
        assert generator.sample(5, y, batch_size=2).shape == (5, WIDTH)
    assert generator.sample(0, 1).shape == (0, WIDTH)


def test_labels_stay_out_unless_asked_for():
    generator = made().fit((images(), labels()))
    assert generator.labels_ is None
    assert same_model(generator.sampler_, fitted().sampler_)
    with pytest.raises(ValueError, match="without labels"):
        generator.sample(2, 1)


def test_no_images_are_what_one_would_be():
    for generator in (fitted(), made(sampler=Normal()).fit(images())):
        for drawn in (generator.sample(0), *generator.sample_batches(0)):
            assert drawn.shape == (0, WIDTH)
            assert drawn.dtype == torch.float32
        assert generator.sample_latents(0).shape == (0, LATENT)


def test_a_single_row():
    generator = made().fit(images(1))
    assert torch.equal(generator.sample_latents(1), torch.from_numpy(generator.latents_))


def test_other_samplers():
    generator = made(sampler=mixture(random_state=0)).fit(images())
    by_hand = mixture(random_state=0).fit(generator.latents_.astype(float))
    assert np.array_equal(generator.sampler_.means_, by_hand.means_)
    drawn, components = by_hand.sample(50)
    assert np.all(np.diff(components) >= 0), "they come in the order of the components"
    ours = generator.sample_latents(50).numpy()
    assert not np.array_equal(ours, drawn)
    assert np.array_equal(np.sort(ours, axis=0), np.sort(drawn, axis=0))
    assert np.array_equal(generator.sample_latents(50).numpy(), ours), "random_state=0 is its own"
    assert not np.array_equal(generator.sample_latents(50, random_state=5).numpy(), ours)
    assert generator.sampler_.random_state == 0

    density = made(sampler=KernelDensity(bandwidth=0.1)).fit(images())
    a, b = (density.sample(4, random_state=5) for _ in range(2))
    assert torch.equal(a, b)


def test_the_sampler_given_is_not_changed():
    sampler = zbins.PMFSampler(4).fit(np.zeros((5, 2)))
    before = fingerprint(sampler)
    generator = made(sampler=sampler)
    assert generator.fit(images()) is generator
    assert generator.fit(images(seed=1)).sampler_ is not sampler
    assert fingerprint(sampler) == before
    own = Normal()
    made(sampler=own).fit(images())
    assert vars(own) == {}


def test_a_sampler_whose_fit_gives_another_object():
    class Factory:
        def fit(self, X):
            return zbins.PMFSampler(2).fit(X)

        def sample(self, n):
            raise AssertionError

    assert isinstance(made(sampler=Factory()).fit(images()).sampler_, zbins.PMFSampler)


def test_a_second_fit_forgets_the_first():
    generator = made().fit((images(), labels()), with_labels=True).fit(images(9, seed=1))
    assert same_model(generator.sampler_, made().fit(images(9, seed=1)).sampler_)
    assert generator.latents_.shape == (9, LATENT)
    assert generator.labels_ is None


def test_latents_without_an_encoder():
    z = Plain().by_hand(images())
    for latents in (z, z.numpy(), z.numpy().tolist(), z.clone().requires_grad_()):
        generator = LatentGenerator().fit_latents(latents, labels())
        assert generator.latents_.shape == (40, LATENT)
        assert generator.sample_latents(3, [0, 1, 2]).shape == (3, LATENT)
    half = LatentGenerator().fit_latents(z.bfloat16())
    assert half.sample_latents(3).dtype == torch.float32


def test_latents_are_copied():
    rows = images(20, LATENT).numpy()
    generator = LatentGenerator().fit_latents(rows)
    rows[:] = 7
    assert generator.latents_.max() < 1
    kept = generator.latents_
    assert generator.fit_latents(kept).latents_ is kept


def test_one_pass_serves_several_samplers():
    generator = made().fit((images(), labels()), with_labels=True)
    for n_bins in (2, 9):
        other = made(sampler=zbins.PMFSampler(n_bins))
        other.fit_latents(generator.latents_, generator.labels_)
        assert np.all(other.sampler_.n_bins_ == n_bins)
        assert other.sampler_.classes_.tolist() == [0, 1, 2]


def test_numpy_all_the_way():
    x = images(50).numpy()
    pca = PCA(2).fit(x)
    generator = LatentGenerator(pca.transform, pca.inverse_transform).fit(x)
    assert np.allclose(generator.latents_, pca.transform(x))
    assert generator.sample(5).shape == (5, WIDTH)


def test_copies_and_pickles():
    generator = LatentGenerator(*(model := Plain()).children(), zbins.PMFSampler(5)).fit(images())
    bound = made(model).fit(images(), memory_limit=0)
    for one in (generator, bound):
        wanted = one.sample(5, random_state=0)
        for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
            assert torch.equal(other.sample(5, random_state=0), wanted)
            assert np.array_equal(other.latents_, one.latents_)
            kept = one.sampler_
            other.fit(images(5))
            assert one.sampler_ is kept
    deep = copy.deepcopy(bound)
    assert deep.encode.__self__ is deep.decode.__self__ is not model


def test_repr():
    unfitted = LatentGenerator(Plain().encode, None, zbins.PMFSampler(5))
    assert repr(unfitted) == (
        "LatentGenerator(encode=Plain.encode, decode=None, sampler=PMFSampler(n_bins=5), "
        "posterior='mean'): unfitted"
    )
    fitted = LatentGenerator(nn.Linear(6, 4), lambda z: z).fit(images())
    assert "encode=Linear, decode=" in repr(fitted)
    assert repr(fitted).endswith("latents of shape (4,)")


def test_progress_is_shown_on_stderr(capsys):
    generator = made().fit(images(), progress=True)
    generator.sample(5, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "encode: 100%|" in err
    assert "decode: 100%|" in err
    generator.fit(images(), progress=False).sample(5)
    assert capsys.readouterr() == ("", "")
