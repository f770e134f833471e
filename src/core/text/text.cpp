// The parts that threads read, joined in the order of the text.
#include "text/text.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <utility>

#include "text/encoding.hpp"
#include "text/parts.hpp"

namespace wordkin {

using std::int64_t;
using std::uint64_t;

struct TextReader::State {
  State(int threads, int file, int64_t most_in_memory)
      : words(threads), file(file), most_in_memory(most_in_memory) {
    for (int i = 0; i < threads; ++i) {
      readers.push_back(std::make_unique<Tokens>(words, i, threads == 1));
      read.emplace_back();
    }
  }

  Words words;
  std::vector<std::unique_ptr<Tokens>> readers;
  std::vector<std::vector<Part>> read;   // by each thread, and not joined yet

  IdFile file;
  int64_t most_in_memory;
  std::atomic<int64_t> in_memory{0};
  std::atomic<bool> spills{false};

  // All that is joined, and where the text stands then.
  std::vector<Part> parts;
  std::string token;             // bytes of one that may go on
  uint64_t token_position = 0;
  bool in_line = false;          // whether a byte came since the last line end
  bool has_word = false;         // or a word: the last id is one
  int64_t lines = 0, lines_with_words = 0, empty_words = 0;

  uint64_t next_position = 0;    // of text that comes one part after the other
  bool in_list = false;          // whether the last part is of words that came in lists
  std::string line;              // these, with a space behind each

