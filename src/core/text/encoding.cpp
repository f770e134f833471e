#include "text/encoding.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "base/random.hpp"
#include "base/threads.hpp"

namespace wordkin {

namespace {

using std::int64_t;
using std::uint64_t;

// Whether a line, by its number among the lines that have a word, is held out, or a piece by its number:
// the same lines of a text for any seed, and those of a smaller share among those of a larger one.
bool is_held_out(int64_t line, double share) {
  constexpr uint64_t key = 0x68656c642d6f7574ULL;   // "held-out" in ASCII
  const uint64_t random = mix(key + static_cast<uint64_t>(line) * kGamma);
  return static_cast<double>(random >> 11) * 0x1p-53 < share;
}

// Most frequent first; among equals, first seen first.
struct Ranked {
  int64_t count;
  uint64_t first;
  Id id;
  bool operator<(const Ranked& other) const {
    return count != other.count ? count > other.count : first < other.first;
  }
};

std::vector<Ranked> ranked(const Words& words, const Limits& limits) {
  std::vector<Ranked> order;
  for (Id id = 0; id < words.size(); ++id) {
    const Words::Entry& entry = words.entry(id);
    if (entry.count >= std::max<int64_t>(limits.min_count, 1))
      order.push_back({entry.count, entry.first, id});
  }
  std::sort(order.begin(), order.end());
  if (limits.max_vocabulary && static_cast<int64_t>(order.size()) > limits.max_vocabulary)
    order.resize(limits.max_vocabulary);
  return order;
}

// The ids of a part without its first line end if that does not count, behind the token at its seam.
template <typename Word, typename LineEnd>
void walk(const Part& part, const Id* ids, Word&& word, LineEnd&& line_end) {
  if (part.seam != kLineEnd) word(part.seam);
  for (int64_t i = part.drops_first; i < part.size; ++i) {
    const Id id = ids[i];
    if (id == kLineEnd)
      line_end();
    else
      word(id);
  }
}

// Gives pages back that only hold what was read.
void release([[maybe_unused]] Id* ids, [[maybe_unused]] int64_t size) {
#if defined(__linux__)
  static const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(ids) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(ids + size) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
#endif
}

// What becomes of a part. A line end stands only behind a word, so whether one before all ids stands at
// all is for the parts before it to say.
struct Stream {
  bool ends_first = false;
  std::vector<Id> ids;

  void end_line() {
    if (ids.empty())
      ends_first = true;
    else if (ids.back() != kLineEnd)
      ids.push_back(kLineEnd);
  }
};

class Encoder {
 public:
  Encoder(const Words& words, std::vector<Part>& parts, const IdsRead& read, const Limits& limits,
          const IdFile& to, int threads, const std::function<void()>& tick)
      : words_(words), parts_(parts), read_(read), limits_(limits), to_(to), threads_(threads), tick_(tick) {}

  EncodedText encode() {
    rank();
    number_units();
    if (!to_.open()) text_.ids = allocate();
    std::atomic<int64_t> next{0};
    const auto stop = [&] {
      std::lock_guard lock(mutex_);
      stopped_ = true;
      turn_changed_.notify_all();
    };
    const auto work = [&](int) {
      std::vector<Id> buffer;
      Stream kept, held;
      for (int64_t i; (i = next++) < size();) {
        const int64_t held_tokens = encode(parts_[i], buffer, kept, held);
        if (!place(i, kept, held, held_tokens)) return;
      }
    };
    run_threads(static_cast<int>(std::clamp<int64_t>(size(), 1, threads_)), work, tick_, stop);
    for (const Id id : text_.held_ids)
      if (id != kLineEnd) ++text_.held_counts[id];
    return std::move(text_);
  }

 private:
  int64_t size() const { return static_cast<int64_t>(parts_.size()); }

  // The ids that were read of a part, in memory, or in the buffer if they are in a file.
  const Id* ids_of(const Part& part, std::vector<Id>& buffer) const {
    if (!part.in_file) return read_.in_memory[part.thread]->data() + part.begin;
    buffer.resize(part.size);
    read_.file.read(buffer.data(), part.size, part.begin);
    return buffer.data();
  }

  void rank() {
    const std::vector<Ranked> order = ranked(words_, limits_);
    text_.offsets.push_back(0);
    final_id_.assign(words_.size(), kLineEnd);
    for (std::size_t i = 0; i < order.size(); ++i) {
      const std::string_view word = words_.entry(order[i].id).word();
      final_id_[order[i].id] = static_cast<Id>(i);
      text_.words.insert(text_.words.end(), word.begin(), word.end());
      text_.offsets.push_back(static_cast<int64_t>(text_.words.size()));
      text_.counts.push_back(order[i].count);
    }
    text_.held_counts.resize(order.size());
  }

