#include "file/parameters.hpp"

#include <algorithm>
#include <cmath>

#include "file/json.hpp"
#include "file/shown.hpp"
#include "zbins/error.hpp"

namespace zbins::inline v1::file {

namespace {

using Kind = Json::Kind;

Json reader(std::string_view text, InterruptCheck& check) {
    return {text, "its entry 'zbins'", Json::Dialect::python, check};
}

// A number or a list of numbers, by the rules of numpy.asarray: a whole number has at most 64 bits,
// true and false beside numbers are 1 and 0, an empty list is one of floating-point numbers.
struct Numbers {
    enum class Type { whole, real, none };
    Type type = Type::none;
    bool single = false;
    std::vector<std::string_view> values;  // as they are written
};

Numbers read_numbers(std::string_view text, InterruptCheck& check) {
    Numbers numbers;
    bool others = false, any_real = false, any_number = false;
    Json json = reader(text, check);
    const auto take = [&] {
        if (json.kind() == Kind::number) {
            const std::string_view number = json.number();
            any_number = true;
            any_real |= !is_whole(number);
            others |=
                is_whole(number) && !whole<std::int64_t>(number) && !whole<std::uint64_t>(number);
            numbers.values.push_back(number);
        } else if (json.kind() == Kind::boolean) {
            numbers.values.push_back(json.boolean() ? "1" : "0");
        } else {
            others = true;
            json.skip();
        }
    };
    if (json.kind() == Kind::array) {
        json.array(take);
    } else {
        numbers.single = true;
        take();
    }
    using Type = Numbers::Type;
    const bool empty = !numbers.single && numbers.values.empty();
    if (!others && (any_real || empty)) numbers.type = Type::real;
    if (!others && any_number && !any_real) numbers.type = Type::whole;
    return numbers;
}

std::vector<std::int32_t> read_n_bins(std::string_view text, std::int64_t d,
                                      InterruptCheck& check) {
    const Numbers numbers = read_numbers(text, check);
    const std::string most = std::to_string(max_bins);
    const std::string accepted = "; accepted are whole numbers from 1 to " + most;
    if (numbers.type != Numbers::Type::whole) {
        const bool beyond_64_bits = numbers.single && !numbers.values.empty() &&
                                    is_whole(numbers.values[0]) &&
                                    reader(text, check).kind() == Kind::number;
        throw_value_error("n_bins is " + shown(text, check) +
                          (beyond_64_bits ? accepted
                                          : "; accepted are a whole number from 1 to " + most +
                                                ", or a 1-D array of one per column"));
    }
    std::vector<std::int32_t> n_bins;
    for (const std::string_view number : numbers.values) {
        const auto value = whole<std::int64_t>(number);
        if (!value || *value < 1 || *value > max_bins) {
            const std::string column =
                numbers.single ? "" : " for column " + std::to_string(n_bins.size());
            throw_value_error("n_bins is " + shown(number, check) + column + accepted);
        }
        n_bins.push_back(static_cast<std::int32_t>(*value));
    }
    if (!numbers.single && std::cmp_not_equal(n_bins.size(), d))
        throw_value_error("n_bins has " + std::to_string(n_bins.size()) + " entries for " +
                          std::to_string(d) + " columns; one per column is needed");
    return n_bins;
}

// One side of bounds that are numbers.
template <class T>
std::vector<double> read_side(std::string_view text, const std::string& name,
                              const std::string& accepted, std::int64_t d, InterruptCheck& check) {
    const Numbers numbers = read_numbers(text, check);
    const std::string what = "the " + name + " bounds are " + shown(text, check);
    if (numbers.type == Numbers::Type::none) throw_value_error(what + accepted);
    std::vector<double> values;
    for (const std::string_view number : numbers.values) values.push_back(to_double(number));
    const auto is_finite = [](auto value) { return std::isfinite(value); };
    if (!std::all_of(values.begin(), values.end(), is_finite))
        throw_value_error(what + "; every bound must be finite");
    if (!numbers.single && std::cmp_not_equal(values.size(), d))
        throw_value_error("the " + name + " bounds have " + std::to_string(values.size()) +
                          " entries for " + std::to_string(d) +
                          " columns; a number or one entry per column is needed");
    for (std::size_t j = 0; j < values.size(); ++j) {
        if (!is_finite(static_cast<T>(values[j])))
            throw_value_error("the " + name + " bound of column " + std::to_string(j) + " is " +
                              shown_double(values[j]) + ", beyond the range of " +
                              (sizeof(T) == 4 ? "float32" : "float64") + ", the dtype of the rows");
    }
    return values;
}

template <class T>
decltype(Parameters::bounds) read_bounds(std::string_view text, std::int64_t d,
                                         InterruptCheck& check) {
    const std::string accepted =
        "; accepted are None, a pair (lower, upper) of numbers or arrays of one per column, or "
        "('quantile', q) with 0 <= q < 0.5";
    const auto refuse = [&] {
        throw_value_error("bounds is " + shown_as_tuple(text, check) + accepted);
    };
    Json json = reader(text, check);
    if (json.kind() == Kind::null) return {};
    if (json.kind() != Kind::array) refuse();
    std::vector<std::string_view> pair;
    std::size_t entries = 0;
    json.array([&] {
        const std::string_view entry = json.skip();
        if (++entries <= 2) pair.push_back(entry);
    });
    if (entries != 2) refuse();
    Json first = reader(pair[0], check), second = reader(pair[1], check);
    if (first.kind() == Kind::string) {
        if (first.string() != "quantile" || second.kind() != Kind::number) refuse();
        const double q = to_double(second.number());
        if (!(q >= 0 && q < 0.5)) refuse();
        return Parameters::Quantile{q};
    }
    return Parameters::Fixed{read_side<T>(pair[0], "lower", accepted, d, check),
                             read_side<T>(pair[1], "upper", accepted, d, check)};
}

OutOfRange read_out_of_range(std::string_view text, InterruptCheck& check) {
    Json json = reader(text, check);
    if (json.kind() == Kind::string) {
        const std::string policy = json.string();
        if (policy == "grow") return OutOfRange::grow;
        if (policy == "error") return OutOfRange::error;
        if (policy == "ignore") return OutOfRange::ignore;
    }
    throw_value_error("out_of_range is " + shown(text, check) +
                      "; accepted are 'grow', 'error', 'ignore'");
}

}  // namespace

template <class T>
Parameters read_parameters(const Fields& fields, const Grid<T>& grid, InterruptCheck& check) {
    return {read_n_bins(fields.at("n_bins"), grid.d(), check),
            read_bounds<T>(fields.at("bounds"), grid.d(), check),
            read_out_of_range(fields.at("out_of_range"), check)};
}

template Parameters read_parameters(const Fields&, const Grid<float>&, InterruptCheck&);
template Parameters read_parameters(const Fields&, const Grid<double>&, InterruptCheck&);

}  // namespace zbins::inline v1::file
