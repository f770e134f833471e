#include "subwords/ngrams.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <numeric>
#include <string_view>
#include <unordered_map>

#include "base/threads.hpp"

namespace wordkin {

namespace {

constexpr std::int64_t kRowsAtATime = 256;
constexpr std::int64_t kWidth = 16;   // columns of d that are fitted together: a cache line of float32

bool continues(char byte) { return (byte & 0xC0) == 0x80; }

// The words with their marks, one after the other, so that n-grams can be views of it.
struct Marked {
  std::vector<char> bytes;
  std::vector<std::int64_t> offsets{0};

  Marked(std::string_view words, std::span<const std::int64_t> cuts) {
    bytes.reserve(words.size() + 2 * cuts.size());
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      bytes.push_back('<');
      bytes.insert(bytes.end(), words.begin() + cuts[i], words.begin() + cuts[i + 1]);
      bytes.push_back('>');
      offsets.push_back(static_cast<std::int64_t>(bytes.size()));
    }
  }
  std::string_view word(std::size_t i) const {
    return {bytes.data() + offsets[i], static_cast<std::size_t>(offsets[i + 1] - offsets[i])};
  }
};

template <typename Call>
void each_ngram(std::string_view marked, int shortest, int longest, const Call& call) {
  for (std::size_t begin = 0; begin < marked.size(); ++begin) {
    if (continues(marked[begin])) continue;
    std::size_t end = begin;
    for (int length = 1; end < marked.size() && length <= longest; ++length) {
      do ++end;
      while (end < marked.size() && continues(marked[end]));
      if (length >= shortest && end - begin < marked.size()) call(marked.substr(begin, end - begin));
    }
  }
}

// The numbers, in order, of the n-grams to keep: -1 for the others.
std::vector<std::int32_t> keep_shared(const std::vector<std::int64_t>& words_with, std::int64_t least,
                                      std::int64_t most, std::int64_t& left_out) {
  std::vector<std::int32_t> chosen;
  for (std::size_t g = 0; g < words_with.size(); ++g)
    if (words_with[g] >= least) chosen.push_back(static_cast<std::int32_t>(g));
  left_out = std::max<std::int64_t>(0, static_cast<std::int64_t>(chosen.size()) - most);
  if (left_out) {
    std::stable_sort(chosen.begin(), chosen.end(),
                     [&](auto a, auto b) { return words_with[a] > words_with[b]; });
    chosen.resize(most);
    std::sort(chosen.begin(), chosen.end());
  }
  std::vector<std::int32_t> numbers(words_with.size(), -1);
  for (std::size_t i = 0; i < chosen.size(); ++i) numbers[chosen[i]] = static_cast<std::int32_t>(i);
  return numbers;
}

// kWidth columns of the fit: all that it needs lies side by side.
template <typename T>
struct Columns {
  using Row = std::array<T, kWidth>;
  using Sums = std::array<double, kWidth>;

  static void gather(const Indicators& which, const std::vector<Row>& from, std::vector<Row>& to) {
    for (std::int64_t r = 0; r < which.rows(); ++r) {
      Row sum{};
      for (std::int64_t k = which.ends[r]; k < which.ends[r + 1]; ++k) {
        const Row& row = from[which.columns[k]];
        for (std::int64_t j = 0; j < kWidth; ++j) sum[j] += row[j];
      }
      to[r] = sum;
    }
  }
  static void add_products(const Row& a, const Row& b, Sums& sums) {
    for (std::int64_t j = 0; j < kWidth; ++j) sums[j] += static_cast<double>(a[j]) * b[j];
  }
};

template <typename T>
class Fit {
  using Row = typename Columns<T>::Row;
  using Sums = typename Columns<T>::Sums;

 public:
  Fit(const Indicators& which, const Indicators& transposed, const Line& line, const double* w,
      double tau)
      : which_(which), transposed_(transposed), line_(line), w_(w), tau_(static_cast<T>(tau)),
        scale_(transposed.rows()), rows_(which.rows()), solution_(transposed.rows()),
        residual_(transposed.rows()), direction_(transposed.rows()), image_(transposed.rows()) {
    for (std::int64_t g = 0; g < transposed.rows(); ++g) {
      double sum = tau;
      for (std::int64_t k = transposed.ends[g]; k < transposed.ends[g + 1]; ++k)
        sum += w[transposed.columns[k]];
      scale_[g] = static_cast<T>(sum > 0 ? 1 / sum : 0);
    }
  }

