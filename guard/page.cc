#include "guard/page.h"

#include <utility>

#include <absl/strings/str_format.h>
#include "guard/history_facts.h"
#include "guard/log.h"
#include "net/clock.h"

namespace headgate::guard {

void Page::Open(const std::string& http, net::Fd handed) {
  if (http.empty()) return;
  status_.address = http;
  net::PageOptions options;
  options.address = http;
  options.assets.assign(PageAssets().begin(), PageAssets().end());
  auto server = net::PageServer::Bind(std::move(options), std::move(handed));
  if (!server.ok()) {
    status_.error = std::string(server.status().message());
    return Log(LogLevel::kWarning,
               absl::StrFormat("[admin] http: there is no page: %s; http = \"\" says there need be "
                               "none",
                               status_.error));
  }
  server_ = std::move(*server);
  status_.address = server_->address();
  status_.up = true;
}

void Page::Start(Control& control) {
  if (!server_) return;
  answers_ = std::make_unique<PageAnswers>([&control](std::string_view target) {
    net::AdminReply reply = control.Handle("GET", target, "");
    return PageAnswers::Asked{reply.status, std::move(reply.type), std::move(reply.body)};
  });
  server_->Start([this](std::string_view target) { return answers_->Answer(target, net::Now()); });
  Log(LogLevel::kInfo, absl::StrFormat("the page is at http://%s/", status_.address));
}

void Page::Stop() {
  if (server_) server_->Stop();
}

void Page::Record(const Control& control) {
  history_.Add(FactsOf(control.GateFacts(), UnixMilliseconds()));
}

}  // namespace headgate::guard
