// Why: a C++ program reads what Python has written, and gets all of it; and a file that is cut, has
// a bit flipped or is something else is refused, never read in part.
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "check.hpp"
#include "model_files.hpp"
#include "zbins/draw.hpp"
#include "zbins/quantize.hpp"

using zbins::Model;
using zbins::Parameters;

namespace {

template <class T>
Model<T> read(const std::string& name) {
    auto model = zbins::read_model(model_files::path_of(name));
    CHECK(std::holds_alternative<Model<T>>(model));
    return std::get<Model<T>>(std::move(model));
}

// Law 6, of a model from a file.
template <class T>
void check_draws(const Model<T>& model) {
    const std::int64_t d = model.grid.d(), n = 100;
    std::vector<T> samples(static_cast<std::size_t>(n * d));
    zbins::DrawRange range;
    range.seed = 1;
    range.n = n;
    zbins::draw(model.grid, model.pmf, range, samples.data(), d, nullptr, {});
    std::vector<std::int64_t> bins(static_cast<std::size_t>(n));
    const zbins::MatrixView<T> x{reinterpret_cast<const std::byte*>(samples.data()), n, d,
                                 d * static_cast<std::int64_t>(sizeof(T)),
                                 static_cast<std::int64_t>(sizeof(T))};
    zbins::find_bins(model.grid, model.pmf, x, bins.data(), {}, false);
    for (const std::int64_t bin : bins) CHECK(bin >= 0);
}

template <class T>
std::vector<zbins::Count> counts_of(const Model<T>& model) {
    std::vector<zbins::Count> counts;
    for (std::uint64_t bin = 0; bin < model.pmf.size(); ++bin)
        counts.push_back(model.pmf.count(bin));
    return counts;
}

template <class T>
std::vector<int> codes_of(const Model<T>& model) {
    std::vector<int> codes;
    for (std::uint64_t bin = 0; bin < model.pmf.size(); ++bin) {
        for (std::int64_t j = 0; j < model.grid.d(); ++j)
            codes.push_back(model.pmf.layout().code(model.pmf.key(bin), j));
    }
    return codes;
}

using Counts = std::vector<zbins::Count>;
using Ints = std::vector<std::int32_t>;

}  // namespace

TEST(both_types_of_latents) {
    const auto single = read<float>("float32");
    CHECK(single.grid.origin() == (std::vector<float>{-1, 0.5f}));
    CHECK(single.grid.top() == (std::vector<float>{8, 8}));
    CHECK(codes_of(single) == (std::vector<int>{0, 1, 3, 3, 0, 0}));
    CHECK(counts_of(single) == (Counts{3, 1, 3}));
    CHECK_EQ(single.description.rows_seen, 7);
    CHECK_EQ(single.description.rows_ignored, 0);
    CHECK(!single.description.labels);
    CHECK(!single.description.feature_names);
    CHECK(single.description.parameters.n_bins == Ints{4});
    CHECK(std::holds_alternative<std::monostate>(single.description.parameters.bounds));
    CHECK(single.description.parameters.out_of_range == zbins::OutOfRange::grow);
    CHECK(single.description.metadata.starts_with("{\"bounds\":null,\"checksum\":\""));
    check_draws(single);

    const auto twice = read<double>("float64");
    CHECK_EQ(twice.pmf.size(), 6);
    CHECK(twice.description.parameters.n_bins == (Ints{4, 300}));
    CHECK(twice.grid.bins() == (Ints{4, 300}));
    check_draws(twice);
}

TEST(grids_of_every_kind) {
    const auto grown = read<double>("grown");
    CHECK(grown.grid.first() == (Ints{-4, 0}));
    CHECK(grown.grid.bins() == (Ints{37, 11}));
    CHECK(counts_of(grown) == (Counts{3, 1, 1, 1, 1}));
    check_draws(grown);
    const auto constant = read<double>("constant");
    CHECK(constant.grid.constant(1));
    CHECK(counts_of(constant) == (Counts{1, 6}));
    check_draws(constant);
}

