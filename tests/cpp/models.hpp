// Models counted the slow way, and what must hold of any model.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "check.hpp"
#include "inputs.hpp"
#include "reference.hpp"
#include "zbins/count.hpp"
#include "zbins/grid.hpp"
#include "zbins/hash.hpp"
#include "zbins/pmf.hpp"

namespace models {

using Code = std::vector<std::int32_t>;
using Labels = std::vector<zbins::Label>;

// Law 2 with std::map: rows inside the grid by code, and by code and label.
struct Counted {
    std::map<Code, zbins::Count> bins;
    std::map<std::pair<Code, zbins::Label>, zbins::Count> pairs;
    std::int64_t skipped = 0;
};

// The codes of every row by law 1, not clipped; one dimension after the other.
template <class T>
std::vector<std::int64_t> reference_codes(const zbins::Grid<T>& grid, const inputs::Matrix<T>& x) {
    std::vector<std::int64_t> codes(x.values.size());
    for (std::int64_t j = 0; j < x.cols; ++j) {
        const auto c = static_cast<std::size_t>(j);
        const T origin = grid.origin()[c], top = grid.top()[c];
        const T scale = reference::scale(origin, top, grid.k()[c]);
        for (std::int64_t i = 0; i < x.rows; ++i) {
            codes[static_cast<std::size_t>(i * x.cols + j)] =
                reference::raw_bin(x.at(i, j), origin, top, scale, grid.k()[c]) - grid.first()[c];
        }
    }
    return codes;
}

template <class T>
Counted reference_count(const zbins::Grid<T>& grid, const inputs::Matrix<T>& x,
                        const Labels* labels = nullptr) {
    Counted counted;
    const std::vector<std::int64_t> codes = reference_codes(grid, x);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        const auto row = codes.begin() + i * x.cols;
        bool inside = true;
        for (std::int64_t j = 0; j < x.cols; ++j)
            inside &= row[j] >= 0 && row[j] < grid.bins()[static_cast<std::size_t>(j)];
        if (!inside) {
            ++counted.skipped;
            continue;
        }
        const Code code(row, row + x.cols);
        ++counted.bins[code];
        if (labels) ++counted.pairs[{code, (*labels)[static_cast<std::size_t>(i)]}];
    }
    return counted;
}

inline Code code_of(const zbins::Pmf& pmf, std::uint64_t bin) {
    Code code(static_cast<std::size_t>(pmf.layout().d));
    for (std::int64_t j = 0; j < pmf.layout().d; ++j)
        code[static_cast<std::size_t>(j)] = pmf.layout().code(pmf.key(bin), j);
    return code;
}

inline std::vector<zbins::Word> packed(const zbins::Layout& layout, const Code& code) {
    std::vector<zbins::Word> key(static_cast<std::size_t>(layout.words), 0);
    for (std::int64_t j = 0; j < layout.d; ++j)
        layout.set(key.data(), j, code[static_cast<std::size_t>(j)]);
    return key;
}

// Law 3: bins strictly ascending by hash, then key.
inline void check_canonical(const zbins::Pmf& pmf) {
    const int words = pmf.layout().words;
    for (std::uint64_t bin = 1; bin < pmf.size(); ++bin) {
        const zbins::Word *a = pmf.key(bin - 1), *b = pmf.key(bin);
        const std::uint64_t a_hash = zbins::fixed_hash(a, words);
        const std::uint64_t b_hash = zbins::fixed_hash(b, words);
        CHECK(a_hash < b_hash ||
              (a_hash == b_hash && std::lexicographical_compare(a, a + words, b, b + words)));
    }
}

