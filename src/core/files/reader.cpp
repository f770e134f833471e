// What the readers of text and of binary files share: the header, and how damage is noted.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>

#include "files/files.hpp"
#include "files/lines.hpp"

namespace wordkin {

using namespace files;

namespace {

constexpr std::int64_t kLongestHeader = 80;   // bytes, line end included

}  // namespace

void VectorReader::refuse(std::int64_t at, std::string what, std::vector<std::string> quoted) {
  damage_ = Damage{at, std::move(what), std::move(quoted)};
}

void VectorReader::skip(Damage&& row) {
  if (!skip_bad_) {
    damage_ = std::move(row);
    return;
  }
  ++skipped_.count;
  if (skipped_.first.size() < kReported) skipped_.first.push_back(std::move(row));
}

void VectorReader::read_header(std::string_view& bytes) {
  const std::size_t size =
      std::min({bytes.find('\n'), bytes.size() - 1,
                static_cast<std::size_t>(kLongestHeader) - pending_.size() - 1}) + 1;
  pending_.append(bytes.substr(0, size));
  bytes.remove_prefix(size);
  if (pending_.back() != '\n' && length(pending_) < kLongestHeader) return;
  const char* p = pending_.data();
  const char* const end = p + pending_.size();
  std::int64_t found[2] = {-1, -1};
  bool fits = true;
  for (std::int64_t& number : found) {
    while (p < end && is_blank(*p)) ++p;
    const auto [after, error] = std::from_chars(p, end, number);
    fits = fits && error == std::errc() && after < end && std::strchr(" \t\r\n", *after);
    p = after;
  }
  while (p < end && (is_blank(*p) || *p == '\r')) ++p;
  const auto [V, d] = found;
  if (!fits || p != end - 1 || *p != '\n' || V < 0 || d < 1)
    return refuse(0, "the first line must be 'words dimensions', got {}", {pending_});
  if (d > kMostDimensions)
    return refuse(0, "dimensions must be at most " + std::to_string(kMostDimensions) + ", got " +
                         std::to_string(d));
  position_ = length(pending_);
  declared_ = V;
  rows_.dim = d;
  pending_.clear();
}

}  // namespace wordkin
