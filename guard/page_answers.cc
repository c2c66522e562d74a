#include "guard/page_answers.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace headgate::guard {
namespace {

// What guard/page/app.js asks, and beside it what Prometheus does.
constexpr std::string_view kListed[] = {
    "/status",
    "/metrics",
    "/history",
    "/history?last=20",
    "/sources?limit=8&sort=refused",
    "/sources?limit=8&sort=connections",
    "/digests?limit=10&sort=time",
    "/bans",
};

net::PageReply NotListed() {
  net::PageReply reply;
  reply.status = 404;
  reply.body = std::make_shared<const std::string>(
      R"({"error":"the page answers to a fixed list of questions; ask others on the host"})");
  return reply;
}

}  // namespace

net::PageReply PageAnswers::Answer(std::string_view target, Time now) {
  const auto* const listed = std::find(std::begin(kListed), std::end(kListed), target);
  if (listed == std::end(kListed)) return NotListed();
  const auto kept = kept_.find(*listed);
  if (kept != kept_.end() && now - kept->second.since < kFresh) return kept->second.reply;
  Asked asked = ask_(target);
  net::PageReply reply;
  reply.status = asked.status;
  reply.type = std::move(asked.type);
  reply.body = std::make_shared<const std::string>(std::move(asked.body));
  kept_[*listed] = Kept{reply, now};
  return reply;
}

}  // namespace headgate::guard
