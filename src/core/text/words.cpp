#include "text/words.hpp"

#include <cstdlib>
#include <new>
#include <stdexcept>
#include <utility>

#include "text/spelling.hpp"

namespace wordkin {

namespace {

constexpr int kFirstSlots = 6;              // of a part, as a power of two
constexpr std::size_t kBlock = 1 << 16;     // bytes of records taken at once

// Zeroed, and aligned, so that no slot lies on two.
void* zeroed(std::size_t bytes) {
  void* memory = std::aligned_alloc(64, bytes);
  if (!memory) throw std::bad_alloc();
  std::memset(memory, 0, bytes);
  return memory;
}

}  // namespace

Words::Words(int threads) : entered_(threads) {
  for (auto& part : parts_)
    part = reinterpret_cast<std::uintptr_t>(zeroed(sizeof(Slot) << kFirstSlots)) | kFirstSlots;
}

Words::~Words() {
  for (auto& part : parts_) std::free(Table{part}.slots());
  for (const Retired& retired : retired_) std::free(retired.table.slots());
  for (auto& chunk : chunks_) std::free(chunk.load());
}

void Words::enter(int thread) {
  std::lock_guard lock(shared_);
  entered_[thread] = clock_;
}

void Words::leave(int thread) {
  std::lock_guard lock(shared_);
  entered_[thread] = 0;
  free_retired();
}

void Words::free_retired() {
  std::uint64_t oldest = clock_;
  for (const std::uint64_t entered : entered_)
    if (entered) oldest = std::min(oldest, entered);
  std::erase_if(retired_, [&](const Retired& retired) {
    if (retired.since > oldest) return false;
    std::free(retired.table.slots());
    return true;
  });
}

Id Words::add(const Token& token, std::uint64_t position) {
  const auto number = static_cast<int>(token.hash >> kPartShift);
  Part& part = adding_[number];
  std::lock_guard lock(part.mutex);
  Table table{parts_[number].load(std::memory_order_relaxed)};
  const Id found = token.bytes.size() <= kLongest ? find_in<Length::kShort>(table, token)
                                                  : find_in<Length::kLong>(table, token);
  if (found >= 0) return found;   // another thread came first
  if (part.used >= static_cast<std::int64_t>(table.mask()) / 8 * 5) {
    grow(number);
    table = {parts_[number].load(std::memory_order_relaxed)};
  }
  const std::string_view word = token.bytes;
  char* const memory = record(part, sizeof(std::uint64_t) + word.size());
  const std::uint64_t size = word.size();
  std::memcpy(memory, &size, sizeof size);
  std::memcpy(memory + sizeof size, word.data(), word.size());
  const Id id = new_id();
  Entry& entry = *entry_at(id);
  entry.first.store(position, std::memory_order_relaxed);
  entry.bytes = memory + sizeof size;
  const std::uint32_t tag = tag_of(token);
  std::uint64_t at = place(tag, table.mask());
  while (table.slots()[at].tag_and_id.load(std::memory_order_relaxed)) at = (at + 1) & table.mask();
  Slot& slot = table.slots()[at];
  slot.key.store(word.size() <= kLongest ? token.head : reinterpret_cast<std::uintptr_t>(memory),
                 std::memory_order_relaxed);
  slot.tag_and_id.store(std::uint64_t{tag} << 32 | (static_cast<std::uint32_t>(id) + 1),
                        std::memory_order_release);
  ++part.used;
  if (is_plain(word)) return id;
  const std::string_view kept = entry.word();
  std::lock_guard shared(shared_);
  if (!is_utf8(kept)) invalid_utf8_.push_back(id);
  if (has_ascii_space(kept)) ascii_spaced_.push_back(id);
  if (has_unicode_space(kept)) unicode_spaced_.push_back(id);
  return id;
}

Id Words::new_id() {
  const Id id = size_.fetch_add(1, std::memory_order_relaxed);
  if (id < 0 || id == INT32_MAX) {
    size_.store(INT32_MAX, std::memory_order_relaxed);
    throw std::length_error("more than 2^31 - 1 different words");
  }
  const int chunk = std::bit_width(static_cast<std::uint32_t>(id) >> kFirstChunk);
  if (!chunks_[chunk].load(std::memory_order_acquire)) {
    std::lock_guard shared(shared_);
    if (!chunks_[chunk].load(std::memory_order_relaxed)) {
      // All zeros, which the system gives as they are written to.
      void* entries = std::calloc(std::size_t{1} << (kFirstChunk + std::max(chunk - 1, 0)), sizeof(Entry));
      if (!entries) throw std::bad_alloc();
      chunks_[chunk].store(static_cast<Entry*>(entries), std::memory_order_release);
    }
  }
  return id;
}

char* Words::record(Part& part, std::size_t bytes) {
  bytes = (bytes + 7) & ~std::size_t{7};
  if (bytes > part.left) {
    const std::size_t block = std::max(kBlock, bytes);
    part.blocks.push_back(std::make_unique_for_overwrite<char[]>(block));
    part.room = part.blocks.back().get();
    part.left = block;
  }
  part.left -= bytes;
  return std::exchange(part.room, part.room + bytes);
}

void Words::grow(int part) {
  const Table old{parts_[part].load(std::memory_order_relaxed)};
  const std::uint64_t slots = 2 * (old.mask() + 1), mask = slots - 1;
  const Table larger{reinterpret_cast<std::uintptr_t>(zeroed(slots * sizeof(Slot))) |
                     static_cast<std::uintptr_t>(std::countr_zero(slots))};
  for (std::uint64_t i = 0; i <= old.mask(); ++i) {
    const std::uint64_t found = old.slots()[i].tag_and_id.load(std::memory_order_relaxed);
    if (!found) continue;
    std::uint64_t at = place(static_cast<std::uint32_t>(found >> 32), mask);
    while (larger.slots()[at].tag_and_id.load(std::memory_order_relaxed)) at = (at + 1) & mask;
    larger.slots()[at].key.store(old.slots()[i].key.load(std::memory_order_relaxed),
                                 std::memory_order_relaxed);
    larger.slots()[at].tag_and_id.store(found, std::memory_order_relaxed);
  }
  std::lock_guard shared(shared_);
  retired_.push_back({old, ++clock_});
  parts_[part].store(larger.packed, std::memory_order_release);
}

}  // namespace wordkin
