// A record of what is decided, by the operator's order.
#include "guard/control.h"
#include "guard/control_text.h"
#include "guard/log.h"
#include "guard/record_text.h"

namespace headgate::guard {
namespace {

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace

net::AdminReply Control::RecordReply() const {
  return {200, RecordJson(parts_.record_status ? parts_.record_status() : RecordStatus())};
}

net::AdminReply Control::Record(std::string_view body) {
  if (!parts_.record) return Refuse(409, "this gate cannot record");
  const std::string stop = Field(body, "stop");
  const std::string_view fields = stop.empty() ? "file for size keep stop" : "stop";
  if (const std::string why = WhyNoBody(body, fields); !why.empty()) return Refuse(400, why);
  if (!stop.empty()) {
    if (stop != "yes") return Refuse(400, "\"stop\" is \"yes\", or not there");
    if (!parts_.stop_record()) return Refuse(409, "nothing is recorded");
    return RecordReply();
  }
  const auto options = ParseRecord(body, FolderOf(running().state_file));
  if (!options.ok()) return Refuse(400, std::string(options.status().message()));
  if (const absl::Status status = parts_.record(*options); !status.ok()) {
    return Refuse(409, std::string(status.message()));
  }
  Log(LogLevel::kInfo, "record " + options->path + " (operator)");
  return RecordReply();
}

}  // namespace headgate::guard