  void run(const T* Y, std::int64_t d, std::int64_t first, T* G, int steps,
           const std::atomic<bool>& stopped) {
    const std::int64_t width = std::min(kWidth, d - first), columns = transposed_.rows();
    for (std::int64_t g = 0; g < columns; ++g) {
      solution_[g] = Row{};
      std::copy_n(G + g * d + first, width, solution_[g].begin());
    }
    // residual = S' W P (Y - S G) - tau G, where P takes away what the line can be fitted to
    Columns<T>::gather(which_, solution_, rows_);
    for (std::int64_t r = 0; r < which_.rows(); ++r) {
      Row y{};
      std::copy_n(Y + r * d + first, width, y.begin());
      for (std::int64_t j = 0; j < kWidth; ++j) rows_[r][j] = y[j] - rows_[r][j];
    }
    weigh_without_line();
    Columns<T>::gather(transposed_, rows_, residual_);
    Sums old{};
    for (std::int64_t g = 0; g < columns; ++g) {
      for (std::int64_t j = 0; j < kWidth; ++j) {
        residual_[g][j] -= tau_ * solution_[g][j];
        direction_[g][j] = scale_[g] * residual_[g][j];
      }
      Columns<T>::add_products(residual_[g], direction_[g], old);
    }
    for (int step = 0; step < steps && !stopped; ++step) descend(old);
    for (std::int64_t g = 0; g < columns; ++g) std::copy_n(solution_[g].begin(), width, G + g * d + first);
  }

 private:
  void descend(Sums& old) {
    Columns<T>::gather(which_, direction_, rows_);
    weigh_without_line();
    Columns<T>::gather(transposed_, rows_, image_);
    Sums curvature{}, now{};
    const std::int64_t columns = transposed_.rows();
    for (std::int64_t g = 0; g < columns; ++g) {
      for (std::int64_t j = 0; j < kWidth; ++j) image_[g][j] += tau_ * direction_[g][j];
      Columns<T>::add_products(direction_[g], image_[g], curvature);
    }
    Row length, turn;
    for (std::int64_t j = 0; j < kWidth; ++j)
      length[j] = static_cast<T>(curvature[j] > 0 ? old[j] / curvature[j] : 0);
    for (std::int64_t g = 0; g < columns; ++g) {
      Row scaled;
      for (std::int64_t j = 0; j < kWidth; ++j) {
        solution_[g][j] += length[j] * direction_[g][j];
        residual_[g][j] -= length[j] * image_[g][j];
        scaled[j] = scale_[g] * residual_[g][j];
      }
      Columns<T>::add_products(residual_[g], scaled, now);
    }
    for (std::int64_t j = 0; j < kWidth; ++j) turn[j] = static_cast<T>(old[j] > 0 ? now[j] / old[j] : 0);
    for (std::int64_t g = 0; g < columns; ++g)
      for (std::int64_t j = 0; j < kWidth; ++j)
        direction_[g][j] = scale_[g] * residual_[g][j] + turn[j] * direction_[g][j];
    old = now;
  }

  void weigh_without_line() {
    std::vector<Sums> on_line(line_.k, Sums{});
    for (std::int64_t r = 0; r < which_.rows(); ++r)
      for (std::int64_t i = 0; i < line_.k; ++i) {
        const double f = w_[r] * line_.F[r * line_.k + i];
        for (std::int64_t j = 0; j < kWidth; ++j) on_line[i][j] += f * rows_[r][j];
      }
    for (std::int64_t r = 0; r < which_.rows(); ++r) {
      for (std::int64_t i = 0; i < line_.k; ++i)
        for (std::int64_t j = 0; j < kWidth; ++j)
          rows_[r][j] -= static_cast<T>(line_.F[r * line_.k + i] * on_line[i][j]);
      for (T& x : rows_[r]) x *= static_cast<T>(w_[r]);
    }
  }

  const Indicators &which_, &transposed_;
  const Line& line_;
  const double* w_;
  T tau_;
  std::vector<T> scale_;   // the inverse of the diagonal of S' W S + tau
  std::vector<Row> rows_, solution_, residual_, direction_, image_;
};

}  // namespace

