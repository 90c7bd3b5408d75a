#include "zbins/count.hpp"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "count/absorb.hpp"
#include "count/runs.hpp"
#include "kernels/dispatch.hpp"
#include "rows.hpp"
#include "zbins/error.hpp"
#include "zbins/hash.hpp"
#include "zbins/strict_floats.hpp"

namespace zbins::inline v1 {

namespace {

constexpr std::uint64_t tables_bytes = 16 << 20;  // of all threads together
// What may wait before it is put in order: this, or a quarter of what is in order already; three
// quarters where nearly all that waited last was new, so that the model will grow as much.
constexpr std::uint64_t waiting_bytes = 32 << 20;

// Refuses labels below zero, naming the first.
Label largest_label(const Label* labels, std::int64_t n, const Context& context) {
    constexpr std::int64_t block = 1 << 16;
    InterruptCheck check(context);
    Label largest = -1;
    for (std::int64_t begin = 0; begin < n; begin += block) {
        const Label* end = labels + std::min(n, begin + block);
        const auto [least, most] = std::minmax_element(labels + begin, end);
        if (*least < 0) {
            const Label* bad =
                std::find_if(labels + begin, end, [](Label label) { return label < 0; });
            throw_value_error("the label of row " + std::to_string(bad - labels) + " is " +
                              std::to_string(*bad) + "; labels count from 0");
        }
        largest = std::max(largest, *most);
        check();
    }
    return largest;
}

// The labels from 0 to the largest there was, each with a place of its own.
void check_rank(std::span<const Label> rank, Label largest) {
    if (static_cast<std::int64_t>(rank.size()) <= largest)
        throw_value_error("there are rows with label " + std::to_string(largest) + ", but " +
                          std::to_string(rank.size()) + " places among the classes");
    std::vector<bool> taken(rank.size(), false);
    for (const Label place : rank) {
        const auto p = static_cast<std::size_t>(place);
        if (place < 0 || p >= rank.size() || taken[p])
            throw_value_error("the places of the labels are no permutation: " +
                              std::to_string(place) + " is outside, or occurs twice");
        taken[p] = true;
    }
}

}  // namespace

// One thread's share of the work: keys and hashes of a block of rows, then into the table or among
// those that wait.
template <class T>
struct Counter<T>::Worker {
    explicit Worker(const State& state);

    // Counts rows [first, first + n), by way of what waits; returns how many were outside.
    std::int64_t add(RowReader<T>& reader, std::int64_t first, std::int64_t n, bool inside,
                     const Label* labels, Pending& pending);

    const State* state;
    Absorber absorber;
    Buffer<Word> keys;
    Buffer<std::uint64_t> hashes;
    Buffer<std::uint8_t> outside;
    std::vector<Word> joined;  // a key and its label
};

template <class T>
struct Counter<T>::State {
    State(const Grid<T>& a_grid, int a_threads, bool is_labelled)
        : grid(a_grid),
          layout(grid.d(), grid.max_bins_of_a_dimension()),
          labelled(is_labelled),
          threads(std::max(1, a_threads)),
          block(rows_per_block<T>(grid.d())),
          runs(layout, labelled, 0) {}

    void arrange(std::uint64_t rows, int working, const Context& context);
    Pending new_pending(int range_bits, std::uint64_t expected) const;
    void split(int range_bits, const Context& context);
    std::uint64_t waiting() const;
    std::uint64_t most_waiting() const {
        return std::max(waiting_bytes / (record_bytes() + sizeof(Word)),
                        mostly_new ? runs.size() : runs.size() / 4);
    }
    std::uint64_t record_bytes() const { return runs.shape().stride() * sizeof(Word); }
    void settle(const Context& context, int working);

    Label largest_label = -1;

    enum class Stage { open, failed, finished };
    Stage stage = Stage::open;
    // For as long as something is under way that may throw: what is half done is not gone on with.
    struct Attempt {
        explicit Attempt(State& s) : state(s) {
            if (state.stage == Stage::finished)
                throw std::logic_error("the counter has finished; count into a new one");
            if (state.stage == Stage::failed)
                throw std::logic_error("an earlier call failed; count into a new counter");
            state.stage = Stage::failed;
        }
        State& state;
    };

