// Compiled once per instruction set, with ZBINS_LEVEL naming the object it defines. It includes
// nothing that could leave an out-of-line copy behind: see ZBINS_INLINE.
#include "bounds_kernel.hpp"
#include "copy_kernel.hpp"
#include "draw_kernel.hpp"
#include "kernels.hpp"
#include "quantize_kernel.hpp"

#define ZBINS_TEXT_(x) #x
#define ZBINS_TEXT(x) ZBINS_TEXT_(x)

namespace zbins::inline v1::kernels {

namespace runs_here {
bool ZBINS_LEVEL();  // in dispatch.cpp, which is compiled for every machine
}

extern const Level ZBINS_LEVEL;
const Level ZBINS_LEVEL = {
    ZBINS_TEXT(ZBINS_LEVEL),
    runs_here::ZBINS_LEVEL,
    {bounds<float>, quantize<float>, codes<float>, draw<float>},
    {bounds<double>, quantize<double>, codes<double>, draw<double>},
    rank_words,
    copy_past_cache,
};

}  // namespace zbins::inline v1::kernels
