#include "guard/digests.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/printable.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

// Of one row in an answer: what the table keeps may be longer than anybody reads.
constexpr std::size_t kLongestText = 2048;

// A thousandth is what a person reads of it.
double Rounded(double value) { return std::round(value * 1000) / 1000; }
double Milliseconds(Duration d) { return Rounded(Seconds(d) * 1000); }

std::uint64_t KeyOf(const DigestRow& row, DigestSort sort) {
  switch (sort) {
    case DigestSort::kCount:
      return row.count;
    case DigestSort::kP99:
      return static_cast<std::uint64_t>(row.p99.count());
    case DigestSort::kErrors:
      return row.errors;
    case DigestSort::kRows:
      return row.rows;
    case DigestSort::kTime:
      break;
  }
  return static_cast<std::uint64_t>(row.total.count());
}

json::object RowJson(const DigestRow& row, Duration all, Time now) {
  const double lived = std::max(Seconds(now - row.first_seen), 1.0);
  const double share = all > Duration::zero() ? Seconds(row.total) / Seconds(all) : 0;
  return {{"digest", absl::StrFormat("%016x", row.id)},
          {"class", Printable(row.class_name)},
          {"text", Cut(Printable(row.text), kLongestText)},
          {"share", Rounded(share)},
          {"count", row.count},
          {"rate", Rounded(static_cast<double>(row.count) / lived)},
          {"running", row.running},
          {"total_ms", Milliseconds(row.total)},
          {"p50_ms", Milliseconds(row.p50)},
          {"p95_ms", Milliseconds(row.p95)},
          {"p99_ms", Milliseconds(row.p99)},
          {"longest_ms", Milliseconds(row.longest)},
          {"rows", row.rows},
          {"bytes", row.bytes},
          {"no_index", row.no_index},
          {"errors", row.errors},
          {"refused", row.refused},
          {"first_seen_s", Rounded(Seconds(now - row.first_seen))},
          {"last_seen_s", Rounded(Seconds(now - row.last_seen))}};
}

absl::Status TakeSetting(std::string_view name, std::string_view value, DigestQuery& query) {
  if (name == "limit") {
    std::size_t limit = 0;
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, limit);
    if (parsed.ec != std::errc() || parsed.ptr != end || limit < 1 || limit > kMostDigests) {
      return absl::InvalidArgumentError(
          absl::StrFormat("limit takes a number from 1 to %d", kMostDigests));
    }
    query.limit = limit;
  } else if (name == "sort") {
    const auto* found = std::find(std::begin(kDigestSorts), std::end(kDigestSorts), value);
    if (found == std::end(kDigestSorts)) {
      return absl::InvalidArgumentError("sort takes one of time, count, p99, errors, rows");
    }
    query.sort = static_cast<DigestSort>(found - std::begin(kDigestSorts));
  } else if (name == "class") {
    query.class_name = std::string(value);
  } else {
    return absl::InvalidArgumentError("there are limit, sort and class");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DigestQuery> ParseDigestQuery(std::string_view text) {
  DigestQuery query;
  while (!text.empty()) {
    const std::string_view setting = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(setting.size() + 1, text.size()));
    const std::size_t equals = setting.find('=');
    if (equals == std::string_view::npos) {
      return absl::InvalidArgumentError("expected NAME=VALUE&NAME=VALUE");
    }
    if (auto s = TakeSetting(setting.substr(0, equals), setting.substr(equals + 1), query);
        !s.ok()) {
      return s;
    }
  }
  return query;
}

std::string ToText(const DigestQuery& query) {
  std::string text = absl::StrFormat("limit=%d&sort=%s", query.limit,
                                     kDigestSorts[static_cast<std::size_t>(query.sort)]);
  if (!query.class_name.empty()) text += "&class=" + query.class_name;
  return text;
}

std::string DigestsJson(std::vector<DigestRow> rows, const DigestQuery& query, Time now) {
  Duration all = Duration::zero();
  for (const DigestRow& row : rows) all += row.total;
  if (!query.class_name.empty()) {
    std::erase_if(rows, [&](const DigestRow& row) { return row.class_name != query.class_name; });
  }
  std::stable_sort(rows.begin(), rows.end(), [&](const DigestRow& a, const DigestRow& b) {
    return KeyOf(a, query.sort) > KeyOf(b, query.sort);
  });
  json::array list;
  for (std::size_t i = 0; i < std::min(rows.size(), query.limit); ++i) {
    list.push_back(RowJson(rows[i], all, now));
  }
  const std::string_view sort = kDigestSorts[static_cast<std::size_t>(query.sort)];
  return json::serialize(json::object{{"digests", std::move(list)},
                                      {"total", rows.size()},
                                      {"sort", json::string(sort.data(), sort.size())}});
}

}  // namespace headgate::guard