TEST(labels_of_every_type) {
    const auto ints = read<double>("int_labels");
    CHECK(std::get<0>(*ints.description.labels) ==
          (std::vector<std::int64_t>{-1, 3, std::int64_t{1} << 62}));
    const auto bools = read<double>("bool_labels");
    CHECK(std::get<1>(*bools.description.labels) == (std::vector<bool>{false, true}));
    const auto strings = read<double>("str_labels");
    CHECK(std::get<2>(*strings.description.labels) ==
          (std::vector<std::string>{"a", "b", "\xc3\xa9", "\xed\xa0\x80", "\xf0\x9d\x94\x83"}));
    for (const auto* model : {&ints, &bools, &strings}) {
        zbins::Count rows = 0;
        for (zbins::Label label = 0; label < model->pmf.labels().classes; ++label)
            rows += model->pmf.label_total(label);
        CHECK_EQ(rows, 7);
        check_draws(*model);
    }
}

TEST(names_and_bounds) {
    const auto names = read<double>("names");
    CHECK(*names.description.feature_names == (std::vector<std::string>{"u", "v"}));
    const auto& fixed = std::get<Parameters::Fixed>(names.description.parameters.bounds);
    CHECK(fixed.lower == std::vector<double>{0});
    CHECK(fixed.upper == (std::vector<double>{1, 2}));
    check_draws(names);
    const auto quantile = read<double>("quantile");
    CHECK_EQ(std::get<Parameters::Quantile>(quantile.description.parameters.bounds).q, 0.2);
    CHECK(quantile.description.parameters.out_of_range == zbins::OutOfRange::ignore);
    CHECK_EQ(quantile.description.rows_seen, 3);
    CHECK_EQ(quantile.description.rows_ignored, 4);
    check_draws(quantile);
}

TEST(bytes_at_any_address_and_any_number_of_threads) {
    const std::string bytes = model_files::bytes_of("int_labels");
    for (int threads = 1; threads <= 3; ++threads) {
        zbins::Context context;
        context.threads = threads;
        context.forced = true;
        for (std::size_t offset = 0; offset < 8; ++offset) {
            const std::string moved = std::string(offset, 'x') + bytes;
            const auto model =
                zbins::parse_model(std::as_bytes(std::span(moved)).subspan(offset), context);
            CHECK(counts_of(std::get<Model<double>>(model)) == (Counts{3, 1, 3}));
        }
    }
}

TEST(cut_at_every_byte) {
    for (const char* name : {"float32", "str_labels"}) {
        const std::string bytes = model_files::bytes_of(name);
        CHECK(bytes.size() > 500);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const check::Note note("size", size);
            CHECK_THROWS(model_files::parse(bytes.substr(0, size)), std::invalid_argument, "");
        }
        CHECK_THROWS(model_files::parse(bytes + '\0'), std::invalid_argument, "checksum");
    }
}

TEST(every_bit_flipped) {
    for (const char* name : {"float32", "str_labels"}) {
        std::string bytes = model_files::bytes_of(name);
        for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
            const check::Note note("bit", bit);
            bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
            CHECK_THROWS(model_files::parse(bytes), std::invalid_argument, "");
            bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
        }
    }
}

TEST(files_that_cannot_be_read) {
    const auto check_errno = [](const std::string& path, int expected) {
        try {
            zbins::read_model(path);
            CHECK(false);
        } catch (const std::system_error& error) {
            CHECK_EQ(error.code().value(), expected);
            CHECK(std::string(error.what()).find(path) != std::string::npos);
        }
    };
    check_errno(model_files::path_of("none"), ENOENT);
    check_errno(ZBINS_TEST_DATA, EISDIR);
}

TEST(a_file_of_something_else_is_named) {
    const auto path = std::filesystem::temp_directory_path() / "zbins_model_file_test.zbins";
    for (const std::string& bytes :
         {std::string(), std::string("x"), std::string(100'000, 'x'), std::string(8, '\xff'),
          std::string(4096, '\0'), model_files::bytes_of("float32").substr(0, 700)}) {
        std::ofstream(path, std::ios::binary) << bytes;
        CHECK_THROWS(zbins::read_model(path), std::invalid_argument,
                     "'" + path.string() + "' is not a model file of zbins, or is damaged: ");
    }
    std::filesystem::remove(path);
}

TEST(ctrl_c_is_obeyed) {
    const auto [header, body] = model_files::apart(model_files::bytes_of("float32"));
    const std::string long_one = model_files::sealed(header, std::string(64 << 20, 'x'));
    zbins::Context context;
    context.interrupted = [] { return true; };
    CHECK_THROWS(model_files::parse(long_one, context), zbins::Interrupted, "interrupted");
}
