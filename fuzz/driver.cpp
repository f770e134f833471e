// A small fuzzer for compilers that have none: runs a target on inputs that it makes from others, and
// keeps those that reach new branches. It takes these options of libFuzzer's command line:
//
//   target -max_total_time=SECONDS -artifact_prefix=FOLDER/ CORPUS_FOLDER...    fuzz
//   target FILE...                                                             run these inputs only
//
// The target is compiled with -fsanitize-coverage=trace-pc, this file is not. An input that crashes it
// is saved as FOLDER/crash-NUMBER.
#include <sanitizer/common_interface_defs.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t*, std::size_t);
extern "C" const char* __asan_default_options() { return "handle_abort=1:detect_leaks=0"; }

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t kLongest = 4096;      // bytes of an input
constexpr std::size_t kBranches = 1 << 16;

std::uint8_t taken[kBranches];     // by the run: how often each branch was, up to 255
std::uint8_t seen[kBranches];      // by all runs: a bit for each order of magnitude of that
thread_local std::uintptr_t last_pc;

Input running;                     // to be saved if it crashes
std::string prefix;

void save_running() {
  std::size_t hash = 14695981039346656037ull;
  for (const std::uint8_t byte : running) hash = (hash ^ byte) * 1099511628211ull;
  const std::string path = prefix + "crash-" + std::to_string(hash);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(running.data()), static_cast<std::streamsize>(running.size()));
  std::fprintf(stderr, "the input that crashed: %s\n", path.c_str());
}

Input read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Input(std::istreambuf_iterator<char>(file), {});
}

// Runs an input; true if it went where none before it went.
bool run(const Input& input) {
  std::fill(std::begin(taken), std::end(taken), 0);
  last_pc = 0;
  running = input;
  LLVMFuzzerTestOneInput(running.data(), running.size());
  bool is_new = false;
  for (std::size_t i = 0; i < kBranches; ++i) {
    if (!taken[i]) continue;
    const auto magnitude = static_cast<std::uint8_t>(1u << (std::bit_width(taken[i]) - 1));
    is_new |= !(seen[i] & magnitude);
    seen[i] |= magnitude;
  }
  return is_new;
}

class Mutator {
 public:
  Input mutant(const std::vector<Input>& corpus) {
    Input input = corpus[below(corpus.size())];
    for (std::size_t times = 1 + below(6); times; --times) change(input, corpus[below(corpus.size())]);
    if (input.size() > kLongest) input.resize(kLongest);
    return input;
  }

 private:
  std::size_t below(std::size_t n) { return n ? random_() % n : 0; }

  void change(Input& input, const Input& other) {
    const std::size_t at = below(input.size() + 1), size = 1 + below(below(2) ? 4 : 64);
    const auto here = input.begin() + static_cast<std::ptrdiff_t>(at);
    const auto there = input.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, input.size()));
    switch (below(6)) {
      case 0:
        if (here != input.end()) *here = static_cast<std::uint8_t>(below(256));
        break;
      case 1:
        if (here != input.end()) *here ^= static_cast<std::uint8_t>(1u << below(8));
        break;
      case 2:
        input.erase(here, there);
        break;
      case 3: {
        static const std::string fragments[] = {" ", "\n", "\t", "\r\n", "0", "9", "-", "+", ".", "e", "1e38",
                                              "e-45", "nan", "inf", "2 3\n", "999999999999999999", "\xff"};
        const std::string& some = fragments[below(std::size(fragments))];
        input.insert(here, some.begin(), some.end());
        break;
      }
      case 4: {   // a piece of another one, put in
        const std::size_t from = below(other.size()), n = std::min(size, other.size() - from);
        input.insert(here, other.begin() + static_cast<std::ptrdiff_t>(from),
                     other.begin() + static_cast<std::ptrdiff_t>(from + n));
        break;
      }
      default: {  // a piece of its own, again
        const Input again(here, there);
        input.insert(there, again.begin(), again.end());
      }
    }
  }

  std::mt19937_64 random_{20};
};

void fuzz(std::vector<Input> seeds, int seconds) {
  std::vector<Input> corpus;
  seeds.push_back({0});
  for (const Input& seed : seeds) {
    run(seed);
    corpus.push_back(seed);
  }
  Mutator mutator;
  const auto begin = std::chrono::steady_clock::now();
  double passed = 0, reported = 0;
  for (std::int64_t runs = 1;; ++runs) {
    const Input input = mutator.mutant(corpus);
    if (run(input)) corpus.push_back(input);
    passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (passed >= seconds || passed > reported + 10) {
      const auto branches = std::count_if(std::begin(seen), std::end(seen), [](auto x) { return x; });
      std::printf("%.0f s: %lld runs, %.0f a second; %td branches; %zu inputs kept\n", passed,
                  static_cast<long long>(runs), static_cast<double>(runs) / passed, branches, corpus.size());
      std::fflush(stdout);
      reported = passed;
    }
    if (passed >= seconds) return;
  }
}

}  // namespace

// Called by the target at each of its branches.
extern "C" void __sanitizer_cov_trace_pc() {
  const auto pc = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
  std::uint8_t& count = taken[(last_pc * 3 ^ pc) % kBranches];
  count += count < 255;
  last_pc = pc;
}

int main(int argc, char** argv) {
  __sanitizer_set_death_callback(save_running);
  int seconds = 60;
  std::vector<Input> seeds;
  bool files_only = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("-max_total_time=")) {
      seconds = std::stoi(argument.substr(16));
    } else if (argument.starts_with("-artifact_prefix=")) {
      prefix = argument.substr(17);
    } else if (std::filesystem::is_directory(argument)) {
      for (const auto& entry : std::filesystem::directory_iterator(argument))
        seeds.push_back(read_file(entry.path()));
    } else if (std::filesystem::exists(argument)) {
      files_only = true;
      run(read_file(argument));
    } else {
      std::fprintf(stderr, "%s: no such file or folder: %s\n", argv[0], argv[i]);
      return 2;
    }
  }
  if (!files_only) fuzz(std::move(seeds), seconds);
  return 0;
}
