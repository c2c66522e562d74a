// Where each key of a configuration stands: what `headgate explain` names beside every limit.
//
// Threads: immutable once published with its configuration. Lifetime: a plain value.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::guard {

class Origins {
 public:
  // "source.connect_rate", "class.shop" kOfClass "max" (own_key.h), "rule.NAME" to "FILE:12".
  void Set(std::string key, std::string place) { places_[std::move(key)] = std::move(place); }

  // Where the value of a key comes from: what a class does not say itself it has from [query] or
  // [shape]. "default" for what is in no file.
  [[nodiscard]] std::string Of(std::string_view key) const;

  // For keys whose running value stays when a reload brings another: the place they had before,
  // though the file may say something else there by now.
  void Keep(const Origins& running, const std::vector<std::string>& keys);

 private:
  std::map<std::string, std::string, std::less<>> places_;
};

}  // namespace headgate::guard