    Grid<T> grid;
    Layout layout;
    bool labelled;
    int threads;
    std::int64_t block;
    Runs runs;
    std::vector<Worker> workers;   // as many as were ever at work
    std::vector<Pending> pending;  // one per worker
    std::uint64_t rows_since_settled = 0;
    bool mostly_new = false;
};

template <class T>
Counter<T>::Worker::Worker(const State& a_state)
    : state(&a_state),
      absorber(a_state.runs.shape(), tables_bytes / static_cast<unsigned>(a_state.threads)),
      keys(static_cast<std::uint64_t>(a_state.block * a_state.layout.words)),
      hashes(static_cast<std::uint64_t>(a_state.block)),
      outside(static_cast<std::uint64_t>(a_state.block)),
      joined(static_cast<std::size_t>(a_state.layout.words) + 1) {}

template <class T>
std::int64_t Counter<T>::Worker::add(RowReader<T>& reader, std::int64_t first, std::int64_t n,
                                     bool inside, const Label* labels, Pending& pending) {
    const auto rows = reader.read(first, n);
    const auto words = static_cast<std::uint64_t>(state->layout.words);
    kernels::level().of<T>().quantize(rows.rows, rows.stride, n, state->grid.axes(),
                                      state->layout.bits, state->layout.words, inside, keys.data(),
                                      hashes.data(), outside.data());
    if (inside && labels == nullptr) {
        absorber.add(keys.data(), hashes.data(), static_cast<std::uint64_t>(n), pending);
        return 0;
    }
    std::int64_t skipped = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        const auto row = static_cast<std::uint64_t>(i);
        if (!inside && outside[row] != 0) {
            ++skipped;
            continue;
        }
        const Word* key = keys.data() + row * words;
        if (labels == nullptr) {
            absorber.add(key, hashes.data() + row, 1, pending);
        } else {
            copy_words(joined.data(), key, state->layout.words);
            joined[words] = static_cast<Word>(labels[first + i]);
            absorber.add(joined.data(), hashes.data() + row, 1, pending);
        }
    }
    return skipped;
}

template <class T>
Pending Counter<T>::State::new_pending(int range_bits, std::uint64_t expected) const {
    return {runs.shape().words, range_bits, expected, chunk_bytes_for(range_bits, threads)};
}

// Makes so many workers, for about this many rows; the first of them the ranges too.
template <class T>
void Counter<T>::State::arrange(std::uint64_t rows, int working, const Context& context) {
    if (workers.empty()) runs.split(range_bits_for(rows * record_bytes(), working), context);
    const std::uint64_t each = std::min(rows, most_waiting()) / static_cast<std::uint64_t>(working);
    while (workers.size() < static_cast<std::size_t>(working)) {
        workers.emplace_back(*this);
        pending.push_back(new_pending(runs.range_bits(), each));
    }
}

// More ranges, for what waits and for what is in order.
template <class T>
void Counter<T>::State::split(int range_bits, const Context& context) {
    InterruptCheck check(context);
    for (Pending& mine : pending) {
        Pending finer = new_pending(range_bits, mine.size());
        std::vector<Piece> pieces;
        for (std::size_t range = 0; range < mine.ranges(); ++range)
            mine.append_pieces(range, pieces);
        const auto words = static_cast<std::uint64_t>(runs.shape().words);
        for (const Piece& piece : pieces) {
            for (std::uint64_t i = 0; i < piece.size; ++i) {
                const Word* record = piece.records + i * (words + 1);
                finer.add(record, piece.hashes[i], record[words]);
            }
            check();
        }
        mine = std::move(finer);
    }
    runs.split(range_bits, context);
}

template <class T>
std::uint64_t Counter<T>::State::waiting() const {
    std::uint64_t records = 0;
    for (const Pending& mine : pending) records += mine.size();
    return records;
}

// Puts what waits in order, and tells the tables how many keys there are.
template <class T>
void Counter<T>::State::settle(const Context& context, int working) {
    const int wanted = range_bits_for((waiting() + runs.size()) * record_bytes(), threads);
    if (wanted > runs.range_bits()) split(wanted, context);
    const std::uint64_t before = runs.size(), waited = waiting();
    runs.take(pending, context, working);
    mostly_new = 10 * (runs.size() - before) > 9 * waited;
    for (std::size_t w = 0; w < workers.size(); ++w)
        workers[w].absorber.learn(runs.size(), rows_since_settled, pending[w]);
    rows_since_settled = 0;
}

template <class T>
Counter<T>::Counter(const Grid<T>& grid, int threads, bool labelled) {
    if (grid.d() == 0) throw_value_error("the grid has no columns: it was moved from");
    state_ = std::make_unique<State>(grid, threads, labelled);
}
template <class T>
Counter<T>::Counter(Counter&&) noexcept = default;
template <class T>
Counter<T>::~Counter() = default;

template <class T>
typename Counter<T>::State& Counter<T>::state() const {
    if (!state_) throw std::logic_error("the counter was moved from");
    return *state_;
}

template <class T>
const Layout& Counter<T>::layout() const {
    return state().layout;
}

