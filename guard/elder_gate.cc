#include "guard/elder_gate.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "guard/json_text.h"
#include "guard/log.h"
#include "guard/state_file.h"
#include "guard/version.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

// It has everything at hand.
constexpr Duration kHandPatience = std::chrono::seconds(10);
// It waits for us for longer than this.
constexpr Duration kTurnPatience = std::chrono::seconds(60);
// Its firewall's last transaction may take that long.
constexpr Duration kReleasePatience = std::chrono::seconds(20);
constexpr std::size_t kMostNames = 4096;
// As many as a message surely holds; of more it is not said, and then it is all of them.
constexpr std::size_t kMostTakes = kMostLinkBytes / 64;

bool IsSeqpacket(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ElderGate>> ElderGate::Meet() {
  const char* const variable = std::getenv(kUpgradeVariable);
  if (variable == nullptr) return std::unique_ptr<ElderGate>();
  int number = -1;
  const char* const end = variable + std::strlen(variable);
  const auto parsed = std::from_chars(variable, end, number);
  const bool is_number = parsed.ec == std::errc() && parsed.ptr == end && number > 2;
  unsetenv(kUpgradeVariable);
  if (!is_number || !IsSeqpacket(number)) {
    return absl::InvalidArgumentError(std::string(kUpgradeVariable) +
                                      " names no link to a gate: it is set by `headgate upgrade` "
                                      "alone");
  }
  fcntl(number, F_SETFD, FD_CLOEXEC);
  std::unique_ptr<ElderGate> elder(new ElderGate(UpgradeLink(net::Fd(number))));
  if (auto s = elder->TakeWhatItHas(); !s.ok()) {
    elder->Fail(std::string(s.message()));
    return s;
  }
  return elder;
}

absl::Status ElderGate::TakeWhatItHas() {
  for (std::size_t i = 0; i < kMostNames; ++i) {
    auto message = link_.Receive(kHandPatience);
    if (!message.ok()) return message.status();
    if (message->say == "have") {
      if (auto s = TakeFds(std::move(*message)); !s.ok()) return s;
      continue;
    }
    if (message->say != "start") break;
    if (message->Number("version") != kLinkVersion) {
      return absl::FailedPreconditionError(
          "the running gate's way to hand over is another one than this version's: restart it");
    }
    gate_.pid = static_cast<int>(message->Number("pid"));
    table_ = message->Text("table");
    transparent_ = message->body["transparent"] == true;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("the running gate hands over what is not understood");
}

absl::Status ElderGate::TakeFds(UpgradeLink::Message message) {
  const json::value all(message.body);
  const json::array& what = ListAt(all, {"what"});
  if (what.size() != message.fds.size()) {
    return absl::ResourceExhaustedError("descriptors are missing: has the process too few?");
  }
  for (std::size_t i = 0; i < what.size(); ++i) {
    const std::string kind = TextAt(what[i], "kind");
    net::Fd& fd = message.fds[i];
    if (kind == "listen") {
      sockets_.push_back({TextAt(what[i], "name"), std::move(fd)});
    } else if (kind == "admin") {
      admin_ = std::move(fd);
    } else if (kind == "page") {
      page_ = std::move(fd);
    } else if (kind == "former") {
      const auto number = [&](const char* name) {
        return static_cast<std::uint32_t>(NumberOf(At(what[i], {name})));
      };
      formers_.emplace_back(FormerGate{static_cast<int>(number("pid")), number("leases"),
                                       number("most"), number("sessions")},
                            UpgradeLink(std::move(fd)));
    } else if (kind == "state") {
      auto text = FileAsText(fd.get(), kMostStateBytes);
      if (!text.ok()) return text.status();
      state_ = std::move(*text);
    }
  }
  return absl::OkStatus();
}

void ElderGate::Fail(const std::string& why) const {
  // Who does not hear it sees that we end.
  static_cast<void>(link_.Send("failed", {{"why", JsonText(why.substr(0, kMostLinkBytes / 2))}}));
}

absl::Status ElderGate::AwaitTurn(std::string& bans) {
  const auto alone = [] {
    Log(LogLevel::kWarning, "upgrade: the former gate has ended by itself; this one serves");
    return absl::OkStatus();
  };
  if (auto s = link_.Send("ready", {{"headgate", JsonText(Version())}}); !s.ok()) return alone();
  auto message = link_.Receive(kTurnPatience);
  if (absl::IsDeadlineExceeded(message.status())) {
    return absl::DeadlineExceededError("upgrade: the running gate does not answer");
  }
  if (!message.ok()) return alone();
  if (message->say != "go") {
    return absl::InvalidArgumentError("upgrade: the running gate says what is not understood");
  }
  TakeFigures(gate_, *message);
  if (message->fds.size() != 1) return absl::OkStatus();
  auto text = FileAsText(message->fds.front().get(), kMostStateBytes);
  if (text.ok()) bans = std::move(*text);
  return absl::OkStatus();
}

ElderGate::Slots ElderGate::Held() const {
  Slots held;
  const auto add = [&held](const FormerGate& gate) {
    held.leases += std::min(gate.leases, UINT32_MAX / 4);
    held.most += std::min(gate.most, UINT32_MAX / 4);
  };
  add(gate_);
  for (std::size_t i = 0; i < std::min(formers_.size(), kMostFormerGates); ++i) {
    add(formers_[i].first);
  }
  return held;
}

void ElderGate::AwaitRelease(const std::vector<std::string>& takes) const {
  json::object body;
  if (takes.size() <= kMostTakes) body["takes"] = TextList(takes);
  if (!link_.Send("serving", std::move(body)).ok()) return;
  const auto message = link_.Receive(kReleasePatience);
  if (message.ok() && message->say == "released") return;
  Log(LogLevel::kWarning, "upgrade: the former gate did not say that it has let go");
}

void ElderGate::BecomeFormer(FormerGates& former) {
  for (auto& [gate, link] : formers_) former.Add(gate, std::move(link));
  formers_.clear();
  former.Add(gate_, std::move(link_));
}

}  // namespace headgate::guard
