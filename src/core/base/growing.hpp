// A growing array whose memory the allocator can extend in place: realloc moves pages of large blocks,
// not bytes. What it grows by is not cleared.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>

namespace wordkin {

template <typename T>
class Growing {
  static_assert(std::is_trivially_copyable_v<T>, "elements are moved as bytes");

 public:
  Growing() = default;
  Growing(const Growing&) = delete;
  Growing& operator=(const Growing&) = delete;
  ~Growing() { std::free(data_); }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::int64_t size() const { return size_; }

  void push(T element) {
    if (size_ == capacity_) grow(1);
    data_[size_++] = element;
  }

  void append(const T* elements, std::int64_t count) {
    T* const to = room_for(count);
    if (count) std::memcpy(to, elements, static_cast<std::size_t>(count) * sizeof(T));
    size_ += count;
  }

  // Where `more` further elements may be written; `added` then makes those that were part of the array.
  T* room_for(std::int64_t more) {
    if (more > capacity_ - size_) grow(more);
    return data_ + size_;
  }
  void added(std::int64_t count) { size_ += count; }

  void shrink(std::int64_t size) { size_ = size; }   // both keep the memory
  void clear() { size_ = 0; }

  // Gives the memory away, cut to what is used, to be freed with std::free: never null.
  T* release() {
    T* data = static_cast<T*>(std::realloc(data_, bytes_of(std::max<std::int64_t>(size_, 1))));
    if (!data) throw std::bad_alloc();
    data_ = nullptr;
    size_ = capacity_ = 0;
    return data;
  }

 private:
  static std::size_t bytes_of(std::int64_t elements) {
    return static_cast<std::size_t>(elements) * sizeof(T);
  }

  void grow(std::int64_t more) {
    const std::int64_t capacity = std::max(size_ + more, capacity_ + capacity_ / 2);
    auto* data = static_cast<T*>(std::realloc(data_, bytes_of(capacity)));
    if (!data) throw std::bad_alloc();
    data_ = data;
    capacity_ = capacity;
  }

  T* data_ = nullptr;
  std::int64_t size_ = 0, capacity_ = 0;
};

}  // namespace wordkin
