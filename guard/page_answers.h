// The data of the page: a fixed list of questions that the admin socket answers to a GET, and
// nothing that changes anything. However many look on, and whatever they ask, the gate is asked
// each of them at most twice a second, and who asks one of them keeps nobody from another.
//
// Threads: one, the page's. Lifetime: what `ask` refers to outlives it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "net/page_server.h"
#include "policies/time.h"

namespace headgate::guard {

class PageAnswers {
 public:
  // An answer that is no older is given again.
  static constexpr Duration kFresh = std::chrono::milliseconds(500);

  struct Asked {
    unsigned status = 200;
    std::string type, body;
  };
  using Ask = std::function<Asked(std::string_view target)>;
  explicit PageAnswers(Ask ask) : ask_(std::move(ask)) {}

  // 404 for what is not on the list, to the letter: a setting of another value would be another
  // question, and there would be no end of them.
  [[nodiscard]] net::PageReply Answer(std::string_view target, Time now);

 private:
  struct Kept {
    net::PageReply reply;
    Time since{};
  };

  const Ask ask_;
  std::map<std::string_view, Kept> kept_;  // by the question, as the list has it
};

}  // namespace headgate::guard
