// Whom an operator names on the command line as his own: networks, users, classes.
//
// Threads: immutable. Lifetime: a plain value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>
#include "policies/address.h"

namespace headgate::guard {

class Protects {
 public:
  // Of "10.1.0.0/16", "192.0.2.7", "user:shop*", "class:shop"; any of them protects.
  static absl::StatusOr<Protects> Parse(const std::vector<std::string>& texts);

  [[nodiscard]] bool Has(const Address& peer, std::string_view user,
                         std::string_view class_name) const;
  [[nodiscard]] bool empty() const {
    return networks_.empty() && users_.empty() && classes_.empty();
  }

 private:
  std::vector<Cidr> networks_;
  std::vector<std::string> users_;    // globs
  std::vector<std::string> classes_;  // globs
};

}  // namespace headgate::guard
