// Fits the PMF of a few latents and draws new ones: the sampler in a C++ program.
#include <cstdio>
#include <vector>
#include <zbins/zbins.hpp>

int main() {
    constexpr std::int64_t n = 1000, d = 8, row = d * sizeof(float);
    std::vector<float> latents(n * d);
    for (std::int64_t i = 0; i < n * d; ++i)
        latents[static_cast<std::size_t>(i)] = static_cast<float>(i * 7919 % 1000) / 100.0f;
    const zbins::MatrixView<float> x{reinterpret_cast<const std::byte*>(latents.data()), n, d, row,
                                     sizeof(float)};
    zbins::Context context;
    context.threads = 2;

    const auto bounds = zbins::find_bounds(x, context);
    const auto grid = zbins::Grid<float>::from_bounds(bounds.lower, bounds.upper,
                                                      std::vector<std::int32_t>(d, 10));
    zbins::Counter<float> counter(grid, context.threads, false);
    counter.add(x, true, nullptr, context);
    const zbins::Pmf pmf = counter.finish({}, context);

    std::vector<float> samples(5 * d);
    zbins::DrawRange range;
    range.seed = 42;
    range.n = 5;
    zbins::draw(grid, pmf, range, samples.data(), d, nullptr, context);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        if (!(bounds.lower[i % d] <= samples[i] && samples[i] <= bounds.upper[i % d])) return 1;
    }
    std::printf("%llu rows in %llu bins, first sample starts with %g\n",
                static_cast<unsigned long long>(pmf.total()),
                static_cast<unsigned long long>(pmf.size()), static_cast<double>(samples[0]));
    return pmf.total() == n ? 0 : 1;
}
