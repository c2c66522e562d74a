// docs/metrics.md against the table of metrics: each has its row with its type and label, what it
// is in the words of the scrape, and what to do; and there is no row of a metric that does not
// exist.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>

#include "guard/metric_names.h"

namespace headgate::guard {
namespace {

std::string ReadDoc(const std::string& name) {
  std::ifstream file(HEADGATE_SOURCE_DIR "/docs/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string RowStart(const MetricInfo& m) {
  const std::string label = m.label.empty() ? "-" : "`" + std::string(m.label) + "`";
  return "| `" + std::string(m.name) + "` | " + std::string(Name(m.kind)) + " | " + label + " | " +
         std::string(m.help) + " | ";
}

TEST(MetricsDoc, EveryMetricAndNoOther) {
  std::map<std::string, bool> rows;
  for (const MetricInfo& m : AllMetrics()) rows[RowStart(m)] = false;
  std::ifstream file(HEADGATE_SOURCE_DIR "/docs/metrics.md");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("| `headgate_", 0) != 0 && line.rfind("| `process_", 0) != 0) continue;
    bool found = false;
    for (auto& [start, seen] : rows) {
      if (line.rfind(start, 0) != 0 || line.size() < start.size() + 3) continue;
      EXPECT_FALSE(seen) << "twice: " << line;
      found = seen = true;
    }
    EXPECT_TRUE(found) << "no such metric, or with another type, label or help: " << line;
  }
  for (const auto& [start, seen] : rows) EXPECT_TRUE(seen) << "missing: " << start;
}

// Whatever the pages beside it name has to exist as well.
TEST(MetricsDoc, AlertsAndDashboardNameOnlyWhatThereIs) {
  std::map<std::string, bool> known;
  for (const MetricInfo& m : AllMetrics()) {
    known[std::string(m.name)] = true;
    if (m.kind == MetricKind::kHistogram) known[std::string(m.name) + "_bucket"] = true;
  }
  const std::regex name("\\b(headgate|process)_[a-z0-9_]+");
  for (const char* page : {"metrics.md", "prometheus/alerts.yml", "prometheus/dashboard.json"}) {
    const std::string text = ReadDoc(page);
    ASSERT_FALSE(text.empty()) << page;
    for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) {
      if (at->str() == "headgate_host_") continue;  // all of them
      EXPECT_TRUE(known.contains(at->str())) << page << ": " << at->str();
    }
  }
}

}  // namespace
}  // namespace headgate::guard
