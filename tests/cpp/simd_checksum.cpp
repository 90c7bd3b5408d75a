// Why: bounds, keys, codes and samples must have the same bits at every instruction set. The level
// is chosen once per process, so this program prints checksums of all of them over many shapes, and
// simd_levels.cmake compares what it prints at each level.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "draws.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "models.hpp"
#include "zbins/bounds.hpp"
#include "zbins/quantize.hpp"
#include "zbins/show.hpp"

namespace {

// FNV-1a over the bytes.
template <class T>
std::uint64_t checksum(const T* values, std::uint64_t n) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    const auto* bytes = reinterpret_cast<const unsigned char*>(values);
    for (std::uint64_t i = 0; i < n * sizeof(T); ++i) hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
    return hash;
}

template <class T>
std::uint64_t checksum(const std::vector<T>& values) {
    return checksum(values.data(), values.size());
}

template <class T>
void print_grid(const char* what, const zbins::Grid<T>& grid, const inputs::Matrix<T>& x) {
    const auto context = models::on_threads(1);
    std::vector<std::int32_t> codes(x.values.size());
    zbins::quantize(grid, x.view(), codes.data(), context);
    const auto model = models::count(grid, x.view());
    const auto words = static_cast<std::uint64_t>(model.layout().words);
    std::printf("  %s codes %016llx keys %016llx", what,
                static_cast<unsigned long long>(checksum(codes)),
                static_cast<unsigned long long>(checksum(model.key(0), model.size() * words)));
    for (const std::uint64_t first : {std::uint64_t{0}, (std::uint64_t{1} << 32) - 20}) {
        const auto samples = draws::drawn(grid, model, draws::range_of(first + 9, first, 45));
        std::printf(" samples %016llx", static_cast<unsigned long long>(checksum(samples)));
    }
    std::printf("\n");
}

// Rows with gaps between them, read and written, and rows known to be inside.
template <class T>
void print_apart(const zbins::Grid<T>& grid, const inputs::Matrix<T>& x) {
    const auto context = models::on_threads(1);
    const auto size = static_cast<std::int64_t>(sizeof(T));
    const auto apart = inputs::arrange("apart", x, (x.cols + 3) * size, size, 0);
    const auto sum_of = [](const zbins::Pmf& model) {
        const auto words = static_cast<std::uint64_t>(model.layout().words);
        return static_cast<unsigned long long>(checksum(model.key(0), model.size() * words));
    };
    for (const auto& view : {x.view(), apart.view}) {
        zbins::Counter<T> counter(grid, 1, false);
        counter.add(view, true, nullptr, context);
        std::printf("  inside keys %016llx\n", sum_of(counter.finish({}, context)));
    }
    const auto model = models::count(grid, apart.view);
    std::vector<T> out(static_cast<std::size_t>(45 * (x.cols + 5)), T(-1));
    zbins::draw(grid, model, draws::range_of(3, 7, 45), out.data(), x.cols + 5, nullptr, context);
    std::printf("  apart keys %016llx samples %016llx\n", sum_of(model),
                static_cast<unsigned long long>(checksum(out)));
}

template <class T>
void print_shape(std::int64_t n, std::int64_t d, std::int32_t k) {
    inputs::Random random(static_cast<std::uint64_t>(d * 100000 + k));
    inputs::Matrix<T> x = inputs::uniform_matrix<T>(random, n, d, T(-3), T(100));
    // Rows far from the others, so that grown and clipped codes occur.
    for (std::int64_t i = 0; i < n; i += 5) x.at(i, i % d) *= T(1.7);
    const auto bounds = zbins::find_bounds(x.view(), models::on_threads(1));
    const auto columns = static_cast<std::size_t>(d);
    const auto grid = zbins::Grid<T>::from_bounds(bounds.lower, bounds.upper,
                                                  std::vector<std::int32_t>(columns, k));
    std::printf("%s n %lld d %lld k %d bounds %016llx %016llx\n", sizeof(T) == 4 ? "f32" : "f64",
                static_cast<long long>(n), static_cast<long long>(d), k,
                static_cast<unsigned long long>(checksum(bounds.lower)),
                static_cast<unsigned long long>(checksum(bounds.upper)));
    print_grid("fitted", grid, x);
    print_apart(grid, x);
    const auto narrow =
        zbins::Grid<T>::from_bounds(std::vector<T>(columns, T(-3)), std::vector<T>(columns, T(100)),
                                    std::vector<std::int32_t>(columns, k));
    print_grid("given", narrow, x);
    if (2 * k <= zbins::max_bins)
        print_grid("grown", grids::grown(narrow, bounds.lower, bounds.upper), x);
}

template <class T>
void print_all() {
    for (const std::int32_t k : {1, 2, 4, 10, 16, 200, 65536}) {
        for (std::int64_t d = 1; d <= 70; ++d) print_shape<T>(37, d, k);
        for (const std::int64_t d : {127, 130, 257, 1023, 1024, 1025, 1030, 2050})
            print_shape<T>(19, d, k);
        for (std::int64_t d = 4090; d <= 4100; ++d) print_shape<T>(3, d, k);
        // Several tiles of narrow rows.
        for (const std::int64_t d : {1, 3, 8, 9}) print_shape<T>(9000 / d, d, k);
    }
    const auto hard = grids::make(grids::hard_ranges<T>());
    inputs::Random random(1);
    inputs::Matrix<T> x(200, hard.d());
    for (std::int64_t i = 0; i < x.rows; ++i) {
        for (std::int64_t j = 0; j < x.cols; ++j) {
            const auto c = static_cast<std::size_t>(j);
            x.at(i, j) = random.uniform(hard.origin()[c], hard.top()[c]);
        }
    }
    std::printf("hard\n");
    print_grid("fitted", hard, x);
    print_grid("grown", grids::widened(hard, 100), x);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], "--levels") == 0) {
        for (const std::string& level : zbins::simd_levels()) std::printf("%s\n", level.c_str());
        return 0;
    }
    try {
        // On stderr: what is compared must not tell the levels apart.
        std::fprintf(stderr, "level %s\n", zbins::simd_level().c_str());
        print_all<float>();
        print_all<double>();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
