// A T that costs a pointer for as long as nothing was put into it: for what a session needs while a
// command is on its way, and an idle one does not.
//
// Threads: as T. Lifetime: what Use() gives lives until Reset(), a move or the end of the object.
#pragma once

#include <memory>

namespace headgate {

template <typename T>
class OnDemand {
 public:
  // T{} where there is none.
  [[nodiscard]] const T& operator*() const { return value_ != nullptr ? *value_ : Nothing(); }
  [[nodiscard]] const T* operator->() const { return &**this; }
  // Made as T{} where there is none.
  [[nodiscard]] T& Use() {
    if (value_ == nullptr) value_ = std::make_unique<T>();
    return *value_;
  }
  // T{} again, at no cost.
  void Reset() { value_ = nullptr; }

 private:
  static const T& Nothing() {
    static const T kNothing{};
    return kNothing;
  }

  std::unique_ptr<T> value_;
};

}  // namespace headgate
