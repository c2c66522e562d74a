#include "net/monitor_questions.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "net/fd.h"

namespace headgate::net {
namespace {

constexpr std::size_t kLongestPassword = 1024;

absl::Status FileError(const std::string& path, int error) {
  const std::string text = path + ": " + std::strerror(error);
  return error == ENOENT || error == ENOTDIR ? absl::NotFoundError(text)
                                             : absl::PermissionDeniedError(text);
}

bool Holds(const Rows& rows, std::initializer_list<std::string_view> any) {
  return std::any_of(rows.begin(), rows.end(), [&](const std::vector<std::string>& row) {
    return std::find(any.begin(), any.end(), std::string_view(row.at(0))) != any.end();
  });
}

}  // namespace

absl::StatusOr<std::string> ReadPassword(const std::string& path) {
  // Not blocking: a fifo without a writer would hold the thread for ever.
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return FileError(path, errno);
  struct stat facts {};
  if (fstat(fd.get(), &facts) != 0) return FileError(path, errno);
  if ((facts.st_mode & S_IRWXO) != 0) {
    return absl::PermissionDeniedError(path + " is open to everybody: chmod o= " + path);
  }
  std::array<char, kLongestPassword> text;
  const ssize_t n = read(fd.get(), text.data(), text.size());
  if (n < 0) return FileError(path, errno);
  const std::string_view all(text.data(), static_cast<std::size_t>(n));
  const std::string_view line = all.substr(0, all.find_first_of("\r\n"));
  if (line.empty() || line.size() == text.size()) {
    return absl::InvalidArgumentError(path + ": its first line is no password");
  }
  return std::string(line);
}

absl::StatusOr<std::vector<std::string>> AskMissingPrivileges(ServerClient& client) {
  const auto rows = client.Query(
      "SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES"
      " WHERE GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')");
  if (!rows.ok()) return rows.status();
  std::vector<std::string> lacks;
  if (!Holds(*rows, {"PROCESS"})) lacks.emplace_back("PROCESS");
  // MariaDB's name, MySQL's name, and what both had before.
  if (!Holds(*rows, {"CONNECTION ADMIN", "CONNECTION_ADMIN", "SUPER"})) {
    lacks.emplace_back("CONNECTION ADMIN");
  }
  return lacks;
}

absl::Status CheckPrivileges(ServerClient& client) {
  const auto missing = AskMissingPrivileges(client);
  if (!missing.ok()) return missing.status();
  if (missing->empty()) return absl::OkStatus();
  return absl::PermissionDeniedError(
      "the account lacks " + missing->front() +
      (missing->size() > 1 ? " and " + missing->back() : "") +
      ": GRANT PROCESS, CONNECTION ADMIN ON *.* (MySQL: CONNECTION_ADMIN) to it, not to a role");
}

}  // namespace headgate::net
