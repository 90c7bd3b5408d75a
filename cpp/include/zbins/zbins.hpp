// All of the core: from latents to a grid, counts, and draws.
//
//     const auto bounds = zbins::find_bounds(x, context);
//     const auto grid = zbins::Grid<float>::from_bounds(bounds.lower, bounds.upper, bins);
//     zbins::Counter<float> counter(grid, context.threads, false);
//     counter.add(x, true, nullptr, context);
//     const zbins::Pmf pmf = counter.finish({}, context);
//     zbins::draw(grid, pmf, {.seed = 42, .n = 5}, samples.data(), d, nullptr, context);
//
// or from a .zbins file:
//
//     std::visit([&](const auto& model) { use(model.grid, model.pmf); },
//                zbins::read_model("model.zbins"));
//
// What is refused is a std::invalid_argument that says why; a call out of order a std::logic_error;
// zbins::Interrupted what the caller's own check stopped; std::bad_alloc memory that ran out.
#pragma once

#include "zbins/bounds.hpp"
#include "zbins/categorical.hpp"
#include "zbins/count.hpp"
#include "zbins/draw.hpp"
#include "zbins/grid.hpp"
#include "zbins/model_file.hpp"
#include "zbins/pmf.hpp"
#include "zbins/quantize.hpp"
#include "zbins/show.hpp"
