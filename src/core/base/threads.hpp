// Runs work on several threads, while the calling one reports progress.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#ifdef __SSE2__
#include <xmmintrin.h>
#endif

namespace wordkin {

// Makes this thread treat denormal numbers as zeros: they change nothing in training, and processors
// take a hundred times as long for them.
inline void flush_denormals() {
#ifdef __SSE2__
  _mm_setcsr(_mm_getcsr() | 0x8040);
#endif
}

// While one of these lives, its thread computes with denormal numbers, whatever was set before.
class KeepDenormals {
 public:
#ifdef __SSE2__
  KeepDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ & ~0x8040u); }
  ~KeepDenormals() { _mm_setcsr(before_); }
#else
  KeepDenormals() : before_(0) {}
  ~KeepDenormals() {}
#endif
  KeepDenormals(const KeepDenormals&) = delete;
  KeepDenormals& operator=(const KeepDenormals&) = delete;

 private:
  [[maybe_unused]] unsigned before_;
};

// Calls work(0) .. work(threads - 1), each on a thread of its own, none before all are there; and
// `tick` from the calling thread about ten times a second until all have ended. What one of them
// throws is thrown here, once `stop` was called and the others have ended, too.
inline void run_threads(int threads, const std::function<void(int)>& work,
                        const std::function<void()>& tick, const std::function<void()>& stop) {
  enum class Gate { closed, open, given_up } gate = Gate::closed;
  std::mutex mutex;
  std::condition_variable changed;
  std::exception_ptr failure;
  int running = 0;
  const auto guarded = [&](int number) {
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return gate != Gate::closed; });
      if (gate == Gate::given_up) return;
    }
    flush_denormals();
    std::exception_ptr thrown;
    try {
      work(number);
    } catch (...) {
      thrown = std::current_exception();
      stop();
    }
    std::lock_guard lock(mutex);
    if (thrown && !failure) failure = thrown;
    --running;
    changed.notify_all();
  };
  std::vector<std::thread> started;
  const auto open = [&](Gate to) {
    std::lock_guard lock(mutex);
    gate = to;
    running = static_cast<int>(started.size());
    changed.notify_all();
  };
  const auto join = [&] {
    for (std::thread& thread : started) thread.join();
  };
  try {
    for (int number = 0; number < threads; ++number) started.emplace_back(guarded, number);
  } catch (...) {   // the system gives no more
    open(Gate::given_up);
    join();
    throw;
  }
  open(Gate::open);
  try {
    std::unique_lock lock(mutex);
    while (!changed.wait_for(lock, std::chrono::milliseconds(100), [&] { return running == 0; })) {
      lock.unlock();
      tick();
      lock.lock();
    }
  } catch (...) {
    stop();
    join();
    throw;
  }
  join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace wordkin
