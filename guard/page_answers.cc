#include "guard/page_answers.h"

#include <algorithm>
#include <utility>

namespace headgate::guard {
namespace {

constexpr std::string_view kListed[] = {
    "/status", "/sources", "/digests", "/bans", "/backends", "/history", "/metrics",
};

net::PageReply Refused(unsigned status, std::string_view text) {
  net::PageReply reply;
  reply.status = status;
  reply.body = std::make_shared<const std::string>("{\"error\":\"" + std::string(text) + "\"}");
  return reply;
}

}  // namespace

bool PageAnswers::IsListed(std::string_view path) {
  return std::find(std::begin(kListed), std::end(kListed), path) != std::end(kListed);
}

net::PageReply PageAnswers::Answer(std::string_view target, Time now) {
  if (target.size() > kMostTarget) return Refused(414, "that question is too long");
  if (!IsListed(target.substr(0, target.find('?')))) return Refused(404, "there is no such page");
  const auto kept =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) { return k.target == target; });
  if (kept != kept_.end() && now - kept->since < kFresh) return kept->reply;
  if (!bucket_.Take(kAsked, now)) return Refused(429, "asked too often");
  Asked asked = ask_(target);
  net::PageReply reply;
  reply.status = asked.status;
  reply.type = std::move(asked.type);
  reply.body = std::make_shared<const std::string>(std::move(asked.body));
  Keep(target, reply, now);
  return reply;
}

// In the place of the same question, else of the oldest.
void PageAnswers::Keep(std::string_view target, const net::PageReply& reply, Time now) {
  auto at =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) { return k.target == target; });
  if (at == kept_.end() && kept_.size() < kMostKept) at = kept_.insert(kept_.end(), Kept());
  if (at == kept_.end()) {
    at = std::min_element(kept_.begin(), kept_.end(),
                          [](const Kept& a, const Kept& b) { return a.since < b.since; });
  }
  *at = Kept{std::string(target), reply, now};
}

}  // namespace headgate::guard
