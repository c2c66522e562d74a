#include "guard/state_bans.h"

#include <boost/json.hpp>
#include <set>

#include <absl/strings/str_format.h>
#include "guard/printable.h"
#include "guard/state_fields.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

// A ban that is about to end is one all the same.
std::int64_t SecondsUp(Duration d) {
  return d > Duration::zero() ? std::max<std::int64_t>(KeptSeconds(d), 1) : 0;
}

std::string Plain(const std::string& reason) {
  const std::string text = reason.substr(0, BanList::kMaxReasonBytes);
  return Printable(text) == text ? text : "";
}

absl::StatusOr<BanRecord> ParseBan(const json::value& value, std::size_t index) {
  Fields fields(value, absl::StrFormat("bans[%d]", index));
  BanRecord ban;
  std::string network;
  fields.TakeText("network", network);
  fields.TakeAge("left_s", ban.left);
  fields.TakeAge("forget_s", ban.forget);
  fields.Take("times", ban.times);
  fields.TakeBool("operator", ban.by_operator);
  fields.TakeBool("gate_only", ban.gate_only);
  fields.TakeText("reason", ban.reason);
  const auto cidr = net::ParseCidr(network);
  if (!cidr || cidr->bits > SourceNetwork(cidr->address).bits) fields.Fault("network");
  if (auto s = fields.status(); !s.ok()) return s;
  ban.network = *cidr;
  ban.reason = Plain(ban.reason);
  return ban;
}

}  // namespace

std::string BansStateJson(const std::vector<BanRecord>& bans) {
  std::string out = "[";
  for (const BanRecord& ban : bans) {
    absl::StrAppendFormat(
        &out,
        R"(%s{"network":"%s","left_s":%d,"forget_s":%d,"times":%d,"operator":%s,"gate_only":%s,)",
        out.size() > 1 ? ",\n" : "\n", net::ToText(ban.network), SecondsUp(ban.left),
        SecondsUp(ban.forget), ban.times, ban.by_operator ? "true" : "false",
        ban.gate_only ? "true" : "false");
    out += "\"reason\":" + json::serialize(json::value(Plain(ban.reason))) + "}";
  }
  return out + "]";
}

absl::StatusOr<std::vector<BanRecord>> ParseStateBans(const json::value& value) {
  const auto* list = value.if_array();
  if (list == nullptr) return absl::InvalidArgumentError("\"bans\" is no list");
  std::vector<BanRecord> bans;
  std::set<Cidr> seen;
  for (std::size_t i = 0; i < std::min<std::size_t>(list->size(), BanList::kDefaultCapacity); ++i) {
    auto ban = ParseBan((*list)[i], i);
    if (!ban.ok()) return ban.status();
    if (!seen.insert(ban->network).second) {
      return absl::InvalidArgumentError(absl::StrFormat("bans[%d] stands there twice", i));
    }
    bans.push_back(std::move(*ban));
  }
  return bans;
}

}  // namespace headgate::guard
