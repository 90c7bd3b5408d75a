// Reads a model file and draws from it: what Python has fitted, in a program without Python.
#include <zbins/draw.hpp>
#include <zbins/model_file.hpp>

#include <cstdio>
#include <exception>
#include <vector>

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    try {
        const zbins::AnyModel any = zbins::read_model(argv[1]);
        return std::visit(
            []<class T>(const zbins::Model<T>& model) {
                const std::int64_t d = model.grid.d();
                std::vector<T> sample(static_cast<std::size_t>(d));
                zbins::DrawRange range;
                range.seed = 42;
                range.n = 1;
                zbins::draw(model.grid, model.pmf, range, sample.data(), d, nullptr, {});
                std::printf("%llu rows, a sample starts with %g\n",
                            static_cast<unsigned long long>(model.description.rows_seen),
                            static_cast<double>(sample[0]));
                return model.description.rows_seen == 7 ? 0 : 1;
            },
            any);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
