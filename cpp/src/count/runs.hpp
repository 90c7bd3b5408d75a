// What has been counted so far, as one ordered run of records per range of hashes. Records that
// waited are put in order and merged in, a range at a time; in the end the runs are the model.
#pragma once

#include <span>
#include <vector>

#include "count/order.hpp"
#include "count/pending.hpp"
#include "count/run.hpp"
#include "zbins/parallel.hpp"
#include "zbins/pmf.hpp"

namespace zbins::inline v1 {

// Into how many ranges (as a power of two) to part so many bytes of records.
int range_bits_for(std::uint64_t bytes, int threads);

class Runs {
public:
    // With labels a record's key ends with the label.
    Runs(const Layout& layout, bool labelled, int range_bits);

    // Takes all that waits.
    void take(std::span<Pending> waiting, const Context& context, int threads);

    // Splits every range in two, as often as it takes.
    void split(int range_bits, const Context& context = {});

    // The finished model, with what still waits. Nothing is left here.
    Pmf finish(std::vector<Pending> waiting, std::span<const Label> label_rank,
               const Context& context, int threads);

    std::uint64_t size() const { return size_; }  // records
    int range_bits() const { return range_bits_; }
    const RecordShape& shape() const { return shape_; }

private:
    struct Scratch {
        explicit Scratch(RecordShape shape) : orderer(shape) {}
        Orderer orderer;
        std::vector<Piece> pieces;
        MergeScratch merge;
    };
    class Output;

    template <class Take>
    void sum_up(std::span<const Pending> waiting, std::size_t range, Scratch& scratch,
                Take&& take_record) const;
    Records ordered(std::span<const Pending> waiting, std::size_t range, Scratch& scratch) const;
    std::vector<Scratch> scratch_for(int threads) const;
    std::size_t ranges() const { return std::size_t{1} << range_bits_; }

    Layout layout_;
    bool labelled_;
    RecordShape shape_;
    int range_bits_;
    std::vector<Run> runs_;
    std::uint64_t size_ = 0;
};

}  // namespace zbins::inline v1