  // A unit is a line, or a piece of one.
  void number_units() {
    int64_t unit = 0, in_unit = 0;
    std::vector<Id> buffer;
    for (Part& part : parts_) {
      part.unit = unit;
      part.in_unit = in_unit;
      if (!limits_.piece) {
        unit += part.line_ends - part.drops_first + part.ends_line;
        continue;
      }
      const auto word = [&](Id) {
        if (in_unit++ == limits_.piece) {
          ++unit;
          in_unit = 1;
        }
      };
      const auto line_end = [&] {
        ++unit;
        in_unit = 0;
      };
      walk(part, ids_of(part, buffer), word, line_end);
      if (part.ends_line) line_end();
    }
  }

  // Returns how many of its tokens are held out.
  int64_t encode(const Part& part, std::vector<Id>& buffer, Stream& kept, Stream& held) {
    const Id* const ids = ids_of(part, buffer);
    kept.ids.clear();
    held.ids.clear();
    kept.ends_first = held.ends_first = false;
    int64_t unit = part.unit, in_unit = part.in_unit, held_tokens = 0;
    bool is_held = is_held_out(unit, limits_.held_out);
    const auto end_line = [&] { (is_held ? held : kept).end_line(); };
    const auto word = [&](Id provisional) {
      if (limits_.piece && in_unit++ == limits_.piece) {
        const bool next = is_held_out(++unit, limits_.held_out);
        if (next != is_held) end_line();
        is_held = next;
        in_unit = 1;
      }
      held_tokens += is_held;
      const Id id = final_id_[provisional];
      if (id != kLineEnd) (is_held ? held : kept).ids.push_back(id);
    };
    walk(part, ids, word, [&] {
      end_line();
      is_held = is_held_out(++unit, limits_.held_out);
      in_unit = 0;
    });
    if (part.ends_line) end_line();
    if (part.in_file)
      read_.file.forget(part.size, part.begin);
    else
      release(read_.in_memory[part.thread]->data() + part.begin, part.size);
    return held_tokens;
  }

  // Puts a part behind the one before it, once that has its place. False: another thread failed.
  bool place(int64_t number, const Stream& kept, const Stream& held, int64_t held_tokens) {
    bool leads;
    int64_t at;
    {
      std::unique_lock lock(mutex_);
      turn_changed_.wait(lock, [&] { return turn_ == number || stopped_; });
      if (stopped_) return false;
      leads = kept.ends_first && is_open_;
      at = text_.size;
      text_.size += leads + static_cast<int64_t>(kept.ids.size());
      is_open_ = kept.ids.empty() ? is_open_ && !leads : kept.ids.back() != kLineEnd;
      std::vector<Id>& all = text_.held_ids;
      if (held.ends_first && !all.empty() && all.back() != kLineEnd) all.push_back(kLineEnd);
      all.insert(all.end(), held.ids.begin(), held.ids.end());
      text_.held_tokens += held_tokens;
      ++turn_;
    }
    turn_changed_.notify_all();
    constexpr Id line_end = kLineEnd;
    const auto count = static_cast<int64_t>(kept.ids.size());
    if (to_.open()) {
      if (leads) to_.write(&line_end, 1, at);
      to_.write(kept.ids.data(), count, at + leads);
    } else {
      Id* to = text_.ids.get() + at;
      if (leads) *to++ = kLineEnd;
      std::copy(kept.ids.begin(), kept.ids.end(), to);
    }
    return true;
  }

  // As many as there can be: what is not written to takes no memory.
  std::unique_ptr<Id, void (*)(void*)> allocate() const {
    int64_t most = 1;
    for (const Part& part : parts_) most += part.size + 2;
    if (limits_.piece) most += most / limits_.piece;   // a line end on either side of a piece
    constexpr std::size_t huge = 1 << 21;
    const std::size_t bytes = most * sizeof(Id), whole = (bytes + huge - 1) / huge * huge;
    void* memory = bytes < huge ? std::malloc(bytes) : std::aligned_alloc(huge, whole);
    if (!memory) throw std::bad_alloc();
#if defined(__linux__)
    if (bytes >= huge) madvise(memory, whole, MADV_HUGEPAGE);   // clearing large pages is faster
#endif
    return {static_cast<Id*>(memory), std::free};
  }

  const Words& words_;
  std::vector<Part>& parts_;
  const IdsRead& read_;
  const Limits& limits_;
  const IdFile& to_;
  int threads_;
  const std::function<void()>& tick_;
  std::vector<Id> final_id_;
  EncodedText text_;
  std::mutex mutex_;   // of the places: held ids and all sizes in the text, and what follows
  std::condition_variable turn_changed_;
  int64_t turn_ = 0;
  bool is_open_ = false, stopped_ = false;   // whether the last id is a word; whether a thread failed
};

}  // namespace

EncodedText encode(const Words& words, std::vector<Part>& parts, const IdsRead& read, const Limits& limits,
                   const IdFile& to, int threads, const std::function<void()>& tick) {
  return Encoder(words, parts, read, limits, to, threads, tick).encode();
}

}  // namespace wordkin
