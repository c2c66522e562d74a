#include "guard/short_number.h"

#include <array>
#include <cmath>

#include <absl/strings/str_format.h>

namespace headgate::guard {

std::string ShortNumber(double n) {
  constexpr std::array<char, 4> kUnits = {'k', 'M', 'G', 'T'};
  if (n < 10 && n != std::floor(n)) return absl::StrFormat("%.2f", n);
  if (n < 10000) return absl::StrFormat("%.0f", n);
  std::size_t i = 0;
  for (n /= 1000; n >= 1000 && i + 1 < kUnits.size(); ++i) n /= 1000;
  return absl::StrFormat("%.*f%c", n < 10 ? 2 : n < 100 ? 1 : 0, n, kUnits[i]);
}

}  // namespace headgate::guard
