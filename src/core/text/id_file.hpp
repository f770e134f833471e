// Ids in a file that has no name, where they would not fit in memory.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/types.hpp"

namespace wordkin {

// Threads write and read at once. All throw std::system_error with what the system says, and
// std::runtime_error for a file that is shorter than it was.
class IdFile {
 public:
  explicit IdFile(int file = -1) : file_(file) {}

  bool open() const { return file_ >= 0; }
  std::int64_t append(const Id* ids, std::int64_t count);   // returns where they stand
  void write(const Id* ids, std::int64_t count, std::int64_t at) const;
  void read(Id* ids, std::int64_t count, std::int64_t at) const;
  void forget(std::int64_t count, std::int64_t at) const;   // gives space back, where the system can

 private:
  int file_;
  std::atomic<std::int64_t> size_{0};
};

}  // namespace wordkin
