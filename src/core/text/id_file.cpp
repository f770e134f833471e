#include "text/id_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace wordkin {

namespace {

[[noreturn]] void fail() { throw std::system_error(errno, std::generic_category()); }

// Calls `move(done)`, which moves some of the bytes, until all are moved.
template <typename Move>
void move_all(std::int64_t bytes, const Move& move) {
  for (std::int64_t done = 0; done < bytes;) {
    const std::int64_t moved = move(done);
    if (moved < 0 && errno == EINTR) continue;
    if (moved < 0) fail();
    if (moved == 0) throw std::runtime_error("the file of ids is shorter than what was written to it");
    done += moved;
  }
}

constexpr std::int64_t kId = sizeof(Id);

}  // namespace

std::int64_t IdFile::append(const Id* ids, std::int64_t count) {
  const std::int64_t at = size_.fetch_add(count);
  write(ids, count, at);
  return at;
}

void IdFile::write(const Id* ids, std::int64_t count, std::int64_t at) const {
  const auto* bytes = reinterpret_cast<const char*>(ids);
  move_all(count * kId, [&](std::int64_t done) {
    return ::pwrite(file_, bytes + done, static_cast<std::size_t>(count * kId - done), at * kId + done);
  });
}

void IdFile::read(Id* ids, std::int64_t count, std::int64_t at) const {
  auto* bytes = reinterpret_cast<char*>(ids);
  move_all(count * kId, [&](std::int64_t done) {
    return ::pread(file_, bytes + done, static_cast<std::size_t>(count * kId - done), at * kId + done);
  });
}

void IdFile::forget([[maybe_unused]] std::int64_t count, [[maybe_unused]] std::int64_t at) const {
#if defined(__linux__)
  if (count) ::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at * kId, count * kId);
#endif
}

}  // namespace wordkin
