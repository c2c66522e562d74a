// Who comes to the gate: the application, and all that docs/threats.md has against it, each by what
// it does at each step of a connection. One client has one connection at a time, and comes again.
//
// Threads: one. Lifetime: its world's; gate, network and timeline outlive it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "policies/address.h"
#include "tests/whole/answers.h"
#include "tests/whole/gate.h"

namespace headgate::whole {

enum class Role : std::uint8_t {
  kPool,  // the application's connections that stay
  kApp,   // and those that do not
  kSilent,
  kDrip,
  kGreeted,
  kGarbage,
  kStalledLogin,
  kShortAnswer,
  kClaimedUser,
  kBadPassword,
  kChurn,
  kChangeUser,
  kHeavy,
  kOrphan,
  kStampede,
  kPrepareLeak,
  kLongData,
  kSlowReader,
  kSitter,
  kHoard,
  kOwnAccount,
  kPoisoner,
  kNat,
  kRoles
};
inline constexpr std::size_t kRoles = static_cast<std::size_t>(Role::kRoles);
// As the scenario is called.
[[nodiscard]] std::string_view Name(Role role);

struct ClientSetup {
  Role role = Role::kApp;
  Address from;
  std::string user = kAppUser;
  Road road{};
  unsigned number = 0;     // its own
  bool mishaps = false;    // now and then its connection ends in the middle of something
  bool pipelines = false;  // sends several commands at once
};

class Client {
 public:
  struct Tally {
    std::uint64_t connects = 0, logins = 0, good = 0, errors = 0;
    std::uint64_t refused = 0;  // at the door, or at the login
    std::uint64_t lost = 0;     // connections that ended without its doing
    std::map<unsigned, std::uint64_t> codes;
  };

  Client(Timeline& timeline, Network& network, Gate& gate, ClientSetup setup, std::uint64_t seed,
         std::function<void(const std::string&)> fail);

  void StartAt(Time when);
  // Its connection ends, and it does not come again.
  void Retire();
  [[nodiscard]] const ClientSetup& setup() const { return setup_; }
  [[nodiscard]] const Tally& tally() const { return tally_; }
  [[nodiscard]] bool is_app() const {
    return setup_.role == Role::kPool || setup_.role == Role::kApp;
  }

 private:
  enum class Phase : std::uint8_t { kAway, kGreeting, kLogin, kIn };

  // client.cc: a connection
  void Connect();
  void OnChange();
  void TakePacket(const std::string& payload, std::uint8_t sequence);
  void TakeGreeting(const std::string& payload);
  void TakeLogin(const std::string& payload, std::uint8_t sequence);
  void TakeAnswer(const std::string& payload, std::uint8_t sequence);
  void OnRefused(const std::string& payload);
  void OnEnd();
  void Leave(bool abruptly);
  void Vanish();
  void Gone();
  void Send(const std::string& bytes);
  void Flush();
  void Later(Duration pause, std::function<void()> deed);
  [[nodiscard]] Duration Some(std::uint32_t most_ms);
  [[nodiscard]] bool IsWrong() const;

  // client_roles.cc: what it does
  void OnGreeted();
  void OnSwitch(std::string_view plugin, std::uint8_t sequence);
  void Drip();
  void SayGarbage();
  void Act();
  void ActApp();
  void ActLongData();
  void ActChangeUser();
  [[nodiscard]] Duration ComesAgainAfter();
  [[nodiscard]] std::string Login() const;
  void Ask(unsigned table, unsigned rows, unsigned ms, bool writes = false);
  void Say(std::string_view sql);
  void SayCommand(int command, std::string_view rest = "");
  void SayUnanswered(int command, std::string_view rest);

  Timeline& timeline_;
  Network& network_;
  Gate& gate_;
  const ClientSetup setup_;
  testing::Random random_;
  std::function<void(const std::string&)> fail_;
  Socket* socket_ = nullptr;
  Phase phase_ = Phase::kAway;
  std::uint64_t turn_ = 0;  // of its connections
  std::string in_, out_;
  std::string drip_;
  Answers answers_;
  bool deprecate_eof_ = false;
  std::uint8_t next_ = 0;  // number of the server's next packet in a login
  bool reads_ = true;
  bool changing_ = false;  // its user
  bool retired_ = false;
  unsigned statement_ = 0, acts_ = 0;
  Tally tally_;
};

}  // namespace headgate::whole
