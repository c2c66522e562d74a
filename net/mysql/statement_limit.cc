#include "net/mysql/statement_limit.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "net/mysql/command.h"

namespace headgate::mysql {
namespace {

// "4.000": seconds, as max_statement_time wants them.
std::string Seconds(std::int64_t milliseconds) {
  const std::string fraction = std::to_string(milliseconds % 1000);
  return std::to_string(milliseconds / 1000) + "." + std::string(3 - fraction.size(), '0') +
         fraction;
}

// 0 is "no limit" to both servers, hence the lower end of BETWEEN.
std::string Tighten(const std::string& variable, const std::string& least,
                    const std::string& limit) {
  return "SET SESSION " + variable + "=IF(@@" + variable + " BETWEEN " + least + " AND " + limit +
         ",@@" + variable + "," + limit + ")";
}

}  // namespace

Buffer BuildStatementLimit(Duration limit, bool mariadb, bool query_attributes) {
  const std::int64_t milliseconds =
      std::max<std::int64_t>(1, std::chrono::floor<std::chrono::milliseconds>(limit).count());
  Buffer packet = BeginPacket();
  PutInt(packet, static_cast<std::uint8_t>(Command::kQuery), 1);
  if (query_attributes) PutInt(packet, 0x0100, 2);  // no attributes, in one set
  PutText(packet, mariadb ? Tighten("max_statement_time", "0.001", Seconds(milliseconds))
                          : Tighten("max_execution_time", "1", std::to_string(milliseconds)));
  EndPacket(packet, 0);
  return packet;
}

}  // namespace headgate::mysql
