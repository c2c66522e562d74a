#include "policies/digest.h"

#include <algorithm>

namespace headgate::sql {

template <bool kText>
void DigestBuilder<kText>::LongWord(std::string_view bytes, bool reserved, Part part,
                                    std::string_view text) {
  const Bytes all(bytes);
  std::uint64_t token = reserved ? kReserved : 0;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    const Sixteen next = all.Load(at, std::min<std::size_t>(16, bytes.size() - at));
    token = Fold(next.low ^ kLow ^ token, next.high ^ kHigh);
  }
  Push(part, token, text);
}

template <bool kText>
void DigestBuilder<kText>::CloseRow(bool wide) {
  Pop(2);
  const Part row = wide ? Part::kWideRow : Part::kRow;
  const Part rows = wide ? Part::kWideRows : Part::kRows;
  const std::uint64_t tag = wide ? kWideTag : 0;
  if (Last() == Part::kComma && (Last(1) == row || Last(1) == rows)) {
    Pop(2);
    return Push(rows, kRowsTag ^ tag, wide ? "(?, ...), ..." : "(?), ...");
  }
  Push(row, kRowTag ^ tag, wide ? "(?, ...)" : "(?)");
}

template <bool kText>
void DigestBuilder<kText>::Dots() {
  if (Last() == Part::kComma) {
    const Part list = Last(1);
    if (IsValue(list)) return Literal();
    if (list >= Part::kRow) {
      const bool wide = list >= Part::kWideRow;
      Pop(2);
      return Push(wide ? Part::kWideRows : Part::kRows, kRowsTag ^ (wide ? kWideTag : 0),
                  wide ? "(?, ...), ..." : "(?), ...");
    }
  }
  Operator('.' << 16 | '.' << 8 | '.', Part::kOperand, "...");
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
