// A queue of at most kMost, of which most owners never have two at once: one lies in place, and all
// of them on the heap from the first time that there are two.
//
// Threads: its owner's. Lifetime: plain value. Memory: one element, and kMost of them from its
// second at once on, kept from then on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace headgate {

template <typename T, std::size_t kMost>
class SmallRing {
 public:
  static_assert(kMost <= UINT8_MAX);

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] bool full() const { return size_ == kMost; }
  [[nodiscard]] std::size_t size() const { return size_; }
  // Oldest first. REQUIRES: i < size().
  [[nodiscard]] T& operator[](std::size_t i) { return At(i); }
  [[nodiscard]] T& front() { return At(0); }
  [[nodiscard]] const T& front() const { return more_ == nullptr ? one_ : (*more_)[first_]; }
  [[nodiscard]] T& back() { return At(size_ - 1U); }

  // A new one, as T{}. REQUIRES: not full.
  T& Push() {
    if (size_ > 0 && more_ == nullptr) Spill();
    T& added = At(size_++);
    added = T{};
    return added;
  }
  // The oldest goes, and what it holds with it.
  void Pop() {
    At(0) = T{};
    if (more_ != nullptr) first_ = static_cast<std::uint8_t>((first_ + 1U) % kMost);
    --size_;
  }

 private:
  using Many = std::array<T, kMost>;

  void Spill() {
    more_ = std::make_unique<Many>();
    (*more_)[0] = std::exchange(one_, T{});
    first_ = 0;
  }
  T& At(std::size_t i) { return more_ == nullptr ? one_ : (*more_)[(first_ + i) % kMost]; }

  T one_{};
  std::unique_ptr<Many> more_;
  std::uint8_t first_ = 0, size_ = 0;
};

}  // namespace headgate
