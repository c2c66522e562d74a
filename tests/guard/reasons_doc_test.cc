// docs/reasons.md against policies/reason.h and what clients are really told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "net/mysql/refusal.h"
#include "policies/reason.h"

namespace headgate {
namespace {

std::string Read(const std::string& name) {
  std::ifstream file(HEADGATE_SOURCE_DIR "/docs/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> Cells(const std::string& row) {
  std::vector<std::string> cells;
  std::size_t begin = 2;
  for (std::size_t end = 0; (end = row.find(" |", begin)) != std::string::npos; begin = end + 3) {
    cells.push_back(row.substr(begin, end - begin));
  }
  return cells;
}

// The cells behind the name.
std::map<std::string, std::vector<std::string>> Rows() {
  std::map<std::string, std::vector<std::string>> rows;
  std::istringstream text(Read("reasons.md"));
  for (std::string line; std::getline(text, line);) {
    if (line.rfind("| `", 0) != 0) continue;
    std::vector<std::string> cells = Cells(line);
    const std::string name = cells.at(0).substr(1, cells[0].size() - 2);
    EXPECT_TRUE(rows.emplace(name, std::vector(cells.begin() + 1, cells.end())).second)
        << name << " has two rows";
  }
  return rows;
}

std::uint16_t CodeOf(const mysql::Buffer& error) {
  if (error.size() < 7) return 0;
  return static_cast<std::uint16_t>(error[5] | error[6] << 8);
}

// What the gate itself would say, in either phase.
std::vector<std::string> CodesOf(Reason reason) {
  return {std::to_string(CodeOf(mysql::BuildRefusal(reason, 1, false))),
          std::to_string(CodeOf(mysql::BuildCommandRefusal(reason, "u", "")))};
}

TEST(ReasonsDoc, OneRowForEachReasonAndNoOther) {
  auto rows = Rows();
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (reason == Reason::kNone) continue;
    const std::string name(Name(reason));
    const auto row = rows.find(name);
    if (row == rows.end()) {
      ADD_FAILURE() << "docs/reasons.md: write a row | `" << name
                    << "` | what happened | limit | what the client sees | what to do |";
      continue;
    }
    EXPECT_EQ(row->second.size(), 4u) << name;
    EXPECT_THAT(row->second, ::testing::Each(::testing::SizeIs(::testing::Gt(3u)))) << name;
    rows.erase(row);
  }
  for (const auto& [name, cells] : rows) ADD_FAILURE() << "there is no reason " << name;
}

TEST(ReasonsDoc, TheCodesAreThoseThatClientsAreSent) {
  const auto rows = Rows();
  const std::regex number("[0-9]{4}");
  int codes = 0;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    const auto row = rows.find(std::string(Name(reason)));
    std::smatch code;
    if (row == rows.end() || !std::regex_search(row->second.at(2), code, number)) continue;
    if (row->second[2].rfind("the server's own", 0) == 0) continue;
    EXPECT_THAT(CodesOf(reason), ::testing::Contains(code.str())) << Name(reason);
    ++codes;
  }
  EXPECT_GT(codes, 50);
}

TEST(ReasonsDoc, LimitsNamesEachAsWell) {
  const std::string text = Read("limits.md");
  for (std::size_t i = 1; i < kReasonCount; ++i) {
    const std::string name = "`" + std::string(Name(static_cast<Reason>(i))) + "`";
    EXPECT_THAT(text, ::testing::HasSubstr(name));
  }
}

}  // namespace
}  // namespace headgate
