"""PyTorch's ways of using a device: streams, graphs, contexts, memory that is short, other makers.

None of these can be emulated.
"""

import gc

import numpy as np
import pytest
import torch

import zbins
from cases import arrays_of, rows, same_bits

pytestmark = pytest.mark.cuda_only


@pytest.fixture
def tensor():
    return lambda x: torch.as_tensor(x).cuda()


@pytest.fixture
def pair(tensor):
    X = rows(20_000, 16)
    y = np.arange(20_000) % 5
    return zbins.PMFSampler(6).fit(X, y), zbins.PMFSampler(6).fit(tensor(X), tensor(y))


def busy():
    """Something long on the current stream."""
    torch.cuda._sleep(200_000_000)  # about a tenth of a second


def test_a_stream_of_ones_own(tensor):
    X = rows(50_000, 12)
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        busy()
        late = tensor(X)  # in the order of the stream, after the wait
        there = zbins.PMFSampler(5).fit(late)
        drawn = there.sample(1000, random_state=3)
    host = zbins.PMFSampler(5).fit(X)
    assert arrays_of(there) == arrays_of(host)
    side.synchronize()
    same_bits(drawn.cpu().numpy(), host.sample(1000, random_state=3))


def test_draws_do_not_wait(pair):
    """A draw is queued behind what runs, and the host goes on."""
    host, there = pair
    out = torch.empty((1000, 16), device="cuda")
    there.sample(1000, random_state=1, out=out)
    torch.cuda.synchronize()
    busy()
    running = torch.cuda.Event()
    running.record()
    there.sample(1000, random_state=1, out=out)
    there.sample(1000, random_state=1, y=2)
    assert not running.query(), "sample waited for the device"
    same_bits(out.cpu().numpy(), host.sample(1000, random_state=1))


def test_a_sampler_that_is_gone_while_its_draw_runs(tensor):
    """Its memory is not given out again before the draw on another stream has read it."""
    X = rows(30_000, 16)
    expected = zbins.PMFSampler(8).fit(X).sample(5000, random_state=0)
    there = zbins.PMFSampler(8).fit(tensor(X))
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        busy()
        drawn = there.sample(5000, random_state=0)
    del there
    gc.collect()
    rubbish = [torch.full((n,), 255, dtype=torch.uint8, device="cuda") for n in (1 << 18, 1 << 20)]
    side.synchronize()
    same_bits(drawn.cpu().numpy(), expected)
    del rubbish


def test_a_graph_draws_on_at_every_replay(pair):
    host, there = pair
    start = torch.zeros((), dtype=torch.int64, device="cuda")
    out = torch.empty((500, 16), device="cuda")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        there.sample(500, random_state=7, start=start, out=out)
    whole = host.sample(2000, random_state=7)
    for turn in range(4):
        graph.replay()
        torch.cuda.synchronize()
        same_bits(out.cpu().numpy(), whole[500 * turn : 500 * (turn + 1)])
    assert int(start) == 2000
    start.fill_(3)
    graph.replay()
    same_bits(out.cpu().numpy(), whole[3:503])


def test_a_graph_with_memory_and_labels_of_its_own(pair):
    host, there = pair
    start = torch.zeros((), dtype=torch.int64, device="cuda")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        drawn = there.sample(300, random_state=1, start=start, y=3)
    graph.replay()
    same_bits(drawn.cpu().numpy(), host.sample(300, random_state=1, y=3))


def test_the_first_draw_may_be_captured(tensor):
    X = rows(3000, 6)
    there = zbins.PMFSampler(9).fit(tensor(X))
    out = torch.empty((64, 6), device="cuda")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        there.sample(64, random_state=0, out=out)
    graph.replay()
    same_bits(out.cpu().numpy(), zbins.PMFSampler(9).fit(X).sample(64, random_state=0))


def test_a_default_device_changes_nothing(tensor):
    X = rows(3000, 8)
    host = zbins.PMFSampler(5).fit(X)
    torch.set_default_device("cuda")
    try:
        there = zbins.PMFSampler(5).fit_batches([X[:1000], X[1000:]], device="cuda")
        assert arrays_of(there) == arrays_of(host)
        assert arrays_of(zbins.PMFSampler(5).fit(X)) == arrays_of(host)
    finally:
        torch.set_default_device(None)


def test_the_pool_of_another_stream_is_told(tensor):
    """The grid is made by the first draw, here on a side stream, and read by later ones."""
    X = rows(20_000, 8)
    there = zbins.PMFSampler(5).partial_fit(tensor(X))
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        there.sample(5, random_state=0)
    side.synchronize()
    busy()
    drawn = there.sample(5000, random_state=0)
    del there
    gc.collect()
    with torch.cuda.stream(side):
        rubbish = [torch.full((1024,), 255, dtype=torch.uint8, device="cuda") for _ in range(64)]
    torch.cuda.synchronize()
    expected = zbins.PMFSampler(5).fit(X).sample(5000, random_state=0)
    same_bits(drawn.cpu().numpy(), expected)
    del rubbish


