// The data of the page: a fixed list of the questions that the admin socket answers to a GET, and
// nothing that changes anything. However many look on, the gate is asked each question at most a
// few times a second, and all questions together no more often than kAsked.
//
// Threads: one, the page's. Lifetime: what `ask` refers to outlives it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/page_server.h"
#include "policies/limits.h"
#include "policies/time.h"
#include "policies/token_bucket.h"

namespace headgate::guard {

class PageAnswers {
 public:
  // An answer that is no older is given again.
  static constexpr Duration kFresh = std::chrono::milliseconds(400);
  // Questions that are put to the gate; whoever comes too late gets 429.
  static constexpr Rate kAsked{.per_second = 40, .burst = 80};
  static constexpr std::size_t kMostKept = 16;     // answers
  static constexpr std::size_t kMostTarget = 256;  // bytes of a question; longer ones get 414

  struct Asked {
    unsigned status = 200;
    std::string type, body;
  };
  using Ask = std::function<Asked(std::string_view target)>;
  explicit PageAnswers(Ask ask) : ask_(std::move(ask)) {}

  // 404 for what is not on the list.
  [[nodiscard]] net::PageReply Answer(std::string_view target, Time now);
  // "/status": whether the page may ask for it.
  [[nodiscard]] static bool IsListed(std::string_view path);

 private:
  struct Kept {
    std::string target;
    net::PageReply reply;
    Time since{};
  };
  void Keep(std::string_view target, const net::PageReply& reply, Time now);

  const Ask ask_;
  TokenBucket bucket_;
  std::vector<Kept> kept_;
};

}  // namespace headgate::guard
