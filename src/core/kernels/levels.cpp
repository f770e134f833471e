// Which instruction sets this processor has, and the kernels compiled for each.
#include "kernels/kernels.hpp"

namespace wordkin {

#define WORDKIN_DECLARE(level)                                                              \
  namespace level {                                                                         \
  StepResult step(std::int64_t, int, const Span&, float, Scratch&);                            \
  void merge(float*, const float*, int, std::int64_t, float);                               \
  template <typename T>                                                                     \
  void residual(const Tile<T>&, T*, double*, double*);                                      \
  template <typename T>                                                                     \
  int search(const Tile<T>&, const T*, const double*, const double*, T*, double*, double*); \
  template <typename T>                                                                     \
  void place(const SampledPairs<T>&, const Id*, const T*, T*, std::int64_t*);               \
  template <typename T>                                                                     \
  void multiply(const SampledPairs<T>&, const T*, const T*, std::int64_t, const T*, T*);    \
  template <typename T>                                                                     \
  void add(const SampledPairs<T>&, const T*, const T*, std::int64_t, T*);                   \
  }
#define WORDKIN_KERNELS(name, level)                                                        \
  Level{name,                                                                               \
        level::step,                                                                        \
        level::merge,                                                                       \
        {level::residual<float>, level::search<float>},                                     \
        {level::residual<double>, level::search<double>},                                   \
        {level::place<float>, level::multiply<float>, level::add<float>},                   \
        {level::place<double>, level::multiply<double>, level::add<double>}}

WORDKIN_DECLARE(plain)
#ifdef WORDKIN_X86
WORDKIN_DECLARE(v2)
WORDKIN_DECLARE(v3)
WORDKIN_DECLARE(v4)
#endif

std::vector<Level> levels() {
  std::vector<Level> found{WORDKIN_KERNELS("plain", plain)};
#ifdef WORDKIN_X86
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt")) return found;
  found.push_back(WORDKIN_KERNELS("x86-64-v2", v2));
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
      !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2"))
    return found;
  found.push_back(WORDKIN_KERNELS("x86-64-v3", v3));
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512vl"))
    return found;
  found.push_back(WORDKIN_KERNELS("x86-64-v4", v4));
#endif
  return found;
}

}  // namespace wordkin
