#include "guard/top_asker.h"

#include <boost/json.hpp>
#include <utility>

#include "guard/json_text.h"
#include "guard/printable.h"
#include "net/admin_client.h"
#include "net/clock.h"
#include "net/signals_blocked.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

constexpr Duration kAskerPatience = std::chrono::seconds(1);
// An act is worth more patience: it may have to be read back from the kernel.
constexpr Duration kActPatience = std::chrono::seconds(5);
constexpr char kRows[] = "limit=100";

std::string TextOf(const json::value& value) {
  return value.is_string() ? Printable({value.get_string().data(), value.get_string().size()}) : "";
}

}  // namespace

std::string_view DigestSortFor(std::size_t pane_sort) {
  constexpr std::string_view kSorts[] = {"time", "count", "p99", "errors", "time"};
  return pane_sort < std::size(kSorts) ? kSorts[pane_sort] : kSorts[0];
}

absl::StatusOr<TopLook> LookOnce(const std::string& socket, const TopWish& wish, Duration patience,
                                 std::stop_token stop) {
  const auto get = [&](const std::string& target) {
    return net::AdminCall(socket, "GET", target, "", patience, stop);
  };
  TopAnswers answers;
  auto status = get("/status");
  if (!status.ok()) return status.status();
  const Time at = net::Now();
  answers.status = std::move(status->body);
  const std::pair<std::string, std::string TopAnswers::*> others[] = {
      {std::string("/sources?sort=refused&") + kRows, &TopAnswers::refused},
      {std::string("/sources?sort=connections&") + kRows, &TopAnswers::busiest},
      {std::string("/digests?") + kRows + "&sort=" + wish.digest_sort, &TopAnswers::digests},
      {"/bans", &TopAnswers::bans},
  };
  for (const auto& [target, body] : others) {
    auto reply = get(target);
    if (!reply.ok()) return reply.status();
    if (reply->status == 200) answers.*body = std::move(reply->body);
  }
  return ParseLook(std::move(answers), at);
}

absl::StatusOr<std::string> Act(const std::string& socket, const TopCommand& command,
                                Duration patience, std::stop_token stop) {
  const bool ban = command.kind == TopCommand::Kind::kBan;
  json::object body{{"address", JsonText(command.target)}};
  if (!command.how_long.empty()) body["for"] = JsonText(command.how_long);
  const auto reply = net::AdminCall(socket, "POST", ban ? "/ban" : "/unban", json::serialize(body),
                                    patience, std::move(stop));
  if (!reply.ok()) return reply.status();
  const json::value root = ParseAnswer(reply->body);
  if (reply->status != 200) return absl::FailedPreconditionError(TextOf(At(root, {"error"})));
  if (!ban) return "unbanned " + command.target;
  std::string text = "banned " + TextOf(At(root, {"banned"})) + " for " + TextOf(At(root, {"for"}));
  const std::string warning = TextOf(At(root, {"warning"}));
  return warning.empty() ? text : text + "; warning: " + warning;
}

TopAsker::TopAsker(std::string socket) : socket_(std::move(socket)) {
  // Signals are for the thread with the terminal.
  const net::SignalsBlocked blocked;
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

TopAsker::~TopAsker() = default;  // the thread is told to stop, and joined

void TopAsker::Wish(const TopWish& wish) {
  const std::lock_guard lock(mutex_);
  const bool other = wish.digest_sort != wish_.digest_sort || wish.paused != wish_.paused ||
                     wish.interval != wish_.interval;
  wish_ = wish;
  if (!other) return;
  look_now_ = true;
  changed_.notify_one();
}

bool TopAsker::Do(TopCommand command) {
  const std::lock_guard lock(mutex_);
  if (busy_) return false;
  busy_ = true;
  command_ = std::move(command);
  changed_.notify_one();
  return true;
}

TopAsker::News TopAsker::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, {});
}

void TopAsker::RunCommand(const std::stop_token& stop) {
  TopCommand command;
  {
    const std::lock_guard lock(mutex_);
    if (!command_) return;
    command = *std::exchange(command_, std::nullopt);
  }
  auto done = Act(socket_, command, kActPatience, stop);
  const std::lock_guard lock(mutex_);
  news_.done = std::move(done);
  busy_ = false;
  look_now_ = true;  // what it did is to be seen
}

void TopAsker::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    RunCommand(stop);
    std::unique_lock lock(mutex_);
    const TopWish wish = wish_;
    if (std::exchange(look_now_, false) && !wish.paused) {
      lock.unlock();
      auto look = LookOnce(socket_, wish, kAskerPatience, stop);
      lock.lock();
      if (stop.stop_requested()) return;
      news_.look = std::move(look);
    }
    const bool called = changed_.wait_for(lock, stop, wish.interval,
                                          [this] { return command_.has_value() || look_now_; });
    if (!called) look_now_ = true;
  }
}

}  // namespace headgate::guard
