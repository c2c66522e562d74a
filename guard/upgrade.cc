#include "guard/upgrade.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>

#include <absl/strings/str_format.h>
#include "guard/begin_thread.h"
#include "guard/json_text.h"
#include "guard/log.h"
#include "net/clock.h"
#include "net/signals_blocked.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

// Names are looked up, certificates read.
constexpr Duration kStartPatience = std::chrono::seconds(30);
// Nobody is taken meanwhile.
constexpr Duration kTurnPatience = std::chrono::seconds(5);
constexpr Duration kSlice = std::chrono::milliseconds(100);

std::string SecondsText(Duration d) {
  return absl::StrFormat("%.3g s", std::chrono::duration<double>(d).count());
}

// By the handle: the number may be somebody else's by now.
bool EndsWithin(const Spawned& process, int ms) {
  pollfd ended{process.handle.get(), POLLIN, 0};
  return poll(&ended, 1, ms) > 0;
}

void Kill(const Spawned& process) {
  syscall(SYS_pidfd_send_signal, process.handle.get(), SIGKILL, nullptr, 0);
  static_cast<void>(EndsWithin(process, 5000));
}

json::object Figures(const Engine::Share& share, std::uint64_t sessions) {
  return {{"leases", share.leases}, {"most", share.most}, {"sessions", sessions}};
}

std::vector<std::string> TextsOf(const UpgradeLink::Message& message, const char* name) {
  std::vector<std::string> texts;
  const json::value body(message.body);
  for (const json::value& text : ListAt(body, {name})) texts.push_back(Plain(text));
  return texts;
}

}  // namespace

std::string_view Name(UpgradeState state) {
  switch (state) {
    case UpgradeState::kNone:
      return "none";
    case UpgradeState::kRunning:
      return "running";
    case UpgradeState::kFailed:
      return "failed";
    case UpgradeState::kHandedOver:
      break;
  }
  return "handed over";
}

Upgrade::~Upgrade() { Stop(); }

absl::Status Upgrade::Begin() {
  const std::lock_guard lock(mutex_);
  if (status_.state == UpgradeStatus::State::kRunning) {
    return absl::FailedPreconditionError("an upgrade is under way");
  }
  if (status_.state == UpgradeStatus::State::kHandedOver) {
    return absl::FailedPreconditionError(
        absl::StrFormat("process %d has taken over already", status_.pid));
  }
  if (abort_) return absl::FailedPreconditionError("the gate is ending");
  if (auto s = parts_.may(); !s.ok()) return s;
  if (thread_.joinable()) thread_.join();  // of one that failed
  status_ = {.state = UpgradeStatus::State::kRunning, .why = ""};
  Log(LogLevel::kInfo, "upgrade: starting " + parts_.program);
  const net::SignalsBlocked blocked;
  absl::Status begun = BeginThread(thread_, [this] { Run(); });
  if (!begun.ok()) {
    status_ = {.state = UpgradeStatus::State::kFailed, .why = std::string(begun.message())};
  }
  return begun;
}

UpgradeStatus Upgrade::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Upgrade::Set(UpgradeStatus status) {
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
}

void Upgrade::Stop() {
  std::thread thread;
  {
    const std::lock_guard lock(mutex_);
    abort_ = true;
    stop_ = true;
    thread.swap(thread_);
  }
  if (thread.joinable()) thread.join();
}

void Upgrade::Run() {
  const auto failed = [this](const absl::Status& status) {
    const std::string why(status.message());
    Log(LogLevel::kError, "upgrade: failed, and nothing has changed: " + why);
    Set({.state = UpgradeStatus::State::kFailed, .why = why});
  };
  auto pair = UpgradeLink::Pair();
  if (!pair.ok()) return failed(pair.status());
  const UpgradeLink& link = pair->first;
  auto younger =
      SpawnBeside(parts_.program, parts_.arguments, pair->second.get(), kUpgradeVariable);
  if (!younger.ok()) return failed(younger.status());
  pair->second.Close();
  const auto serving = HandOver(link, *younger);
  if (!serving.ok()) {
    Kill(*younger);
    return failed(serving.status());
  }
  TellBy(link.get());
  Set({.state = UpgradeStatus::State::kHandedOver,
       .why = "",
       .pid = younger->pid,
       .takes = TextsOf(*serving, "takes")});
  parts_.let_go(younger->pid);
  const bool heard = link.Send("released").ok();
  if (heard) Tell(link);
  TellBy(-1);
  if (!heard) EndForTheNext(younger->pid);
}

// It died before it was the service's main process, which is still this one: nobody takes clients,
// and the service manager starts the next gate when this one ends.
void Upgrade::EndForTheNext(int younger) const {
  if (stop_) return;
  Log(LogLevel::kError,
      absl::StrFormat("upgrade: process %d ended as soon as it had taken over", younger));
  kill(getpid(), SIGTERM);
}

void Upgrade::TellBy(int fd) {
  const std::lock_guard lock(mutex_);
  told_by_ = fd;
}

