// Whom an operator names on the command line as his own: networks, users, classes.
//
// Threads: none of its own. Lifetime: a plain value.
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

  [[nodiscard]] bool empty() const { return networks_.empty() && logins_.empty(); }
  // Whether any user or class is named.
  [[nodiscard]] bool names_logins() const { return !logins_.empty(); }

  [[nodiscard]] bool HasPeer(const Address& peer) const;
  // The source (SourceOf()) of somebody whose address is named: a ban binds all of it.
  [[nodiscard]] bool MeetsSource(const Address& source) const;
  // By what a login claims.
  [[nodiscard]] bool HasLogin(std::string_view user, std::string_view class_name) const;

  // Somebody came, or logged in: remembers which of them are met. True: one that protects him is.
  bool MeetPeer(const Address& peer);
  bool MeetLogin(std::string_view user, std::string_view class_name);
  // Those that nobody met, as they were written.
  [[nodiscard]] std::vector<std::string> Unmet() const;

 private:
  struct Network {
    std::string text;
    Cidr network;
    bool met = false;
  };
  struct Login {
    std::string text;
    bool of_class = false;
    std::string glob;
    bool met = false;
    [[nodiscard]] bool Has(std::string_view user, std::string_view class_name) const;
  };
  std::vector<Network> networks_;
  std::vector<Login> logins_;
};

}  // namespace headgate::guard
