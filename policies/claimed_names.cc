#include "policies/claimed_names.h"

#include <algorithm>
#include <utility>

namespace headgate {

void ClaimedNames::Set(std::string_view user, std::string_view database,
                       std::string_view class_name) {
  class_name = class_name.substr(0, UINT16_MAX);
  auto bytes = std::make_unique<char[]>(user.size() + database.size() + class_name.size());
  char* end = std::copy(user.begin(), user.end(), bytes.get());
  end = std::copy(database.begin(), database.end(), end);
  std::copy(class_name.begin(), class_name.end(), end);
  bytes_ = std::move(bytes);
  user_ = static_cast<std::uint8_t>(user.size());
  database_ = static_cast<std::uint8_t>(database.size());
  class_ = static_cast<std::uint16_t>(class_name.size());
}

}  // namespace headgate
