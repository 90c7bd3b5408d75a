"""State and files of LatentGenerator: the same bits come back; what cannot be is named."""

from __future__ import annotations

import base64
import resource
import zlib

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

import zbins
from coding import Normal, Plain, images, labels, made, refused, same_model
from zbins.torch import LatentGenerator


def fitted(sampler=None, **parameters):
    return made(sampler=sampler, **parameters).fit(images())


def mixture(**parameters):
    return GaussianMixture(2, init_params="random_from_data", random_state=0, **parameters)


MIXTURE = fitted(mixture())
# A file of format version 1, compressed: reading it is promised for good.
FILE = (
    "c-obe&5qMB5P-"
    "Yv9(at^oGoN0juU!ePb=*K2?=p(D$9wTZnSA!*$xP*z6X!PqwokEIj)m>A?XjOmZJGd=F52OneW%LVQqo)wQ@oVC"
    "pd@s7QPjAYhe!C9Lh&kKG|-"
    "a!#oF4B}IixRWdADEJZ|FMrak6BvBYgDP>WWzEz2;(gZ6;Qz0WM(~Kn%##KUcKsi*}tcByBm9e#MJ(qarMq8&$t<"
    "CTsE7qGv<*<Vt3Wj-"
    "8YN>3WopfI}%4he$DEQZpqPG?iB1;6r9&}Y%<@~n`j0js!7+vfB1vy3#hT>?<XhfkJK9J6X;$u)8p@bcStP|!kP{"
    "L4##~^L$Ro#vm_Y(#^W@NrHWU?)%Hy06nI3kpe5mjxh<Ha<UhdBBVh*Ez_lMOvx24H?O>2Yb#LrxUc0}#owF{I`D"
    "Hn=2}EJG0<it^G?<M>b6_^#0tY4~77X}a9)Zg2P9Ig5k*aTSzTL0+Aavjh8jc53~47nHlbcpc==;QxK_9_|haHwV"
    "u+kFoD&m@(4Vqi%+B7QT0+*V?XW5R{FumWK*iXCS!xW?z8tW&yrXl@hKqinn5|{=`maNk2;9<<w}e?vK*)dev&9B"
    "+T*HYnAdbF#_E=e+Jx$cGV}bGWttDc}~z9;Z*DR-=Wh_jBsIm<cIh7AA_-b2A_t0Py"
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "generator.safetensors"


def by_file(path, state):
    torch.save(state, path.with_suffix(".pt"))
    return torch.load(path.with_suffix(".pt"), weights_only=True)


def by_safetensors(path, state):
    save_file(state, path)
    return load_file(path)


def test_a_state_is_tensors():
    state = fitted().state_dict()
    assert all(type(t) is torch.Tensor and t.device.type == "cpu" for t in state.values())
    assert not any(t.requires_grad for t in state.values())
    assert {"metadata", "sampler.origin", "sampler.codes", "sampler.counts"} <= state.keys()


@pytest.mark.parametrize("way", [lambda path, state: state, by_file, by_safetensors])
def test_a_state_comes_back(way, path):
    generator = fitted()
    other = made().load_state_dict(way(path, generator.state_dict()))
    assert same_model(other.sampler_, generator.sampler_)
    assert other.latent_shape_ == (3,)
    assert other.labels_ is None
    with pytest.raises(AttributeError, match="loaded"):
        _ = other.latents_
    assert not hasattr(other, "latents_")
    assert torch.equal(other.sample(9, random_state=1), generator.sample(9, random_state=1))
    assert other.fit(images(9)).latents_.shape == (9, 3), "and it can be fitted again"


@pytest.mark.parametrize("data", [images(2), images(500, seed=1), images(30, 9)])
def test_a_state_of_another_size(data):
    generator = LatentGenerator(lambda x: x, lambda z: z).fit(data)
    other = fitted()
    assert other.load_state_dict(generator.state_dict()) is other
    assert same_model(other.sampler_, generator.sampler_)
    assert other.sampler_.n_bins == 10, "the parameters are those of the state"
    assert other.sampler.n_bins == 5, "and those of the constructor stay"
    assert other.latent_shape_ == tuple(data.shape[1:])


def test_spatial_latents_and_labels(path):
    x = images(20, 2, 3, 4)
    generator = LatentGenerator(lambda x: x, lambda z: z)
    generator.fit((x, labels(20)), with_labels=True, memory_limit=0).save(path)
    for other in (
        LatentGenerator.load(path, decode=lambda z: z),
        made().load_state_dict(generator.state_dict()),
    ):
        assert same_model(other.sampler_, generator.sampler_)
        drawn = other.sample_latents(5, [0, 1, 2, 0, 1], random_state=2)
        assert drawn.shape == (5, 2, 3, 4)
        assert torch.equal(drawn, generator.sample_latents(5, [0, 1, 2, 0, 1], random_state=2))
        assert other.labels_ is None


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_latents_of_one_number(shape, path):
    generator = LatentGenerator().fit_latents(images(20, 1).reshape(20, *shape))
    generator.save(path)
    assert LatentGenerator.load(path).sample_latents(3).shape == (3, *shape)


def test_a_state_is_a_copy():
    generator = fitted()
    state = generator.state_dict()
    for tensor in state.values():
        tensor.zero_()
    again = generator.state_dict()
    other = made().load_state_dict(again)
    for tensor in again.values():
        tensor.zero_()
    assert same_model(other.sampler_, generator.sampler_)


def test_the_same_model_is_the_same_bytes(path, tmp_path):
    model, x = Plain(), images()
    made(model).fit(x).save(path)
    first = path.read_bytes()
    made(model).fit(x[torch.randperm(40)], batch_size=7, memory_limit=0).save(path)
    assert path.read_bytes() == first
    LatentGenerator.load(path, model.encode).save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again", path.name]


def test_a_file_brings_the_posterior(path):
    for posterior in ("mean", "sample"):
        LatentGenerator(posterior=posterior).fit_latents(images()).save(path)
        assert LatentGenerator.load(path).posterior == posterior
        assert LatentGenerator.load(path, posterior="mean").posterior == "mean"
    loaded = LatentGenerator.load(path, device="cpu", autocast=True, random_state=3)
    assert (loaded.device, loaded.autocast) == (torch.device("cpu"), True)
    assert torch.equal(loaded.sample_latents(3), loaded.sample_latents(3))


def test_a_mixture_comes_back(path):
    MIXTURE.save(path)
    for other in (
        LatentGenerator.load(path, decode=MIXTURE.decode, sampler=GaussianMixture(7)),
        made(sampler=GaussianMixture()).load_state_dict(by_file(path, MIXTURE.state_dict())),
    ):
        a, b = other.sampler_, MIXTURE.sampler_
        assert vars(a).keys() == vars(b).keys()
        assert a.random_state is None  # of a run, and so the caller's
        names = vars(b).keys() - {"random_state"}
        assert all(np.array_equal(vars(a)[name], vars(b)[name]) for name in names)
        assert torch.equal(other.sample(9, random_state=1), MIXTURE.sample(9, random_state=1))
        x = images(4, 3)
        assert np.array_equal(a.score_samples(x), b.score_samples(x))


class Learning(Normal):
    """One of somebody else, which keeps to scikit-learn's names."""

    def fit(self, X):
        self.mean_, self.std_, self.n_ = X.mean(0), X.std(0), len(X)

    def sample(self, n):
        return self.mean_ + self.std_ * np.linspace(-1, 1, n)[:, None]


def test_a_sampler_of_somebody_else_comes_back(path):
    generator = fitted(Learning())
    generator.save(path)
    other = LatentGenerator.load(path, decode=generator.decode, sampler=Learning())
    assert torch.equal(other.sample(3), generator.sample(3))
    assert other.sampler_.n_ == 40


@pytest.mark.parametrize(
    ("sampler", "texts"),
    [
        (KernelDensity(), ["KernelDensity", "tree_", "latents_", "fit_latents"]),
        (Normal(), ["Normal", "no arrays"]),
    ],
)
def test_samplers_without_a_state(sampler, texts, path):
    generator = fitted(sampler)
    refused(TypeError, texts, generator.state_dict, generator)
    refused(TypeError, texts, lambda: generator.save(path), generator)
    assert not path.exists()


def test_another_class_of_samplers(path):
    MIXTURE.save(path)
    generator = fitted()
    texts = ["GaussianMixture", "PMFSampler", "sampler=GaussianMixture()"]
    state = MIXTURE.state_dict()
    refused(ValueError, texts, lambda: generator.load_state_dict(state), generator)
    refused(ValueError, [*texts, str(path)], lambda: LatentGenerator.load(path))
    ours = generator.state_dict()
    refused(ValueError, texts[:2], lambda: MIXTURE.load_state_dict(ours), MIXTURE)


def test_before_a_fit(path):
    refused(NotFittedError, "LatentGenerator", made().state_dict)
    refused(NotFittedError, "LatentGenerator", lambda: made().save(path))
    assert not path.exists()


def test_paths(path, tmp_path):
    generator = fitted()
    for save in (generator.save, LatentGenerator.load):
        refused(TypeError, "NoneType", lambda: save(None), generator)  # noqa: B023
        refused(TypeError, "int", lambda: save(7), generator)  # noqa: B023
        refused(IsADirectoryError, str(tmp_path), lambda: save(tmp_path), generator)  # noqa: B023
        gone = tmp_path / "gone" / "a"
        refused(FileNotFoundError, str(gone), lambda: save(gone), generator)  # noqa: B023
    refused(TypeError, "speed", lambda: LatentGenerator.load(saved(path), speed=3))
    refused(ValueError, "device", lambda: LatentGenerator.load(saved(path), device="gpu"))
    generator.save(str(path))
    assert LatentGenerator.load(str(path)).latent_shape_ == (3,)


def test_a_file_of_the_first_version(path):
    whole = zlib.decompress(base64.b85decode(FILE))
    path.write_bytes(whole)
    generator = LatentGenerator.load(path, lambda x: x)
    assert (generator.posterior, generator.latent_shape_) == ("sample", (2, 2))
    assert generator.sampler_.n_bins == 4
    assert generator.sampler_.classes_.tolist() == ["a", "b"]
    assert generator.sampler_.counts_.sum() == 3
    generator.save(path)
    assert path.read_bytes() == whole
    latents = [[[0.5, 1], [2, 3]], [[0, 1.5], [2, 9]], [[0.5, 1], [2, 3]]]
    generator.fit_latents(latents, ["a", "b", "b"]).save(path)
    assert path.read_bytes() == whole


def test_a_fit_after_loading(path):
    sampler = zbins.PMFSampler(3, bounds=(0, 1))
    LatentGenerator(sampler=sampler).fit_latents(images()).save(path)
    loaded = LatentGenerator.load(path)
    assert repr(loaded.sampler) == repr(sampler)
    loaded.fit_latents(images())
    assert same_model(loaded.sampler_, sampler.fit(images().numpy()))


def test_what_belongs_to_a_run_stays():
    own = LatentGenerator(sampler=zbins.PMFSampler(3, random_state=5)).fit_latents(images())
    draws = own.sample_latents(4)
    assert torch.equal(own.load_state_dict(own.state_dict()).sample_latents(4), draws)
    other = made(sampler=GaussianMixture(random_state=7)).load_state_dict(MIXTURE.state_dict())
    assert other.sampler_.random_state == 7


def saved(path):
    fitted().save(path)
    return path


def test_a_save_that_fails_keeps_the_old_file(path):
    """The kernel refuses, as on a full disk."""
    saved(path)
    old = path.read_bytes()
    generator = LatentGenerator().fit_latents(images())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def save():
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))
        try:
            generator.save(path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    refused(OSError, ["File too large", str(path)], save, generator)
    assert path.read_bytes() == old
    assert [p.name for p in path.parent.iterdir()] == [path.name]