// By the link itself: whoever asks may be quicker than the thread that tells.
bool Upgrade::Deserted() const {
  const std::lock_guard lock(mutex_);
  if (status_.state != UpgradeStatus::State::kHandedOver) return false;
  pollfd link{told_by_, 0, 0};
  return told_by_ < 0 || (poll(&link, 1, 0) > 0 && (link.revents & POLLHUP) != 0);
}

absl::StatusOr<UpgradeLink::Message> Upgrade::HandOver(const UpgradeLink& link,
                                                       const Spawned& younger) {
  const std::string backend = parts_.backend();
  const auto estate = parts_.estate();
  if (!estate.ok()) return estate.status();
  // Whatever it may say before it has read all: its own words are the better reason.
  const absl::Status sent = SendEstate(link, *estate);
  const auto ready = Await(link, "ready", sent.ok() ? kStartPatience : Duration::zero());
  if (!ready.ok()) return ready.status();
  Log(LogLevel::kInfo, absl::StrFormat("upgrade: headgate %s, process %d, is ready",
                                       ready->Text("headgate").substr(0, 64), younger.pid));
  if (!parts_.hold()) {
    parts_.resume();
    return absl::DeadlineExceededError("a thread of this gate does not answer");
  }
  // The new one would go back to where it was, and nobody may have asked for that.
  const absl::Status given =
      parts_.backend() == backend
          ? GiveTurn(link)
          : absl::AbortedError("another backend came into use meanwhile: upgrade once more");
  auto serving = given.ok() ? Await(link, "serving", kTurnPatience) : given;
  if (serving.ok() && EndsWithin(younger, 0)) {
    serving = absl::UnavailableError("the new gate ended with its first clients");
  }
  if (!serving.ok()) parts_.resume();
  return serving;
}

absl::Status Upgrade::SendEstate(const UpgradeLink& link, const Estate& estate) const {
  json::array what;
  std::vector<int> fds;
  absl::Status status;
  const auto flush = [&] {
    if (!fds.empty() && status.ok()) status = link.Send("have", {{"what", what}}, fds);
    what.clear();
    fds.clear();
  };
  const auto add = [&](json::object of, int fd) {
    what.push_back(std::move(of));
    fds.push_back(fd);
    if (fds.size() == kMostLinkFds) flush();
  };
  for (const net::PassedSocket& socket : estate.sockets) {
    add({{"kind", "listen"}, {"name", JsonText(socket.name)}}, socket.fd.get());
  }
  if (estate.admin.valid()) add({{"kind", "admin"}}, estate.admin.get());
  if (estate.page.valid()) add({{"kind", "page"}}, estate.page.get());
  for (const auto& [gate, fd] : estate.formers) {
    json::object of = Figures({gate.leases, gate.most}, gate.sessions);
    of["kind"] = "former";
    of["pid"] = gate.pid;
    add(std::move(of), fd.get());
  }
  const auto state = TextAsFile(estate.state);
  if (!state.ok()) return state.status();
  add({{"kind", "state"}}, state->get());
  flush();
  if (!status.ok()) return status;
  return link.Send("start", {{"version", kLinkVersion},
                             {"pid", getpid()},
                             {"table", estate.table},
                             {"transparent", estate.transparent}});
}

absl::StatusOr<UpgradeLink::Message> Upgrade::Await(const UpgradeLink& link, const std::string& say,
                                                    Duration most) const {
  const Time until = net::Now() + most;
  for (;;) {
    auto message = link.Receive(kSlice);
    if (message.ok() && message->say == say) return message;
    if (message.ok() && message->say == "failed") {
      return absl::FailedPreconditionError(message->Text("why"));
    }
    if (message.ok()) return absl::InvalidArgumentError("the new gate says what is not understood");
    if (absl::IsFailedPrecondition(message.status())) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "cannot run %s: %s", parts_.program, std::string(message.status().message())));
    }
    if (!absl::IsDeadlineExceeded(message.status())) {
      return absl::UnavailableError(absl::StrFormat(
          "the new gate ended without a word (is %s headgate? the log may say more)",
          parts_.program));
    }
    if (abort_) return absl::CancelledError("this gate was told to end");
    if (net::Now() >= until) {
      return absl::DeadlineExceededError(absl::StrFormat(
          "the new gate was not there after %s, and has been ended", SecondsText(most)));
    }
  }
}

absl::Status Upgrade::GiveTurn(const UpgradeLink& link) {
  const auto bans = TextAsFile(parts_.bans());
  if (!bans.ok()) return bans.status();
  return link.Send("go", Figures(parts_.share(), parts_.sessions()), {bans->get()});
}

// What the sessions here still hold of the slots, whenever that has changed, and now and then: at a
// further upgrade the last word may be lost between the one who listened and the next.
void Upgrade::Tell(const UpgradeLink& link) const {
  json::object last;
  Time again{};
  while (!stop_) {
    json::object figures = Figures(parts_.share(), parts_.sessions());
    if (figures != last || net::Now() >= again) {
      if (!link.Send("slots", figures).ok()) return;
      last = std::move(figures);
      again = net::Now() + std::chrono::seconds(1);
    }
    // Nothing is to come but its end.
    const auto message = link.Receive(kSlice);
    if (absl::IsUnavailable(message.status())) return;
  }
}

}  // namespace headgate::guard
