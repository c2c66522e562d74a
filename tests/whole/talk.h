// What simulated clients and the simulated server say to one another: every statement names its
// client and its number, and every row of an answer its statement and its place, so that both ends
// know whether something was lost, doubled, mixed up or reordered between them.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

namespace headgate::whole {

struct Statement {
  bool writes = false;
  unsigned table = 0;   // another table, another digest
  unsigned client = 0;  // who asks
  unsigned number = 0;  // of its statements
  unsigned rows = 0;    // to be answered
  unsigned ms = 0;      // to run
};

inline std::string ToSql(const Statement& s) {
  char text[160];
  const char* const form = s.writes
                               ? "INSERT INTO t%u SELECT %u, %u, %u, %u"
                               : "SELECT * FROM t%u WHERE c = %u AND n = %u AND r = %u AND ms = %u";
  const int n = std::snprintf(text, sizeof text, form, s.table, s.client, s.number, s.rows, s.ms);
  return {text, static_cast<std::size_t>(n)};
}

inline std::optional<Statement> FromSql(const std::string& sql) {
  Statement s;
  s.writes = sql.starts_with("INSERT");
  const char* const form = s.writes
                               ? "INSERT INTO t%u SELECT %u, %u, %u, %u"
                               : "SELECT * FROM t%u WHERE c = %u AND n = %u AND r = %u AND ms = %u";
  const int n = std::sscanf(sql.c_str(), form, &s.table, &s.client, &s.number, &s.rows, &s.ms);
  if (n != 5) return std::nullopt;
  return s;
}

// Row `i` of its answer.
inline std::string RowOf(unsigned client, unsigned number, unsigned i) {
  const std::size_t filler = (number * 7 + i * 13) % 60;
  return std::to_string(client) + ":" + std::to_string(number) + ":" + std::to_string(i) + ":" +
         std::string(filler, static_cast<char>('a' + (number + i) % 26));
}

}  // namespace headgate::whole
