// Answers "a is to b as c is to ?" for many questions at once, tile of the vocabulary by tile.
//
// The questions of a file share few words: their cosines with a tile of rows are one matrix product,
// which the caller takes. Here, for each question and block of places, an upper bound of every score is
// held against the best score so far, in float32; what may be better is scored in float64. So answers
// depend neither on the matrix product, nor on tiles, nor on threads.
#pragma once

#include "core.hpp"
#include "search.hpp"

namespace wordkin {

// With cosines cos(w) of a candidate and the word w:
//   sum      cos(b) - cos(a) + cos(c)                                              (3CosAdd)
//   product  s(b) s(c) / (s(a) + 1e-6), where s(w) = (1 + cos(w)) / 2              (3CosMul)
enum class AnalogyMethod { sum, product };

struct AnalogyQuestions {
  AnalogyMethod method;
  const double* directions;   // of the words asked about, (words, d): of length 1, or zero
  std::int64_t words;
  int d;
  const Id* questions;        // (size, 3): a, b, c as numbers of words
  std::int64_t size;
};

struct AnalogyTile {
  const float* cosines;       // of words and candidates, (words, size), each off by `slack` at most
  float slack;
  SearchedRows candidates;
  const Id* same_word;        // which of the words asked about each candidate is, -1: none of them
  std::int64_t first;         // number of the first candidate
};

struct AnalogyAnswers {       // so far, for each question
  double* scores;             // of the best candidate, -infinity before the first
  std::int64_t* rows;         // its number, -1 before the first; the lowest of equals
};

// Improves the answers by the candidates of a tile. Tiles must come in the order of their rows. The
// words of a question are no candidates for it.
void improve(const AnalogyQuestions&, const AnalogyTile&, const AnalogyAnswers&, int threads);

}  // namespace wordkin