SharedNgrams shared_ngrams(std::string_view bytes, std::span<const std::int64_t> offsets, int shortest,
                           int longest, std::int64_t least, std::int64_t most) {
  const Marked marked(bytes, offsets);
  const std::size_t words = offsets.size() - 1;
  std::unordered_map<std::string_view, std::int32_t> numbers;
  std::vector<std::string_view> ngrams;
  std::vector<std::int64_t> words_with, last_word;
  std::vector<std::int32_t> all;
  std::vector<std::int64_t> ends{0};
  for (std::size_t i = 0; i < words; ++i) {
    each_ngram(marked.word(i), shortest, longest, [&](std::string_view ngram) {
      const auto [at, fresh] = numbers.try_emplace(ngram, static_cast<std::int32_t>(ngrams.size()));
      if (fresh) {
        ngrams.push_back(ngram);
        words_with.push_back(0);
        last_word.push_back(-1);
      }
      const std::int32_t g = at->second;
      if (last_word[g] == static_cast<std::int64_t>(i)) return;   // twice in one word
      last_word[g] = static_cast<std::int64_t>(i);
      ++words_with[g];
      all.push_back(g);
    });
    ends.push_back(static_cast<std::int64_t>(all.size()));
  }
  SharedNgrams found;
  const std::vector<std::int32_t> kept = keep_shared(words_with, least, most, found.left_out);
  found.offsets.push_back(0);
  for (std::size_t g = 0; g < ngrams.size(); ++g) {
    if (kept[g] < 0) continue;
    found.bytes.insert(found.bytes.end(), ngrams[g].begin(), ngrams[g].end());
    found.offsets.push_back(static_cast<std::int64_t>(found.bytes.size()));
  }
  found.ends.push_back(0);
  for (std::size_t i = 0; i < words; ++i) {
    for (std::int64_t k = ends[i]; k < ends[i + 1]; ++k)
      if (kept[all[k]] >= 0) found.columns.push_back(kept[all[k]]);
    found.ends.push_back(static_cast<std::int64_t>(found.columns.size()));
  }
  return found;
}

template <typename T>
void sum_rows(const Indicators& which, const T* G, std::int64_t d, T* out, int threads) {
  std::atomic<std::int64_t> next{0};
  const std::int64_t rows = which.rows();
  const auto work = [&](int) {
    for (std::int64_t first; (first = next.fetch_add(kRowsAtATime)) < rows;)
      for (std::int64_t r = first; r < std::min(first + kRowsAtATime, rows); ++r) {
        T* sum = out + r * d;
        std::fill_n(sum, d, T{0});
        for (std::int64_t k = which.ends[r]; k < which.ends[r + 1]; ++k) {
          const T* row = G + which.columns[k] * d;
          for (std::int64_t j = 0; j < d; ++j) sum[j] += row[j];
        }
      }
  };
  run_threads(threads, work, [] {}, [&] { next = rows; });
}

template <typename T>
void fit_sums(const Indicators& which, const Indicators& transposed, const Line& line, const double* w,
              double tau, const T* Y, std::int64_t d, T* G, int steps, int threads,
              const std::function<void()>& tick) {
  std::atomic<std::int64_t> next{0};
  std::atomic<bool> stopped{false};
  const auto work = [&](int) {
    Fit<T> fit(which, transposed, line, w, tau);
    for (std::int64_t first; !stopped && (first = next.fetch_add(kWidth)) < d;)
      fit.run(Y, d, first, G, steps, stopped);
  };
  run_threads(static_cast<int>(std::min<std::int64_t>(threads, (d + kWidth - 1) / kWidth)), work, tick,
              [&] { stopped = true; });
}

template void sum_rows<float>(const Indicators&, const float*, std::int64_t, float*, int);
template void sum_rows<double>(const Indicators&, const double*, std::int64_t, double*, int);
template void fit_sums<float>(const Indicators&, const Indicators&, const Line&, const double*, double,
                              const float*, std::int64_t, float*, int, int,
                              const std::function<void()>&);
template void fit_sums<double>(const Indicators&, const Indicators&, const Line&, const double*, double,
                               const double*, std::int64_t, double*, int, int,
                               const std::function<void()>&);

}  // namespace wordkin
