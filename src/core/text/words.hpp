// All different words of a text, found by several threads at once.
//
// Finding a word that is there takes no lock and touches one line of memory, two for a word of more
// than eight bytes. Adding one takes the lock of one of 64 parts of the table.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/types.hpp"
#include "text/tokens.hpp"

namespace wordkin {

class Words {
 public:
  // How often a word was found, where in the text first, and its bytes. Ids are handed out in the order
  // in which threads come upon words, so they say nothing about the text.
  struct Entry {
    std::atomic<std::int64_t> count{0};
    std::atomic<std::uint64_t> first{0};
    const char* bytes = nullptr;   // their number stands before them

    std::string_view word() const {
      std::uint64_t size;
      std::memcpy(&size, bytes - sizeof size, sizeof size);
      return {bytes, size};
    }
    void found_at(std::uint64_t position) {
      std::uint64_t before = first.load(std::memory_order_relaxed);
      while (position < before &&
             !first.compare_exchange_weak(before, position, std::memory_order_relaxed)) {
      }
    }
  };

  // `threads`: how many may find words at once. Each calls `enter` before and `leave` after.
  explicit Words(int threads);
  ~Words();

  void enter(int thread);
  void leave(int thread);

  // A word of up to eight bytes is short. `Length` says which of both a token is, once for many of them.
  enum class Length { kShort, kLong };
  static constexpr std::size_t kLongest = 8;

  // Bring the memory that `find` will touch first; and for a long word, when that is there, the rest.
  void prefetch(const Token& token) const {
    const Table table = table_of(token);
    __builtin_prefetch(&table.slots()[place(tag_of(token), table.mask())]);
  }
  void prefetch_record(const Token& token) const {
    const Table table = table_of(token);
    const std::uint32_t tag = tag_of(token);
    const Slot& slot = table.slots()[place(tag, table.mask())];
    if (slot.tag_and_id.load(std::memory_order_acquire) >> 32 == tag)
      __builtin_prefetch(reinterpret_cast<const void*>(slot.key.load(std::memory_order_relaxed)));
  }

  // The id of a word, which is added if it is new, with the place of this token as its first.
  template <Length length>
  Id find(const Token& token, std::uint64_t position) {
    const Id id = find_in<length>(table_of(token), token);
    return id >= 0 ? id : add(token, position);
  }
  Id find(const Token& token, std::uint64_t position) {
    return token.bytes.size() <= kLongest ? find<Length::kShort>(token, position)
                                          : find<Length::kLong>(token, position);
  }

  Entry& entry(Id id) { return *entry_at(id); }
  const Entry& entry(Id id) const { return *entry_at(id); }
  Id size() const { return size_.load(std::memory_order_relaxed); }

  // The ids of words that are not valid UTF-8, or have white space of ASCII or other of Unicode inside.
  const std::vector<Id>& invalid_utf8() const { return invalid_utf8_; }
  const std::vector<Id>& spaced(bool ascii) const { return ascii ? ascii_spaced_ : unicode_spaced_; }

 private:
  // A word of up to eight bytes is its key; of a longer one the key is where its record is: its size and
  // bytes. The tag has the length and 28 bits of the hash. The id stands there plus 1; 0: a free slot.
  struct Slot {
    std::atomic<std::uint64_t> key, tag_and_id;
  };
  // A pointer to slots and the logarithm of their number, which its alignment leaves room for.
  struct Table {
    std::uintptr_t packed;
    Slot* slots() const { return reinterpret_cast<Slot*>(packed & ~std::uintptr_t{63}); }
    std::uint64_t mask() const { return (std::uint64_t{1} << (packed & 63)) - 1; }
  };
  static constexpr int kParts = 64, kPartShift = 58;
  static constexpr int kFirstChunk = 16;   // ids of the first chunk of entries, as a power of two

  Table table_of(const Token& token) const {
    return {parts_[token.hash >> kPartShift].load(std::memory_order_acquire)};
  }

  static std::uint32_t tag_of(const Token& token) {
    const auto length = static_cast<std::uint32_t>(std::min(token.bytes.size(), kLongest + 1));
    return (static_cast<std::uint32_t>(token.hash >> 26) & ~std::uint32_t{15}) | length;
  }

  // Where to look first: by the bits of the hash in the tag, so that a table grows without its words.
  static std::uint64_t place(std::uint32_t tag, std::uint64_t mask) { return (tag >> 4) & mask; }

  template <Length length>
  static Id find_in(Table table, const Token& token) {
    const std::uint32_t tag = tag_of(token);
    const std::uint64_t mask = table.mask();
    for (std::uint64_t at = place(tag, mask);; at = (at + 1) & mask) {
      const Slot& slot = table.slots()[at];
      const std::uint64_t found = slot.tag_and_id.load(std::memory_order_acquire);
      if (!found) return -1;
      if (static_cast<std::uint32_t>(found >> 32) != tag) continue;
      const std::uint64_t key = slot.key.load(std::memory_order_relaxed);
      if (length == Length::kShort ? key == token.head : is_long_word(key, token.bytes))
        return static_cast<Id>(static_cast<std::uint32_t>(found) - 1);
    }
  }

  static bool is_long_word(std::uint64_t key, std::string_view word) {
    const char* record = reinterpret_cast<const char*>(key);
    const auto part = [](const char* bytes) {
      std::uint64_t x;
      std::memcpy(&x, bytes, sizeof x);
      return x;
    };
    if (part(record) != word.size()) return false;
    record += sizeof(std::uint64_t);
    const std::size_t last = word.size() - 8;
    for (std::size_t i = 0; i < last; i += 8)
      if (part(record + i) != part(word.data() + i)) return false;
    return part(record + last) == part(word.data() + last);
  }

  Entry* entry_at(Id id) const {
    const auto n = static_cast<std::uint32_t>(id) >> kFirstChunk;
    const int chunk = std::bit_width(n);
    const std::uint32_t begin = n ? std::uint32_t{1} << (kFirstChunk + chunk - 1) : 0;
    return chunks_[chunk].load(std::memory_order_acquire) + (static_cast<std::uint32_t>(id) - begin);
  }

  Id add(const Token& token, std::uint64_t position);
  Id new_id();
  void grow(int part);
  void free_retired();

  // What adding takes, apart from what finding reads.
  struct Part {
    std::mutex mutex;
    std::int64_t used = 0;
    std::vector<std::unique_ptr<char[]>> blocks;   // of records
    char* room = nullptr;
    std::size_t left = 0;
  };
  char* record(Part& part, std::size_t bytes);

  std::array<std::atomic<std::uintptr_t>, kParts> parts_{};
  std::array<std::atomic<Entry*>, 32 - kFirstChunk> chunks_{};
  std::atomic<Id> size_{0};
  std::array<Part, kParts> adding_;
  std::mutex shared_;   // of all that follows
  std::vector<Id> invalid_utf8_, ascii_spaced_, unicode_spaced_;
  // A table that was outgrown may still be read by the threads that entered before that.
  struct Retired {
    Table table;
    std::uint64_t since;
  };
  std::vector<Retired> retired_;
  std::uint64_t clock_ = 1;
  std::vector<std::uint64_t> entered_;   // of each thread, by the clock; 0: outside
};

}  // namespace wordkin
