// The smallest parts of a trace file: numbers of variable length, and bytes behind their length.
//
// Threads: plain values. Lifetime: a reader's views are those of the bytes it was given.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace headgate::guard {

class TraceWriter {
 public:
  void Byte(std::uint8_t b) { bytes_.push_back(static_cast<char>(b)); }
  // Seven bits a byte, the lowest first; the eighth says that more follow (as protobuf's varints).
  void Number(std::uint64_t n) {
    for (; n >= 0x80; n >>= 7) Byte(static_cast<std::uint8_t>(n | 0x80));
    Byte(static_cast<std::uint8_t>(n));
  }
  // Of either sign; small ones are short.
  void Signed(std::int64_t n) {
    const std::uint64_t sign = n < 0 ? ~std::uint64_t{0} : 0;
    Number((static_cast<std::uint64_t>(n) << 1) ^ sign);
  }
  void Fixed(std::uint64_t n) {
    for (int i = 0; i < 64; i += 8) Byte(static_cast<std::uint8_t>(n >> i));
  }
  void Real(double d) { Fixed(std::bit_cast<std::uint64_t>(d)); }
  void Text(std::string_view text) {
    Number(text.size());
    bytes_.append(text);
  }
  void Raw(const void* data, std::size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
  }

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  std::string Take() { return std::exchange(bytes_, {}); }

 private:
  std::string bytes_;
};

// What is not there, or is no such number, makes it fail; from then on all is zero.
class TraceBytes {
 public:
  explicit TraceBytes(std::string_view bytes) : left_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool empty() const { return left_.empty(); }
  [[nodiscard]] std::size_t left() const { return left_.size(); }
  void Fail() {
    ok_ = false;
    left_ = {};
  }
  std::uint8_t Byte() {
    if (left_.empty()) {
      Fail();
      return 0;
    }
    const auto b = static_cast<std::uint8_t>(left_.front());
    left_.remove_prefix(1);
    return b;
  }
  std::uint64_t Number() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t b = Byte();
      n |= static_cast<std::uint64_t>(b & 0x7F) << shift;
      if ((b & 0x80) == 0) return ok_ ? n : 0;
    }
    Fail();
    return 0;
  }
  std::int64_t Signed() {
    const std::uint64_t n = Number();
    return static_cast<std::int64_t>((n >> 1) ^ (~(n & 1) + 1));
  }
  std::uint64_t Fixed() {
    std::uint64_t n = 0;
    for (int i = 0; i < 64; i += 8) n |= static_cast<std::uint64_t>(Byte()) << i;
    return ok_ ? n : 0;
  }
  double Real() { return std::bit_cast<double>(Fixed()); }
  std::string_view Text() { return Raw(Number()); }
  std::string_view Raw(std::uint64_t size) {
    if (size > left_.size()) {
      Fail();
      return {};
    }
    const std::string_view raw = left_.substr(0, size);
    left_.remove_prefix(size);
    return raw;
  }
  // One of `count` values, from 0.
  template <typename E>
  E Choice(std::uint64_t count) {
    const std::uint64_t n = Number();
    if (n >= count) Fail();
    return ok_ ? static_cast<E>(n) : E{};
  }

 private:
  std::string_view left_;
  bool ok_ = true;
};

}  // namespace headgate::guard
