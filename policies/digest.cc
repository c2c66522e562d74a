#include "policies/digest.h"

#include <algorithm>

namespace headgate::sql {

std::uint64_t HashLongWord(std::string_view bytes, bool reserved) {
  namespace d = digest_internal;
  const Bytes all(bytes);
  std::uint64_t token = reserved ? d::kReserved : 0;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    const Sixteen next = all.Load(at, std::min<std::size_t>(16, bytes.size() - at));
    token = d::Fold(next.low ^ d::kLow ^ token, next.high ^ d::kHigh);
  }
  return token;
}

template <bool kText>
void DigestBuilder<kText>::Cut(bool in_token) {
  cut_ = true;
  if (in_token && Last() != Part::kNone) Pop(1);
  const auto unfinished = [](Part p) {
    return IsValue(p) || p == Part::kComma || p == Part::kOpen || p == Part::kSign;
  };
  while (unfinished(Last())) Pop(1);
}

template <bool kText>
bool DigestBuilder<kText>::WantsSpace(Part part, std::string_view text) const {
  if (size_ == 0 || text.empty()) return false;
  const char before = text_[size_ - 1];
  if (before == '(' || before == '@') return false;
  if (before == '.' && !(size_ >= 3 && text_[size_ - 2] == '.')) return false;
  if (part == Part::kComma || text == ")" || text == "." || text == ";") return false;
  const bool call = text[0] == '(' && Last() == Part::kOperand && before != ')';
  return !call;
}

template <bool kText>
void DigestBuilder<kText>::Write(Part part, std::string_view text) {
  const auto put = [this](std::string_view bytes) {
    const std::size_t n = std::min(bytes.size(), text_.size() - size_);
    std::copy_n(bytes.begin(), n, text_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += n;
  };
  if (WantsSpace(part, text)) put(" ");
  put(text);
}

template class DigestBuilder<false>;
template class DigestBuilder<true>;

}  // namespace headgate::sql
