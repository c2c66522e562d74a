// A T that costs a pointer for as long as nothing was put into it: for what a session needs while a
// command is on its way, and an idle one does not. A thread keeps a few that were given back, so
// that the next one costs no allocation.
//
// Threads: as T; one may be made by one thread and given back by another. Lifetime: what Use()
// gives lives until Reset(), a move or the end of the object. REQUIRES: the end of the object comes
// before that of its thread.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace headgate {

template <typename T>
class OnDemand {
 public:
  OnDemand() = default;
  OnDemand(OnDemand&&) noexcept = default;
  OnDemand& operator=(OnDemand&& other) noexcept {
    std::swap(value_, other.value_);
    other.Reset();
    return *this;
  }
  ~OnDemand() { Reset(); }

  // T{} where there is none.
  [[nodiscard]] const T& operator*() const { return value_ != nullptr ? *value_ : Nothing(); }
  [[nodiscard]] const T* operator->() const { return &**this; }
  // Made as T{} where there is none.
  [[nodiscard]] T& Use() {
    if (value_ == nullptr) value_ = spares().Take();
    return *value_;
  }
  // T{} again, at no cost.
  void Reset() {
    if (value_ != nullptr) spares().Put(std::move(value_));
  }

 private:
  // Of a thread; all of them T{}.
  class Spares {
   public:
    std::unique_ptr<T> Take() {
      return size_ > 0 ? std::move(kept_[--size_]) : std::make_unique<T>();
    }
    void Put(std::unique_ptr<T> value) {
      if (size_ == kept_.size()) return;
      *value = T{};
      kept_[size_++] = std::move(value);
    }

   private:
    std::array<std::unique_ptr<T>, 16> kept_;
    std::size_t size_ = 0;
  };

  static Spares& spares() {
    thread_local Spares spares;
    return spares;
  }
  static const T& Nothing() {
    static const T kNothing{};
    return kNothing;
  }

  std::unique_ptr<T> value_;
};

}  // namespace headgate
