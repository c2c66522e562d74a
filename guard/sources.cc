#include "guard/sources.h"

#include <boost/json.hpp>
#include <cmath>

#include "guard/json_text.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

json::object RowJson(const SourceStatus& row, Time now) {
  json::object out{{"source", JsonText(net::SourceText(row.source))},
                   {"pending", row.pending},
                   {"waiting", row.waiting},
                   {"logins", row.logins},
                   {"in", row.in},
                   {"orphans", row.orphans},
                   {"connections", row.connections()},
                   {"refused", row.refused},
                   {"refused_per_s", std::round(row.refused_per_second * 10) / 10},
                   {"reason", nullptr},
                   {"acted", row.acted},
                   {"known_good", row.known_good},
                   {"banned_s", nullptr}};
  if (row.reason != Reason::kNone) out["reason"] = JsonText(Name(row.reason));
  if (row.banned_until) {
    const double left = std::chrono::duration<double>(*row.banned_until - now).count();
    out["banned_s"] = static_cast<std::int64_t>(std::ceil(left));
  }
  return out;
}

}  // namespace

std::optional<SourceOrder> ParseSourceOrder(std::string_view text) {
  if (text.empty() || text == "refused") return SourceOrder::kRefused;
  if (text == "connections") return SourceOrder::kConnections;
  return std::nullopt;
}

std::string SourcesJson(const std::vector<SourceStatus>& rows, std::uint32_t tracked, Time now) {
  json::array list;
  for (const SourceStatus& row : rows) list.push_back(RowJson(row, now));
  return json::serialize(json::object{{"sources", list}, {"tracked", tracked}});
}

}  // namespace headgate::guard
