#include "guard/admin_checks.h"

#include <grp.h>

#include <initializer_list>
#include <utility>

namespace headgate::guard {
namespace {

void CheckHttp(const std::string& http, Findings& findings) {
  if (http.empty()) return;
  const auto endpoint = ParseEndpoint(http);
  if (!endpoint || endpoint->IsUnix() || !endpoint->host.empty()) {
    return findings.Error("admin.http",
                          "expected an address with a port like \"127.0.0.1:9933\" or "
                          "\"[::1]:9933\", or \"\" for no page");
  }
  if (endpoint->address.IsLoopback()) return;
  findings.Warn("admin.http",
                "whoever reaches this address reads clients' addresses, user names and statements "
                "without their literals: there is no password; use a loopback address behind a "
                "proxy that asks for one, or let only the monitoring host through a firewall");
}

// An id that is not mapped into a container or a user namespace is shown as this one
// (user_namespaces(7)).
constexpr gid_t kOverflowGroup = 65534;

// Where names of hosts are left alone, names of groups are.
void CheckGroup(const std::string& name, const HostFacts& host, Findings& findings) {
  if (name.empty() || !host.resolve) return;
  const group* found = getgrnam(name.c_str());
  if (found == nullptr) {
    findings.Warn("admin.group", "there is no group \"" + name +
                                     "\" here: only root and the gate's user may ask; make it "
                                     "with groupadd, then restart the gate");
  } else if (found->gr_gid == kOverflowGroup || name == "nogroup" || name == "nobody") {
    findings.Warn("admin.group",
                  "\"" + name +
                      "\" is whatever has no group of its own: processes of containers whose "
                      "ids are unknown here appear in it as well, and could ban and drain; use a "
                      "group that is for this alone");
  }
}

}  // namespace

void CheckAdmin(const Config& config, const HostFacts& host, Findings& findings) {
  const std::string& socket = config.admin.socket;
  if (socket.empty() || socket.front() != '/' || socket.size() > 107) {
    findings.Error("admin.socket", "needs an absolute path of at most 107 bytes");
  }
  CheckGroup(config.admin.group, host, findings);
  CheckHttp(config.admin.http, findings);
  const std::pair<const char*, const std::string&> paths[] = {
      {"host.data_dir", config.host.data_dir}, {"host.error_log", config.host.error_log}};
  for (const auto& [key, path] : paths) {
    if (!path.empty() && path.front() != '/') {
      findings.Error(key, "needs an absolute path, or \"\" for none");
    }
  }
}

}  // namespace headgate::guard
