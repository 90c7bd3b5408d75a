// From a .zbins file to a grid and a PMF that can be drawn from. Nothing in the file is trusted:
// who can write a file can compute its checksum too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "zbins/grid.hpp"
#include "zbins/parallel.hpp"
#include "zbins/pmf.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1 {

// Sorted; label c of the PMF is entry c. Strings are UTF-8, but for halves of surrogate pairs,
// which Python's strings may hold: those are the three bytes that UTF-8 would give them.
using Labels = std::variant<std::vector<std::int64_t>, std::vector<bool>, std::vector<std::string>>;

enum class OutOfRange { grow, error, ignore };

// What the sampler was constructed with.
struct Parameters {
    struct Fixed {
        std::vector<double> lower, upper;  // each one for all columns, or one per column
    };
    struct Quantile {
        double q;
    };
    std::vector<std::int32_t> n_bins;                      // one for all columns, or one per column
    std::variant<std::monostate, Fixed, Quantile> bounds;  // none: minimum and maximum
    OutOfRange out_of_range = OutOfRange::grow;
};

// All that a file says besides its grid and counts.
struct Description {
    Count rows_seen = 0;  // the total of the PMF
    Count rows_ignored = 0;
    std::optional<Labels> labels;
    std::optional<std::vector<std::string>> feature_names;
    Parameters parameters;
    std::string metadata;  // as JSON
};

template <class T>
struct Model {
    Grid<T> grid;
    Pmf pmf;
    Description description;
};

// The type of the latents is in the file.
using AnyModel = std::variant<Model<float>, Model<double>>;

// The model of the bytes of a file. Throws std::invalid_argument, saying what is wrong, unless they
// are a whole and undamaged model file. Aligned or not, they may be freed after it.
ZBINS_API AnyModel parse_model(std::span<const std::byte> content, const Context& context = {});

// The model of a file. Throws std::system_error if it cannot be read, and std::invalid_argument,
// naming it and what is wrong, if it is no whole and undamaged model file.
ZBINS_API AnyModel read_model(const std::filesystem::path& path, const Context& context = {});

}  // namespace zbins::inline v1