// Laws 2 and 3: the model holds exactly what was counted, in canonical order.
inline void check_model(const zbins::Pmf& pmf, const Counted& counted) {
    check_canonical(pmf);
    CHECK_EQ(pmf.size(), counted.bins.size());
    zbins::Count rows = 0;
    for (const auto& [code, count] : counted.bins) rows += count;
    CHECK_EQ(pmf.total(), rows);
    for (std::uint64_t bin = 0; bin < pmf.size(); ++bin) {
        const auto found = counted.bins.find(code_of(pmf, bin));
        CHECK(found != counted.bins.end());
        if (found != counted.bins.end()) CHECK_EQ(pmf.count(bin), found->second);
    }
    if (!pmf.labelled()) return;
    const zbins::LabelCounts& l = pmf.labels();
    CHECK_EQ(l.label.size(), counted.pairs.size());
    for (std::uint64_t bin = 0; bin < pmf.size(); ++bin) {
        const Code code = code_of(pmf, bin);
        CHECK(l.start[bin] < l.start[bin + 1]);
        for (std::uint64_t e = l.start[bin]; e < l.start[bin + 1]; ++e) {
            if (e > l.start[bin]) CHECK(l.label[e - 1] < l.label[e]);
            const auto found = counted.pairs.find({code, l.label[e]});
            CHECK(found != counted.pairs.end());
            if (found != counted.pairs.end()) CHECK_EQ(l.count[e], found->second);
        }
    }
}

template <class Values>
bool same_values(const Values& a, const Values& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// Bit for bit, labels included.
inline bool same_model(const zbins::Pmf& a, const zbins::Pmf& b) {
    const auto words = static_cast<std::uint64_t>(a.layout().words);
    if (!(a.layout() == b.layout()) || a.size() != b.size() || a.labelled() != b.labelled() ||
        !std::equal(a.key(0), a.key(0) + a.size() * words, b.key(0)) ||
        !std::equal(a.categorical().cumulative_data(),
                    a.categorical().cumulative_data() + a.size() + 1,
                    b.categorical().cumulative_data()))
        return false;
    if (!a.labelled()) return true;
    const zbins::LabelCounts &x = a.labels(), &y = b.labels();
    return x.classes == y.classes && same_values(x.start, y.start) &&
           same_values(x.label, y.label) && same_values(x.count, y.count);
}

// Exactly so many, also where the work is too little to pay for them.
inline zbins::Context on_threads(int threads) {
    zbins::Context context;
    context.threads = threads;
    context.forced = true;
    return context;
}

inline Labels no_renaming(zbins::Label classes) {
    Labels rank;
    for (zbins::Label l = 0; l < classes; ++l) rank.push_back(l);
    return rank;
}

// The model of a matrix, counted in one call. `labels` has values in [0, classes).
template <class T>
zbins::Pmf count(const zbins::Grid<T>& grid, const zbins::MatrixView<T>& x, int threads = 1,
                 const Labels* labels = nullptr, zbins::Label classes = 0) {
    zbins::Counter<T> counter(grid, threads, labels != nullptr);
    counter.add(x, false, labels ? labels->data() : nullptr, on_threads(threads));
    return counter.finish(no_renaming(classes), on_threads(threads));
}

template <class T>
zbins::Buffer<T> buffer(const std::vector<T>& values) {
    zbins::Buffer<T> copy(values.size());
    std::copy(values.begin(), values.end(), copy.begin());
    return copy;
}

// A model in any layout from keys and counts in any order.
using KeyCounts = std::vector<std::pair<std::vector<zbins::Word>, zbins::Count>>;

inline void sort_canonically(KeyCounts& entries) {
    const auto hash = [](const std::vector<zbins::Word>& key) {
        return zbins::fixed_hash(key.data(), static_cast<int>(key.size()));
    };
    std::sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) {
        return std::pair(hash(a.first), a.first) < std::pair(hash(b.first), b.first);
    });
}

inline zbins::Pmf make(const zbins::Layout& layout, KeyCounts entries) {
    sort_canonically(entries);
    std::vector<zbins::Word> keys;
    std::vector<zbins::Count> counts;
    for (const auto& [key, n] : entries) {
        keys.insert(keys.end(), key.begin(), key.end());
        counts.push_back(n);
    }
    return zbins::Pmf::checked(layout, buffer(keys), buffer(counts), std::nullopt);
}

}  // namespace models