template <class T>
std::int64_t Counter<T>::add(const MatrixView<T>& x, bool inside, const Label* labels,
                             const Context& context) {
    State& s = state();
    check_view(x, s.grid.d());
    if (s.labelled != (labels != nullptr))
        throw_value_error(s.labelled ? "the counter counts labels, and these rows have none"
                                     : "the counter counts no labels, and these rows have some");
    if (labels != nullptr)
        s.largest_label = std::max(s.largest_label, largest_label(labels, x.rows, context));
    const typename State::Attempt attempt(s);
    const StrictFloats strict;
    const double row_bytes = static_cast<double>(x.cols) * sizeof(T);
    const int working =
        std::min(s.threads, threads_for(context, static_cast<double>(x.rows) * row_bytes));
    s.arrange(static_cast<std::uint64_t>(x.rows), working, context);
    std::vector<RowReader<T>> readers(static_cast<std::size_t>(working), RowReader<T>(x));
    std::vector<std::int64_t> skipped(static_cast<std::size_t>(working), 0);

    InterruptCheck check(context);  // each part may be over before `parallel_for` asks
    for (std::int64_t begin = 0; begin < x.rows; check()) {
        if (2 * s.waiting() > s.most_waiting()) s.settle(context, working);
        // As many rows as there is room for, should all of them have to wait. Those that come back
        // to a table do not, so often little waits afterwards and no sort is due.
        const auto room =
            static_cast<std::int64_t>(s.most_waiting()) - static_cast<std::int64_t>(s.waiting());
        const std::int64_t rows = std::min(x.rows - begin, std::max(room, working * s.block));
        const std::int64_t per_task = task_rows(rows_per_task<T>(x.cols), rows, working);
        parallel_for(
            context, working, (rows + per_task - 1) / per_task, [&](std::int64_t task, int worker) {
                const auto w = static_cast<std::size_t>(worker);
                const std::int64_t from = begin + task * per_task;
                const std::int64_t end = std::min(begin + rows, from + per_task);
                for (std::int64_t i = from; i < end; i += s.block) {
                    skipped[w] += s.workers[w].add(readers[w], i, std::min(s.block, end - i),
                                                   inside, labels, s.pending[w]);
                }
            });
        begin += rows;
        s.rows_since_settled += static_cast<std::uint64_t>(rows);
    }
    s.stage = State::Stage::open;
    return std::accumulate(skipped.begin(), skipped.end(), std::int64_t{0});
}

template <class T>
Pmf Counter<T>::finish(std::span<const Label> label_rank, const Context& context) {
    State& s = state();
    if (s.labelled) check_rank(label_rank, s.largest_label);
    const typename State::Attempt attempt(s);
    for (std::size_t w = 0; w < s.workers.size(); ++w) s.workers[w].absorber.give_up(s.pending[w]);
    const std::uint64_t records = s.waiting() + s.runs.size();
    const int working =
        std::min(s.threads, threads_for(context, 64.0 * static_cast<double>(records)));
    s.workers.clear();
    // A stream that began with few rows has few ranges, and what follows is done range by range.
    const int wanted = range_bits_for(records * s.record_bytes(), working);
    if (wanted > s.runs.range_bits() + 2) s.split(wanted, context);
    Pmf pmf = s.runs.finish(std::move(s.pending), label_rank, context, working)
                  .framed(std::make_shared<const Frame>(s.grid));
    s.stage = State::Stage::finished;
    return pmf;
}

template <class T>
Outside find_outside(const Grid<T>& grid, const MatrixView<T>& x, const Context& context) {
    check_view(x, grid.d());
    const StrictFloats strict;
    const int threads =
        threads_for(context, static_cast<double>(x.rows) * static_cast<double>(x.cols) * sizeof(T));
    const std::int64_t per_task = task_rows(rows_per_task<T>(x.cols), x.rows, threads);
    const Axes<T> a = grid.axes();
    std::mutex found_mutex;
    Outside found;
    parallel_for(context, threads, (x.rows + per_task - 1) / per_task, [&](std::int64_t task, int) {
        RowReader<T> reader(x);
        const std::int64_t end = std::min(x.rows, (task + 1) * per_task);
        for (std::int64_t i = task * per_task; i < end; ++i) {
            const T* z = reader.read(i, 1).rows;
            for (std::int64_t j = 0; j < a.d; ++j) {
                const std::int32_t code =
                    raw_bin(z[j], a.origin[j], a.top[j], a.scale[j], a.k[j]) - a.first[j];
                if (code >= 0 && code < a.bins[j]) continue;
                const std::lock_guard<std::mutex> lock(found_mutex);
                if (found.row < 0 || i < found.row) found = {i, j};
                return;
            }
        }
    });
    return found;
}

template Outside find_outside(const Grid<float>&, const MatrixView<float>&, const Context&);
template Outside find_outside(const Grid<double>&, const MatrixView<double>&, const Context&);
template class Counter<float>;
template class Counter<double>;

}  // namespace zbins::inline v1
