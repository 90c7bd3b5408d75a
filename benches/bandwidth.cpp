// What the machine's memory can do: reads, and writes into memory that is there or fresh.
//
//     bandwidth BYTES REPEATS THREADS
//
// Prints one line per measurement: kind, threads, seconds. Every kind passes over BYTES once.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include <sys/mman.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace {

using Word = std::uint64_t;

// Sums of a part, in enough accumulators for several loads to be under way at once.
Word sum(const Word* part, std::size_t words) {
    Word lanes[32] = {};
    std::size_t i = 0;
    for (; i + 32 <= words; i += 32)
        for (std::size_t lane = 0; lane < 32; ++lane) lanes[lane] += part[i + lane];
    for (; i < words; ++i) lanes[0] += part[i];
    Word total = 0;
    for (const Word lane : lanes) total += lane;
    return total;
}

// Ordinary stores: the line is read into the cache first.
void store(Word* part, std::size_t words, Word value) {
    for (std::size_t i = 0; i < words; ++i) part[i] = value + i;
}

// Stores past the cache, where the machine has them.
void stream(Word* part, std::size_t words, Word value) {
#if defined(__SSE2__)
    __m128i pair = _mm_set1_epi64x(static_cast<long long>(value));
    for (std::size_t i = 0; i + 2 <= words; i += 2)
        _mm_stream_si128(reinterpret_cast<__m128i*>(part + i), pair);
    _mm_sfence();
#else
    store(part, words, value);
#endif
}

// Runs `job(first word, words)` on each thread's part and returns the seconds it took.
template <class Job>
double timed(std::size_t words, unsigned threads, Job job) {
    const auto begin = std::chrono::steady_clock::now();
    const std::size_t part = (words / threads) & ~std::size_t{511};  // whole pages
    std::vector<std::thread> others;
    for (unsigned t = 1; t < threads; ++t) {
        const std::size_t first = part * t;
        others.emplace_back([=] { job(first, t + 1 == threads ? words - first : part); });
    }
    job(0, threads == 1 ? words : part);
    for (auto& other : others) other.join();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Memory that no one has touched; `huge` asks for pages of 2 MiB.
Word* fresh(std::size_t bytes, bool huge) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    madvise(memory, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    return static_cast<Word*>(memory);
}

void print(const std::string& kind, unsigned threads, double seconds) {
    std::printf("%s %u %.9f\n", kind.c_str(), threads, seconds);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: %s BYTES REPEATS THREADS\n", argv[0]);
        return 2;
    }
    const std::size_t bytes = std::strtoull(argv[1], nullptr, 10) & ~std::size_t{4095};
    const int repeats = std::atoi(argv[2]);
    const unsigned all = std::max(1, std::atoi(argv[3]));
    const std::size_t words = bytes / sizeof(Word);

    Word* warm = fresh(bytes, true);
    store(warm, words, 1);
    std::vector<unsigned> counts{1};
    if (all > 1) counts.push_back(all);
    for (const unsigned threads : counts) {
        for (int run = 0; run < repeats; ++run) {
            std::vector<Word> sums(threads * 16);  // a cache line or two apart
            print("read", threads, timed(words, threads, [&](std::size_t first, std::size_t n) {
                      sums[first * threads / words * 16] += sum(warm + first, n);
                  }));
            Word total = 0;
            for (const Word one : sums) total += one;
            if (total == 42) std::printf("#\n");  // keeps the sum alive
            print("warm", threads, timed(words, threads, [&](std::size_t first, std::size_t n) {
                      store(warm + first, n, Word(run));
                  }));
            print("warm-stream", threads,
                  timed(words, threads, [&](std::size_t first, std::size_t n) {
                      stream(warm + first, n, Word(run));
                  }));
            for (const char* name : {"fresh", "fresh-stream", "fresh-small-pages"}) {
                const std::string kind = name;
                Word* memory = fresh(bytes, kind != "fresh-small-pages");
                print(kind, threads, timed(words, threads, [&](std::size_t first, std::size_t n) {
                          (kind == "fresh-stream" ? stream : store)(memory + first, n, Word(run));
                      }));
                munmap(memory, bytes);
            }
        }
    }
    munmap(warm, bytes);
    return 0;
}
