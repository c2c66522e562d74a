// What [gate] transparent needs beside the firewall's table, as commands: policy routing on this
// host, and on each server's host the way back through this one. `headgate firewall print` shows
// them; a start without them says them.
//
// Threads: pure functions. Lifetime: plain values.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "guard/config.h"
#include "net/transparent.h"

namespace headgate::guard {

struct TransparentRecipe {
  struct Server {
    std::string address;
    std::vector<std::string> commands;  // for its host, as root
  };
  std::vector<std::string> gate;  // for this host, as root
  std::vector<Server> servers;
  std::vector<std::string> notes;  // what could not be told, in words
};

// Policy routing for one family.
[[nodiscard]] std::vector<std::string> RoutingCommands(bool v4);

// `resolve`: addresses of a host name, none where it has none. `own`: this host's address as a
// server sees it, nullopt where there is no way to it: the command then has THIS_HOST in its place.
[[nodiscard]] TransparentRecipe RecipeOf(
    const Config& config, const std::function<std::vector<Address>(const std::string&)>& resolve,
    const std::function<std::optional<Address>(const Address&)>& own = net::OwnAddressTowards);

// Each line a comment: it follows what is for `nft -f`.
[[nodiscard]] std::string RecipeText(const TransparentRecipe& recipe);
// {"gate":["ip ..."],"servers":[{"address","commands":[]}],"notes":[]}
[[nodiscard]] boost::json::object RecipeJson(const TransparentRecipe& recipe);

}  // namespace headgate::guard
