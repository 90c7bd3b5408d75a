#include "zbins/model_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <system_error>

#include "file/little_endian.hpp"
#include "file/metadata.hpp"
#include "file/parameters.hpp"
#include "file/shown.hpp"
#include "file/tensor_file.hpp"
#include "zbins/error.hpp"
#include "zbins/strict_floats.hpp"

namespace zbins::inline v1 {

namespace {

using file::Tensor;
using Tensors = std::map<std::string, Tensor>;

// The names in the order in which a wrong one is reported; the last three are those of labels.
constexpr std::string_view tensor_names[] = {"origin", "top",        "k",      "first_bin",
                                             "n_bins", "codes",      "counts", "label_start",
                                             "label",  "label_count"};
constexpr std::size_t of_labels = 3;

std::string listed(const std::vector<std::string>& names) {
    constexpr std::size_t most = 20;
    std::string text = "[";
    for (std::size_t i = 0; i < names.size() && i < most; ++i)
        text += (i > 0 ? ", " : "") + file::shown_string(names[i]);
    return text + (names.size() > most ? ", ...]" : "]");
}

void check_names(const Tensors& tensors, std::span<const std::string_view> names) {
    std::vector<std::string> found, expected(names.begin(), names.end());
    for (const auto& [name, tensor] : tensors) found.push_back(name);
    std::sort(expected.begin(), expected.end());
    if (found != expected)
        throw_value_error("it has the tensors " + listed(found) + "; expected are " +
                          listed(expected));
}

// The type and the shape of every tensor; a size that nothing is known about is its own.
void check_shapes(const Tensors& tensors, std::span<const std::string_view> names) {
    const Tensor& origin = tensors.at("origin");
    const auto& shape_of_codes = tensors.at("codes").shape;
    const auto& shape_of_counts = tensors.at("counts").shape;
    if (origin.shape.size() != 1 || shape_of_codes.size() != 2 || shape_of_counts.size() != 1 ||
        origin.shape[0] == 0)
        throw_value_error("a tensor has the wrong number of dimensions");
    const std::uint64_t d = origin.shape[0], m = shape_of_counts[0], words = shape_of_codes[1];
    using Shape = std::vector<std::uint64_t>;
    for (const std::string_view name : names) {
        const Tensor& tensor = tensors.at(std::string(name));
        const auto is = [&](std::string_view dtype, const Shape& shape) {
            return tensor.dtype == dtype && tensor.shape == shape;
        };
        const auto is_list = [&](std::string_view dtype) {
            return tensor.dtype == dtype && tensor.shape.size() == 1;
        };
        bool right = false;
        if (name == "origin" || name == "top") {
            right = is("float32", {d}) || is("float64", {d});
        } else if (name == "k" || name == "first_bin" || name == "n_bins") {
            right = is("int32", {d});
        } else if (name == "codes") {
            right = is("uint64", {m, words});
        } else if (name == "counts") {
            right = is("int64", {m});
        } else if (name == "label_start") {
            right = is("uint64", {m + 1});
        } else {
            right = is_list(name == "label" ? "int32" : "uint64");
        }
        if (!right)
            throw_value_error("the tensor " + file::shown_string(name) + " is " +
                              tensor.described());
    }
    if (origin.dtype != tensors.at("top").dtype)
        throw_value_error("'origin' and 'top' have different dtypes");
}

// The entries of a tensor, in memory of their own, aligned.
template <class T>
Buffer<T> entries(const Tensor& tensor, const Context& context) {
    constexpr std::uint64_t block = (1 << 20) / sizeof(T);
    const std::uint64_t n = tensor.size();
    Buffer<T> values(n);
    const double bytes = static_cast<double>(n * sizeof(T));
    parallel_for(context, threads_for(context, bytes),
                 static_cast<std::int64_t>((n + block - 1) / block), [&](std::int64_t index, int) {
                     const std::uint64_t begin = static_cast<std::uint64_t>(index) * block;
                     const std::uint64_t end = std::min(n, begin + block);
                     for (std::uint64_t i = begin; i < end; ++i)
                         values[i] = file::little_endian<T>(tensor.bytes.data() + i * sizeof(T));
                 });
    return values;
}

template <class T>
std::span<const T> span(const Buffer<T>& buffer) {
    return {buffer.data(), static_cast<std::size_t>(buffer.size())};
}

template <class T>
Model<T> model_of(const Tensors& tensors, Description description, const Context& context) {
    const auto floats = [&](const char* name) { return entries<T>(tensors.at(name), context); };
    const auto ints = [&](const char* name) {
        return entries<std::int32_t>(tensors.at(name), context);
    };
    const auto words = [&](const char* name) { return entries<Word>(tensors.at(name), context); };
    Grid<T> grid =
        Grid<T>::from_bounds(span(floats("origin")), span(floats("top")), span(ints("k")))
            .with_extents(span(ints("first_bin")), span(ints("n_bins")));

    Buffer<Count> counts = words("counts");
    if (counts.size() == 0) throw_value_error("the model has no occupied bin");
    std::optional<LabelCounts> label_counts;
    if (description.labels) {
        const std::size_t classes =
            std::visit([](const auto& labels) { return labels.size(); }, *description.labels);
        // Member by member: see LabelCounts::room.
        label_counts.emplace();
        label_counts->classes = static_cast<Label>(classes);
        label_counts->start = words("label_start");
        label_counts->label = ints("label");
        label_counts->count = words("label_count");
    }
    Pmf pmf = Pmf::checked(Layout(grid.d(), grid.max_bins_of_a_dimension()), words("codes"),
                           std::move(counts), std::move(label_counts), context)
                  .on(grid, context);
    for (Label label = 0; pmf.labelled() && label < pmf.labels().classes; ++label) {
        if (pmf.label_total(label) == 0)
            throw_value_error(
                "the label " +
                file::shown_label(*description.labels, static_cast<std::size_t>(label)) +
                " has no rows");
    }
    return {std::move(grid), std::move(pmf), std::move(description)};
}

// What needs the model to be judged.
template <class T>
void complete(Model<T>& model, const file::Fields& fields, std::string_view seen,
              InterruptCheck& check) {
    Description& description = model.description;
    description.rows_seen = model.pmf.total();
    if (seen != std::to_string(description.rows_seen))
        throw_value_error("its counts add up to " + std::to_string(description.rows_seen) +
                          ", but it says " + file::shown(seen, check) + " rows were seen");
    description.parameters = file::read_parameters(fields, model.grid, check);
}

// All of a file, read in blocks. What it says of its size is only a hint: it may be no regular
// file, or change meanwhile.
Buffer<std::byte> content_of(const std::filesystem::path& path, const Context& context) {
    constexpr std::uint64_t block = 4 << 20, least = 64 << 10;
    InterruptCheck check(context);
    const auto fail = [&] {
        throw std::system_error(errno, std::generic_category(), "'" + path.string() + "'");
    };
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    const std::unique_ptr<std::FILE, Close> file(std::fopen(path.string().c_str(), "rb"));
    if (!file) fail();
    std::error_code unknown;
    const std::uint64_t hint = std::filesystem::file_size(path, unknown);
    Buffer<std::byte> content(unknown ? least : std::max(least, hint + 1));  // one more: its end
    std::uint64_t size = 0;
    while (true) {
        if (size == content.size()) {
            Buffer<std::byte> larger(2 * size);
            std::memcpy(larger.data(), content.data(), size);
            content = std::move(larger);
        }
        const std::uint64_t wanted = std::min(block, content.size() - size);
        const std::size_t got = std::fread(content.data() + size, 1, wanted, file.get());
        size += got;
        if (std::ferror(file.get()) != 0) fail();
        if (got < wanted) break;
        check();
    }
    content.truncate(size);
    return content;
}

}  // namespace

AnyModel parse_model(std::span<const std::byte> content, const Context& context) {
    const StrictFloats strict;  // numbers are read from text, too
    InterruptCheck check(context);
    file::Header header = file::read_header(content, check);
    Description description;
    description.metadata = std::move(header.metadata);
    const std::string text = description.metadata;  // what the fields are parts of
    const file::Fields fields = file::read_fields(text, check);
    file::check_checksum(header, file::checksum_in(fields, check), check);

    const Tensors tensors = file::read_tensors(header, check);
    const bool labelled = file::says_labelled(fields, check);
    const auto names =
        std::span(tensor_names).first(std::size(tensor_names) - (labelled ? 0 : of_labels));
    check_names(tensors, names);
    check_shapes(tensors, names);
    if (labelled) description.labels = file::read_labels(fields, check);
    const std::size_t d = tensors.at("origin").size();
    description.feature_names = file::read_feature_names(fields, d, check);
    const file::Rows rows = file::read_rows(fields, check);
    description.rows_ignored = rows.ignored;

    const auto model = [&]<class T>(T) -> AnyModel {
        Model<T> found = model_of<T>(tensors, std::move(description), context);
        complete(found, fields, rows.seen, check);
        return found;
    };
    return tensors.at("origin").dtype == "float32" ? model(float{}) : model(double{});
}

AnyModel read_model(const std::filesystem::path& path, const Context& context) {
    const Buffer<std::byte> content = content_of(path, context);
    try {
        return parse_model(span(content), context);
    } catch (const std::invalid_argument& error) {
        throw_value_error("'" + path.string() +
                          "' is not a model file of zbins, or is damaged: " + error.what());
    }
}

}  // namespace zbins::inline v1
