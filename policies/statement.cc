#include "policies/statement.h"

#include <array>

namespace headgate {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(CommandKind::kCount)>
    kCommandNames = {"query",
                     "prepare",
                     "execute",
                     "bulk_execute",
                     "fetch",
                     "long_data",
                     "close_statement",
                     "reset_statement",
                     "ping",
                     "quit",
                     "init_db",
                     "change_user",
                     "reset_connection",
                     "set_option",
                     "field_list",
                     "statistics",
                     "process_info",
                     "process_kill",
                     "debug",
                     "refresh",
                     "shutdown",
                     "create_db",
                     "drop_db",
                     "binlog_dump",
                     "register_replica",
                     "table_dump",
                     "other"};
static_assert(!kCommandNames.back().empty(), "one name per command");

}  // namespace

std::string_view Name(CommandKind c) {
  const auto i = static_cast<std::size_t>(c);
  return i < kCommandNames.size() ? kCommandNames[i] : kCommandNames.back();
}

}  // namespace headgate