@pytest.mark.parametrize(
    "context",
    [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cuda"), torch.enable_grad],
)
def test_contexts(tensor, context):
    X = rows(3000, 8)
    host = zbins.PMFSampler(5).fit(X)
    with context():
        there = zbins.PMFSampler(5).fit(tensor(X))
        drawn = there.sample(100, random_state=2)
        codes = there.quantize(tensor(X))
    assert not drawn.requires_grad
    same_bits(drawn.cpu().numpy(), host.sample(100, random_state=2))
    assert np.array_equal(codes.cpu().numpy(), host.quantize(X))
    same_bits(there.sample(100, random_state=2).cpu().numpy(), drawn.cpu().numpy())


def test_tensors_that_require_grad(tensor):
    X = rows(500, 4)
    there = zbins.PMFSampler(5).fit(tensor(X).requires_grad_())
    assert arrays_of(there) == arrays_of(zbins.PMFSampler(5).fit(X))
    with pytest.raises(ValueError, match="requires grad"):
        there.sample(5, out=tensor(X[:5]).requires_grad_())


@pytest.mark.parametrize("sizes", [[1000] * 7, [10, 5000, 1, 3000], [1]])
def test_chunks_of_the_host_are_copied_ahead(sizes):
    X = rows(sum(sizes), 9)
    chunks = np.split(X, np.cumsum(sizes)[:-1])
    host = zbins.PMFSampler(6).fit_batches(chunks)
    for source in (chunks, [torch.from_numpy(chunk) for chunk in chunks]):
        there = zbins.PMFSampler(6).fit_batches(source, device="cuda")
        assert there.sample(2).is_cuda
        assert arrays_of(there) == arrays_of(host)


def test_out_of_memory_leaves_the_sampler(pair):
    """By a limit of this process alone: others may use the device too."""
    host, there = pair
    before = arrays_of(there)
    big = torch.randn((3_000_000, 16), device="cuda")
    labels = torch.zeros(3_000_000, dtype=torch.int64, device="cuda")
    torch.cuda.empty_cache()
    limit = torch.cuda.memory_reserved() + (100 << 20)
    torch.cuda.set_per_process_memory_fraction(limit / torch.cuda.mem_get_info()[1])
    try:
        with pytest.raises(MemoryError, match=r"bytes left, and .* needed"):
            there.sample(40_000_000)
        with pytest.raises(MemoryError, match="bytes left"):
            there.partial_fit(big, labels)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert arrays_of(there) == before
    same_bits(there.sample(10, random_state=0).cpu().numpy(), host.sample(10, random_state=0))


class OnlyInterface:
    """What Numba and others offer."""

    def __init__(self, x):
        self.kept, self.__cuda_array_interface__ = x, x.__cuda_array_interface__


class OnlyDlpack:
    def __init__(self, x):
        self.kept = x

    def __dlpack__(self, **options):
        return self.kept.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.kept.__dlpack_device__()


@pytest.mark.parametrize("maker", [OnlyInterface, OnlyDlpack])
def test_arrays_of_other_makers(tensor, maker):
    X = rows(2000, 7)
    there = zbins.PMFSampler(5).fit(maker(tensor(X)))
    assert arrays_of(there) == arrays_of(zbins.PMFSampler(5).fit(X))
    assert there.contains(maker(tensor(X))).all()


def test_moves_by_the_names_of_devices(tmp_path, pair):
    host, there = pair
    host.save(tmp_path / "m.zbins")
    loaded = zbins.load(tmp_path / "m.zbins", device="cuda")
    assert loaded.sample(3, random_state=0).device == torch.device("cuda", 0)
    assert arrays_of(loaded) == arrays_of(there)
    assert arrays_of(loaded.to("cpu")) == arrays_of(host)
    assert loaded.sample(3).device.type == "cpu"
    same_bits(
        loaded.to(torch.device("cuda:0")).sample(9, random_state=1).cpu().numpy(),
        host.sample(9, random_state=1),
    )


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
def test_two_devices(tensor):
    X = rows(3000, 5)
    first = zbins.PMFSampler(5).fit(tensor(X))
    with pytest.raises(ValueError, match="X is on cuda:1"):
        first.partial_fit(torch.as_tensor(X, device="cuda:1"))
    second = zbins.PMFSampler(5).fit(torch.as_tensor(X, device="cuda:1"))
    with pytest.raises(ValueError, match="one sampler is on"):
        first.merge(second)
    assert second.sample(2).device == torch.device("cuda", 1)
    assert arrays_of(second.to("cuda:0")) == arrays_of(first)
    assert first.merge(second).n_samples_seen_ == 6000


def test_a_torch_generator_of_the_device_gives_seeds(pair):
    _, there = pair
    draw = lambda: there.sample(5, random_state=torch.Generator("cuda").manual_seed(1))  # noqa: E731
    assert torch.equal(draw(), draw())
