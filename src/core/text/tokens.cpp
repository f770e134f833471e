// Bytes to tokens to ids.
#include <bit>
#include <utility>

#include "text/parts.hpp"

namespace wordkin {

using std::int64_t;
using std::uint64_t;

void Tokens::put(std::string_view token, uint64_t position, const char* readable_end) {
  Waiting& waiting = queue_[queued_];
  waiting.token = Token(token, readable_end);
  waiting.position = position;
  words_.prefetch(waiting.token);
  const int length = token.size() > Words::kLongest;
  of_length_[length][number_of_[length]++] = queued_++;
}

void Tokens::put_line_end() { found_[queued_++] = kLineEnd; }

void Tokens::flush(Part& part) {
  const auto& [short_ones, long_ones] = of_length_;
  const auto [shorts, longs] = number_of_;
  for (int i = 0; i < longs; ++i) words_.prefetch_record(queue_[long_ones[i]].token);
  const auto found = [&](int i, Id id) {
    found_[i] = id;
    if (id < kCounted)
      __builtin_prefetch(&counts_[id]);
    else
      __builtin_prefetch(&words_.entry(id));
  };
  for (int i = 0; i < shorts; ++i) {
    const Waiting& waiting = queue_[short_ones[i]];
    found(short_ones[i], words_.find<Words::Length::kShort>(waiting.token, waiting.position));
  }
  for (int i = 0; i < longs; ++i) {
    const Waiting& waiting = queue_[long_ones[i]];
    found(long_ones[i], words_.find<Words::Length::kLong>(waiting.token, waiting.position));
  }
  Id* const to = ids.room_for(queued_);
  int64_t count = 0, ends = 0;
  Id last = ids.size() > part.begin ? to[-1] : 0;
  for (int i = 0; i < queued_; ++i) {
    const Id id = found_[i];
    if (id == kLineEnd) {
      if (last == kLineEnd) continue;
      ++ends;
    } else {
      this->count(id, queue_[i].position);
    }
    to[count++] = last = id;
  }
  tokens += count - ends;
  part.line_ends += ends;
  ids.added(count);
  queued_ = 0;
  number_of_[0] = number_of_[1] = 0;
}

void Tokens::ended(Part& part) const {
  part.size = ids.size() - part.begin;
  if (!part.size) return;
  part.first = ids.data()[part.begin];
  part.last = ids.data()[ids.size() - 1];
}

void Tokens::push_line_end(Part& part) {
  if (ids.size() > part.begin && ids.data()[ids.size() - 1] == kLineEnd) return;
  ids.push(kLineEnd);
  ++part.line_ends;
}

Id Tokens::add(const Token& token, uint64_t position) {
  const Id id = words_.find(token, position);
  count(id, position);
  ++tokens;
  return id;
}

Part Tokens::read(uint64_t position, std::string_view bytes) {
  constexpr int64_t kMost = int64_t{1} << 31;   // that a count here can be
  if (position < last_ || since_ + static_cast<int64_t>(bytes.size()) > kMost) settle();
  last_ = position;
  since_ += static_cast<int64_t>(bytes.size());
  Part part;
  part.position = position;
  part.thread = thread_;
  part.begin = ids.size();
  part.has_bytes = !bytes.empty();
  const char* const data = bytes.data();
  const char* const readable_end = data + bytes.size();
  const auto size = static_cast<int64_t>(bytes.size());
  int64_t start = 0;   // of the current token
  int64_t i = 0;
  while (i < size && !is_space(data[i])) ++i;
  part.front.assign(data, i);
  if (i == size) {
    part.in_line = part.has_bytes;
    return part;
  }
  part.has_space = true;
  start = i;   // the white space itself, which ends an empty token
  int64_t last_newline = -1;
  const auto space_at = [&](int64_t at, bool newline) {
    if (at > start)
      put({data + start, static_cast<std::size_t>(at - start)}, position + static_cast<uint64_t>(start),
          readable_end);
    start = at + 1;
    if (newline) {
      put_line_end();
      ++part.newlines;
      last_newline = at;
    }
    if (queued_ >= kQueue - 1) flush(part);   // the next may put two
  };
  for (; i % 64 && i < size; ++i)
    if (is_space(data[i])) space_at(i, data[i] == '\n');
  for (; i + 64 <= size; i += 64) {
    const Masks masks = masks_of(data + i);
    for (uint64_t left = masks.space; left; left &= left - 1) {
      const int bit = std::countr_zero(left);
      space_at(i + bit, masks.newline >> bit & 1);
    }
  }
  for (; i < size; ++i)
    if (is_space(data[i])) space_at(i, data[i] == '\n');
  flush(part);   // the bytes are the caller's
  part.back.assign(data + start, size - start);
  part.back_position = position + static_cast<uint64_t>(start);
  part.in_line = last_newline + 1 < size;
  ended(part);
  return part;
}

void Tokens::settle() {
  for (Id id = 0; id < kCounted && id < words_.size(); ++id)
    if (counts_[id]) words_.entry(id).count.fetch_add(std::exchange(counts_[id], 0));
  since_ = 0;
}

}  // namespace wordkin
