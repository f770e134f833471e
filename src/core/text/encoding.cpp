#include "text/encoding.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
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

// Calls work(0) .. work(count - 1), each once, on so many threads.
void run_all(int64_t count, int threads, const std::function<void(int64_t)>& work,
             const std::function<void()>& tick) {
  std::atomic<int64_t> next{0};
  const auto stop = [&] { next = count; };
  const auto some = [&](int) {
    for (int64_t i; (i = next++) < count;) work(i);
  };
  run_threads(static_cast<int>(std::clamp<int64_t>(count, 1, threads)), some, tick, stop);
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

class Encoder {
 public:
  Encoder(const Words& words, std::vector<Part>& parts, const std::vector<Growing<Id>*>& ids,
          const Limits& limits, int threads, const std::function<void()>& tick)
      : words_(words), parts_(parts), ids_(ids), limits_(limits), threads_(threads), tick_(tick) {}

  EncodedText encode() {
    rank();
    number_units();
    done_.resize(parts_.size());
    run_all(size(), threads_, [&](int64_t i) { encode(i); }, tick_);
    join();
    return std::move(text_);
  }

 private:
  // What becomes of a part. A line end stands only behind a word, so whether one before all ids stands
  // at all is for the parts before it to say.
  struct Done {
    bool ends_first = false, held_ends_first = false, ends_last = false;
    Id seam = kLineEnd;
    int64_t size = 0;            // ids kept, which stand where those stood that were read
    std::vector<Id> held;
    int64_t held_tokens = 0;
    int64_t to = 0;              // where the part begins in the text
  };

  int64_t size() const { return static_cast<int64_t>(parts_.size()); }
  Id* ids_of(const Part& part) const { return ids_[part.thread]->data() + part.begin; }

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
      walk(part, ids_of(part), word, line_end);
      if (part.ends_line) line_end();
    }
  }

  void encode(int64_t number) {
    Part& part = parts_[number];
    Done& done = done_[number];
    Id* const kept = ids_of(part);
    int64_t unit = part.unit, in_unit = part.in_unit;
    bool held = is_held_out(unit, limits_.held_out), first = part.seam != kLineEnd;
    const auto end_line = [&] {
      if (held) {
        if (done.held.empty())
          done.held_ends_first = true;
        else if (done.held.back() != kLineEnd)
          done.held.push_back(kLineEnd);
      } else if (done.size ? kept[done.size - 1] != kLineEnd : done.seam != kLineEnd) {
        kept[done.size++] = kLineEnd;
      } else if (!done.size) {
        done.ends_first = true;
      }
    };
    const auto word = [&](Id provisional) {
      const bool is_seam = std::exchange(first, false);
      if (limits_.piece && in_unit++ == limits_.piece) {
        const bool next = is_held_out(++unit, limits_.held_out);
        if (next != held) end_line();
        held = next;
        in_unit = 1;
      }
      done.held_tokens += held;
      const Id id = final_id_[provisional];
      if (id == kLineEnd) return;
      if (held)
        done.held.push_back(id);
      else if (is_seam)
        done.seam = id;
      else
        kept[done.size++] = id;
    };
    walk(part, kept, word, [&] {
      end_line();
      held = is_held_out(++unit, limits_.held_out);
      in_unit = 0;
    });
    if (!part.ends_line) return;
    if (held)
      end_line();
    else
      done.ends_last = true;   // there may be no place for one more among its own ids
  }

  // Puts the parts one behind the other.
  void join() {
    std::vector<Id>& held = text_.held_ids;
    int64_t to = 0;
    bool open = false;   // whether the last id is a word
    for (std::size_t i = 0; i < done_.size(); ++i) {
      Done& done = done_[i];
      done.to = to;
      done.ends_first &= open;
      if (done.seam != kLineEnd) open = true;
      if (done.size) open = ids_of(parts_[i])[done.size - 1] != kLineEnd;
      if (done.ends_first && done.seam == kLineEnd && !done.size) open = false;
      done.ends_last &= open;
      open &= !done.ends_last;
      to += done.ends_first + (done.seam != kLineEnd) + done.size + done.ends_last;
      if (done.held_ends_first && !held.empty() && held.back() != kLineEnd) held.push_back(kLineEnd);
      held.insert(held.end(), done.held.begin(), done.held.end());
      done.held = {};
      text_.held_tokens += done.held_tokens;
    }
    for (const Id id : held)
      if (id != kLineEnd) ++text_.held_counts[id];
    text_.size = to;
    text_.ids = allocate(to);
    run_all(size(), threads_, [&](int64_t i) { copy(parts_[i], done_[i]); }, tick_);
  }

  static std::unique_ptr<Id, void (*)(void*)> allocate(int64_t size) {
    constexpr std::size_t huge = 1 << 21;
    const std::size_t bytes = std::max<int64_t>(size, 1) * sizeof(Id), whole = (bytes + huge - 1) / huge * huge;
    void* memory = bytes < huge ? std::malloc(bytes) : std::aligned_alloc(huge, whole);
    if (!memory) throw std::bad_alloc();
#if defined(__linux__)
    if (bytes >= huge) madvise(memory, whole, MADV_HUGEPAGE);   // a page for each clears the same memory faster
#endif
    return {static_cast<Id*>(memory), std::free};
  }

  void copy(const Part& part, const Done& done) {
    Id* to = text_.ids.get() + done.to;
    if (done.ends_first) *to++ = kLineEnd;
    if (done.seam != kLineEnd) *to++ = done.seam;
    Id* const ids = ids_of(part);
    to = std::copy_n(ids, done.size, to);
    if (done.ends_last) *to = kLineEnd;
    release(ids, part.size);
  }

  const Words& words_;
  std::vector<Part>& parts_;
  const std::vector<Growing<Id>*>& ids_;
  const Limits& limits_;
  int threads_;
  const std::function<void()>& tick_;
  std::vector<Id> final_id_;
  std::vector<Done> done_;
  EncodedText text_;
};

}  // namespace

EncodedText encode(const Words& words, std::vector<Part>& parts, const std::vector<Growing<Id>*>& ids,
                   const Limits& limits, int threads, const std::function<void()>& tick) {
  return Encoder(words, parts, ids, limits, threads, tick).encode();
}

}  // namespace wordkin
