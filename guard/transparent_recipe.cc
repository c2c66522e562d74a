#include "guard/transparent_recipe.h"

#include <algorithm>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

// As the run has them: of a name the first.
std::vector<Address> ServersOf(
    const Config& config, const std::function<std::vector<Address>(const std::string&)>& resolve,
    std::vector<std::string>& notes) {
  std::vector<Address> servers;
  for (const Endpoint& backend : config.backend) {
    if (backend.IsUnix()) continue;
    if (backend.host.empty()) {
      servers.push_back(backend.address);
      continue;
    }
    notes.push_back(absl::StrFormat(
        "%s is a name: clients that call its address past the gate are not led here; write the "
        "address as [gate] backend for that",
        backend.host));
    const std::vector<Address> found = resolve(backend.host);
    if (found.empty()) {
      notes.push_back(backend.host + " cannot be looked up: what it needs is not shown");
    } else {
      servers.push_back(found.front());
    }
  }
  std::sort(servers.begin(), servers.end());
  servers.erase(std::unique(servers.begin(), servers.end()), servers.end());
  return servers;
}

void AppendCommands(const std::string& heading, const std::vector<std::string>& commands,
                    std::string& out) {
  if (commands.empty()) return;
  out += "# " + heading + "\n";
  for (const std::string& command : commands) out += "#   " + command + "\n";
}

}  // namespace

std::vector<std::string> RoutingCommands(bool v4) {
  const char* ip = v4 ? "ip" : "ip -6";
  return {absl::StrFormat("%s rule add priority %d fwmark 0x%x/0x%x lookup %d", ip,
                          net::kTransparentTable, net::kTransparentMark, net::kTransparentMark,
                          net::kTransparentTable),
          absl::StrFormat("%s route replace local %s dev lo table %d", ip,
                          v4 ? "0.0.0.0/0" : "::/0", net::kTransparentTable)};
}

TransparentRecipe RecipeOf(const Config& config,
                           const std::function<std::vector<Address>(const std::string&)>& resolve,
                           const std::function<std::optional<Address>(const Address&)>& own) {
  TransparentRecipe recipe;
  const std::vector<Address> servers = ServersOf(config, resolve, recipe.notes);
  for (const bool v4 : {true, false}) {
    const bool used = std::any_of(servers.begin(), servers.end(),
                                  [v4](const Address& a) { return a.IsV4() == v4; });
    if (!used) continue;
    for (std::string& command : RoutingCommands(v4)) recipe.gate.push_back(std::move(command));
  }
  for (const Address& server : servers) {
    const std::optional<Address> self = own(server);
    recipe.servers.push_back(
        {net::ToText(server),
         {absl::StrFormat("%s route replace default via %s", server.IsV4() ? "ip" : "ip -6",
                          self ? net::ToText(*self) : std::string("THIS_HOST"))}});
  }
  return recipe;
}

std::string RecipeText(const TransparentRecipe& recipe) {
  std::string out;
  AppendCommands("[gate] transparent needs this routing as well, here, as root, at each boot:",
                 recipe.gate, out);
  for (const TransparentRecipe::Server& server : recipe.servers) {
    AppendCommands(
        "And on the host of the server " + server.address +
            ", whose answers to clients have to come through here (or only the clients' networks):",
        server.commands, out);
  }
  for (const std::string& note : recipe.notes) out += "# " + note + "\n";
  return out;
}

json::object RecipeJson(const TransparentRecipe& recipe) {
  json::array servers;
  for (const TransparentRecipe::Server& server : recipe.servers) {
    servers.push_back(json::object{{"address", JsonText(server.address)},
                                   {"commands", TextList(server.commands)}});
  }
  return {{"gate", TextList(recipe.gate)},
          {"servers", std::move(servers)},
          {"notes", TextList(recipe.notes)}};
}

}  // namespace headgate::guard
