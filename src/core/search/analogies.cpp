// What answers analogies: bounds of scores in float32 first, then scores in float64.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/threads.hpp"
#include "search/search.hpp"

namespace wordkin {
namespace {

constexpr int kBlock = 128;        // candidates a block: all words' bounds for them stay in a cache
constexpr int kLanes = 8;
constexpr double kEpsilon = 1e-6;  // keeps the product from dividing by zero
constexpr float kRounding = 1 + 16 * std::numeric_limits<float>::epsilon();

// (1 + cosine) / 2, in [0, 1] whatever was rounded.
double shifted(double cosine) { return std::clamp((1 + cosine) / 2, 0.0, 1.0); }

double score(const AnalogyQuestions& asked, const Id* question, const SearchedRows& candidates,
             Row row) {
  const auto cosine = [&](int i) {
    return candidates.cosine(row, asked.directions + question[i] * std::int64_t{asked.d});
  };
  const double a = cosine(0), b = cosine(1), c = cosine(2);
  return asked.method == AnalogyMethod::sum ? b - a + c
                                            : shifted(b) * shifted(c) / (shifted(a) + kEpsilon);
}

// What a block's candidates can score at most: plus[b] + plus[c] + minus[a], or the product of the
// three, with rows of kBlock floats for each word.
class Bounds {
 public:
  Bounds(AnalogyMethod method, std::int64_t words)
      : method_(method), plus_(words * kBlock), minus_(words * kBlock) {}

  void prepare(const AnalogyTile& tile, std::int64_t words, std::int64_t begin, int size) {
    for (std::int64_t w = 0; w < words; ++w) {
      const float* cosine = tile.cosines + w * tile.candidates.rows + begin;
      float *plus = plus_.data() + w * kBlock, *minus = minus_.data() + w * kBlock;
      if (method_ == AnalogyMethod::sum) {
        // What rounding does to two sums of numbers up to 3 is in here, too.
        const float slack = 3 * tile.slack + 16 * std::numeric_limits<float>::epsilon();
        for (int i = 0; i < size; ++i) plus[i] = cosine[i];
        for (int i = 0; i < size; ++i) minus[i] = slack - cosine[i];
      } else {
        const float slack = tile.slack + std::numeric_limits<float>::epsilon();
        for (int i = 0; i < size; ++i) plus[i] = 0.5f + 0.5f * cosine[i] + slack;
        for (int i = 0; i < size; ++i) {
          const float least = 0.5f + 0.5f * cosine[i] - slack;
          minus[i] = kRounding / ((least > 0 ? least : 0.0f) + static_cast<float>(kEpsilon));
        }
      }
    }
  }

  // Whether one of a block's bounds may be above the floor; places beyond its end may say so, too.
  bool any_above(float floor, const Id* question) const {
    const float *a = minus_.data() + question[0] * std::int64_t{kBlock},
                *b = plus_.data() + question[1] * std::int64_t{kBlock},
                *c = plus_.data() + question[2] * std::int64_t{kBlock};
    return method_ == AnalogyMethod::sum
               ? any(a, b, c, floor, [](float a, float b, float c) { return a + b + c; })
               : any(a, b, c, floor, [](float a, float b, float c) { return a * b * c; });
  }

  float at(const Id* question, int i) const {
    const float a = minus_[question[0] * std::int64_t{kBlock} + i],
                b = plus_[question[1] * std::int64_t{kBlock} + i],
                c = plus_[question[2] * std::int64_t{kBlock} + i];
    return method_ == AnalogyMethod::sum ? a + b + c : a * b * c;
  }

 private:
  template <typename Bound>
  static bool any(const float* a, const float* b, const float* c, float floor, Bound bound) {
    std::int32_t above[kLanes] = {};
    for (int i = 0; i < kBlock; i += kLanes)
      for (int j = 0; j < kLanes; ++j) above[j] |= bound(a[i + j], b[i + j], c[i + j]) > floor;
    std::int32_t some = 0;
    for (int j = 0; j < kLanes; ++j) some |= above[j];
    return some != 0;
  }

  AnalogyMethod method_;
  std::vector<float> plus_, minus_;
};

// A float that is not above the number.
float rounded_down(double x) {
  return std::nextafter(static_cast<float>(x), -std::numeric_limits<float>::infinity());
}

// The questions [first, last) and all candidates of the tile.
void improve_some(const AnalogyQuestions& asked, const AnalogyTile& tile, const AnalogyAnswers& answers,
                  std::int64_t first, std::int64_t last) {
  const KeepDenormals keep;
  Bounds bounds(asked.method, asked.words);
  std::vector<float> floors(last - first);
  for (std::int64_t q = first; q < last; ++q) floors[q - first] = rounded_down(answers.scores[q]);
  const std::int64_t rows = tile.candidates.rows;
  for (std::int64_t begin = 0; begin < rows; begin += kBlock) {
    const int size = static_cast<int>(std::min<std::int64_t>(kBlock, rows - begin));
    bounds.prepare(tile, asked.words, begin, size);
    for (std::int64_t q = first; q < last; ++q) {
      const Id* question = asked.questions + 3 * q;
      float& floor = floors[q - first];
      if (!bounds.any_above(floor, question)) continue;
      for (int i = 0; i < size; ++i) {
        if (!(bounds.at(question, i) > floor)) continue;
        const Id word = tile.same_word[begin + i];
        if (word >= 0 && std::find(question, question + 3, word) != question + 3) continue;
        const double exact = score(asked, question, tile.candidates, begin + i);
        if (exact > answers.scores[q]) {
          answers.scores[q] = exact;
          answers.rows[q] = tile.first + begin + i;
          floor = rounded_down(exact);
        }
      }
    }
  }
}

}  // namespace

void improve(const AnalogyQuestions& asked, const AnalogyTile& tile, const AnalogyAnswers& answers,
             int threads) {
  const auto work = [&](int number) {
    improve_some(asked, tile, answers, asked.size * number / threads, asked.size * (number + 1) / threads);
  };
  run_threads(threads, work, [] {}, [] {});
}

}  // namespace wordkin