  void added(int thread);
  void spill(int thread);
  void end_list();
  void join();
  void join(Part&& part);
  void end_token(Part& part);
  Part& list_part();
};

TextReader::TextReader(int threads, int file, int64_t most_in_memory) {
  if (threads < 1) throw std::invalid_argument("threads must be at least 1");
  state_ = std::make_unique<State>(threads, file, most_in_memory);
}
TextReader::~TextReader() = default;

void TextReader::read(int thread, uint64_t position, std::string_view bytes) {
  State& s = *state_;
  s.words.enter(thread);
  try {
    s.read[thread].push_back(s.readers[thread]->read(position, bytes));
    s.added(thread);
  } catch (...) {
    s.words.leave(thread);
    throw;
  }
  s.words.leave(thread);
}

// Counts the ids of the last part of a thread, and writes them to the file if there are too many.
void TextReader::State::added(int thread) {
  if (!file.open()) return;
  if ((in_memory += read[thread].back().size) > most_in_memory && parts.empty()) spills = true;
  if (spills) spill(thread);
}

void TextReader::State::spill(int thread) {
  Growing<Id>& ids = readers[thread]->ids;
  const int64_t at = file.append(ids.data(), ids.size());
  for (Part& part : read[thread]) {
    if (part.in_file) continue;
    part.in_file = true;
    part.begin += at;
  }
  ids.clear();
}

void TextReader::State::end_list() {
  if (!std::exchange(in_list, false)) return;
  readers[0]->ended(read[0].back());
  added(0);
}

void TextReader::end_file(uint64_t position) {
  Part part;
  part.position = position;
  part.ends_file = true;
  state_->read[0].push_back(std::move(part));
}

void TextReader::feed(std::string_view bytes) {
  state_->end_list();
  read(0, state_->next_position, bytes);
  state_->next_position += bytes.size();
}

void TextReader::end_file() {
  state_->end_list();
  end_file(state_->next_position++);
}

Part& TextReader::State::list_part() {
  if (!in_list) {
    Part part;
    part.position = next_position;
    part.has_space = true;
    part.begin = readers[0]->ids.size();
    read[0].push_back(part);
    in_list = true;
  }
  return read[0].back();
}

bool TextReader::add_word(std::string_view word) {
  State& s = *state_;
  if (word.empty()) {
    ++s.empty_words;
    return true;
  }
  if (std::any_of(word.begin(), word.end(), [](char c) { return c == '\n' || c == '\r'; })) return false;
  s.list_part();
  Tokens& reader = *s.readers[0];
  reader.ids.push(reader.add(Token(word), s.next_position++));
  (s.line += word) += ' ';
  return true;
}

std::string TextReader::end_line() {
  State& s = *state_;
  Part& part = s.list_part();
  s.readers[0]->push_line_end(part);
  ++part.newlines;
  std::string line = std::exchange(s.line, {});
  if (line.empty()) line += ' ';
  line.back() = '\n';
  constexpr int64_t kEnough = 1 << 18;   // ids of a part
  if (s.readers[0]->ids.size() - part.begin > kEnough) s.end_list();
  return line;
}

void TextReader::State::join() {
  end_list();
  std::vector<Part> added;
  for (std::vector<Part>& each : read) {
    added.insert(added.end(), std::make_move_iterator(each.begin()), std::make_move_iterator(each.end()));
    each.clear();
  }
  std::sort(added.begin(), added.end(),
            [](const Part& a, const Part& b) { return a.position < b.position; });
  for (const auto& reader : readers) reader->settle();
  for (Part& part : added) join(std::move(part));
  readers[0]->settle();   // it counted the tokens at the seams
}

void TextReader::State::end_token(Part& part) {
  if (token.empty()) return;
  part.seam = readers[0]->add(Token(token), token_position);
  has_word = true;
  token.clear();
}

void TextReader::State::join(Part&& part) {
  if (!part.front.empty()) {
    if (token.empty()) token_position = part.position;
    token += std::exchange(part.front, {});
  }
  if (part.has_space || part.ends_file) end_token(part);
  part.drops_first = false;
  if (part.size) {
    part.drops_first = part.first == kLineEnd && !has_word;
    if (part.size > part.drops_first) has_word = part.last != kLineEnd;
  }
  lines += part.newlines;
  lines_with_words += part.line_ends - part.drops_first;
  if (!part.back.empty()) {
    token = std::exchange(part.back, {});
    token_position = part.back_position;
  }
  if (part.newlines || part.has_bytes) in_line = part.newlines ? part.in_line : true;
  if (part.ends_file && in_line) {
    ++lines;
    part.ends_line = std::exchange(has_word, false);
    lines_with_words += part.ends_line;
    in_line = false;
  }
  parts.push_back(std::move(part));
}

EncodedText TextReader::finish(int64_t min_count, int64_t max_vocabulary, double held_out, int64_t piece,
                               int file, const std::function<void()>& tick) {
  if (!(held_out >= 0 && held_out < 1))
    throw std::invalid_argument("held_out must be at least 0 and below 1, got " +
                                std::to_string(held_out));
  if (piece < 0) throw std::invalid_argument("piece must be at least 0, got " + std::to_string(piece));
  State& s = *state_;
  s.join();
  const auto threads = static_cast<int>(s.readers.size());
  IdsRead ids{{}, s.file};
  for (const auto& reader : s.readers) ids.in_memory.push_back(&reader->ids);
  const Limits limits{min_count, max_vocabulary, held_out, piece};
  EncodedText text = encode(s.words, s.parts, ids, limits, IdFile(file), threads, tick);
  state_ = std::make_unique<State>(threads, -1, 0);
  return text;
}

int64_t TextReader::tokens() {
  state_->join();
  int64_t tokens = 0;
  for (const auto& reader : state_->readers) tokens += reader->tokens;
  return tokens;
}

int64_t TextReader::lines() {
  state_->join();
  return state_->lines;
}

int64_t TextReader::lines_with_words() {
  state_->join();
  return state_->lines_with_words;
}

int64_t TextReader::types() {
  state_->join();
  return state_->words.size();
}

int64_t TextReader::empty_words() const { return state_->empty_words; }

bool TextReader::spilled() const { return state_->spills; }

int64_t TextReader::invalid_utf8_tokens() {
  state_->join();
  int64_t tokens = 0;
  for (const Id id : state_->words.invalid_utf8()) tokens += state_->words.entry(id).count;
  return tokens;
}

std::pair<int64_t, std::string_view> TextReader::spaced_tokens(bool ascii) {
  state_->join();
  int64_t tokens = 0;
  const Words::Entry* first = nullptr;
  for (const Id id : state_->words.spaced(ascii)) {
    const Words::Entry& entry = state_->words.entry(id);
    tokens += entry.count;
    if (!first || entry.first < first->first) first = &entry;
  }
  return {tokens, first ? first->word() : std::string_view()};
}

}  // namespace wordkin
