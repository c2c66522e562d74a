// The names of a login as log lines, rules and lists show them: user, database, class. Kept in one
// block of memory, as there is one of these for each session.
//
// Threads: as a plain value. Lifetime: what the getters give lives until the next Set...().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace headgate {

class ClaimedNames {
 public:
  // What is longer is cut: as much of a name as a log line can bear, bytes.
  static constexpr std::size_t kKept = 128;

  [[nodiscard]] std::string_view user() const { return {bytes_.get(), user_}; }
  [[nodiscard]] std::string_view database() const { return {bytes_.get() + user_, database_}; }
  [[nodiscard]] std::string_view class_name() const {
    return {bytes_.get() + user_ + database_, class_};
  }

  void SetLogin(std::string_view user, std::string_view database) {
    Set(user.substr(0, kKept), database.substr(0, kKept), class_name());
  }
  // A config's name: cut at 64 KiB.
  void SetClass(std::string_view name) { Set(user(), database(), name); }

 private:
  // Any of them may be one of its own.
  void Set(std::string_view user, std::string_view database, std::string_view class_name);

  std::unique_ptr<char[]> bytes_;  // the three, one behind the other
  std::uint8_t user_ = 0, database_ = 0;
  std::uint16_t class_ = 0;
};

}  // namespace headgate
