#include "guard/top.h"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <thread>
#include <utility>

#include "guard/config_text.h"
#include "guard/exit_status.h"
#include "guard/say_error.h"
#include "guard/top_asker.h"
#include "guard/top_layout.h"
#include "guard/top_terminal.h"
#include "net/clock.h"

namespace headgate::guard {
namespace {

using std::chrono::milliseconds;

constexpr Duration kTick = milliseconds(100);  // of the clock and of what the asker brings
constexpr Duration kPatience = std::chrono::seconds(5);  // of --once

std::string TimeOfDay() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[16];
  return {text, std::strftime(text, sizeof text, "%H:%M:%S", &parts)};
}

// The locale's character set; bars and names are plain ASCII in any other than UTF-8.
bool IsAscii() {
  std::setlocale(LC_CTYPE, "");
  return std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

// See no-color.org: any value but an empty one.
bool ColoursWanted(const TopOptions& options) {
  const char* none = std::getenv("NO_COLOR");
  return !options.no_color && (none == nullptr || *none == '\0');
}

ScreenSize SizeOf(const TopOptions& options) {
  ScreenSize size;
  winsize terminal{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &terminal) == 0 && terminal.ws_col > 0) {
    size = {terminal.ws_col, terminal.ws_row};
  }
  if (options.columns > 0) size.columns = options.columns;
  if (options.rows > 0) size.rows = options.rows;
  return size;
}

// Two looks, since rates are those between them.
int Once(const std::string& socket, const TopOptions& options, Duration interval, bool as_json) {
  TopModel model;
  for (int i = 0; i < 2; ++i) {
    if (i > 0) std::this_thread::sleep_for(interval);
    auto look = LookOnce(socket, {}, kPatience);
    if (!look.ok()) {
      SayError(std::string(look.status().message()), as_json);
      return kExitNo;
    }
    model.Take(*std::move(look));
  }
  if (as_json) {
    std::cout << ModelJson(model) << "\n";
    return kExitDone;
  }
  TopView view;
  view.still = true;
  const TopFrame frame{SizeOf(options), IsAscii(), net::Now(), TimeOfDay()};
  std::cout << DrawTop(model, view, frame).screen.Text();
  return kExitDone;
}

// The operator knows whom they asked, and the line is short.
std::string Short(const absl::Status& why, const std::string& socket) {
  const std::string text(why.message());
  const std::string where = "admin socket " + socket + ": ";
  return text.compare(0, where.size(), where) == 0 ? text.substr(where.size()) : text;
}

class Live {
 public:
  Live(const std::string& socket, Duration interval, std::unique_ptr<TopTerminal> terminal,
       bool ascii)
      : terminal_(std::move(terminal)), socket_(socket), asker_(socket), ascii_(ascii) {
    view_.interval = interval;
    Wish();
  }

  void Run() {
    while (!terminal_->ended()) {
      Hear();
      Draw();
      for (const TopKey& key : terminal_->Wait(kTick)) {
        if (!OnOne(key)) return;
      }
    }
  }

 private:
  void Wish() {
    asker_.Wish({view_.interval, std::string(DigestSortFor(view_.PlaceOf(TopPane::kDigests).sort)),
                 view_.paused});
  }

  void Hear() {
    TopAsker::News news = asker_.Take();
    if (news.done) {
      const bool ok = news.done->ok();
      Say(view_, ok ? **news.done : Short(news.done->status(), socket_), !ok, net::Now());
    }
    if (!news.look || view_.paused) return;
    if (news.look->ok()) {
      model_.Take(**std::move(news.look));
    } else {
      model_.Fail(Short(news.look->status(), socket_));
    }
  }

  void Draw() {
    if (!view_.paused) clock_ = TimeOfDay();
    TopDrawn drawn = DrawTop(model_, view_, {terminal_->size(), ascii_, net::Now(), clock_});
    view_.page = drawn.page;
    terminal_->Draw(drawn.screen);
  }

  // False: the end.
  bool OnOne(const TopKey& key) {
    TopCommand command = OnKey(view_, model_, key, net::Now());
    Wish();
    if (command.kind == TopCommand::Kind::kNone) return true;
    if (command.kind == TopCommand::Kind::kQuit) return false;
    Say(view_, "asking the gate", false, net::Now());
    if (!asker_.Do(std::move(command))) {
      Say(view_, "the gate has not answered the command before yet", true, net::Now());
    }
    return true;
  }

  std::unique_ptr<TopTerminal> terminal_;
  const std::string socket_;
  TopAsker asker_;
  const bool ascii_;
  TopModel model_;
  TopView view_;
  std::string clock_;
};

}  // namespace

int RunTop(const std::string& socket, const TopOptions& options, bool as_json) {
  const auto interval = ParseDuration(options.interval);
  if (!interval || *interval < kShortestTopInterval || *interval > kLongestTopInterval) {
    SayError("--interval " + options.interval + ": expected a time from 200ms to 1m, like 1s",
             as_json);
    return kExitUsage;
  }
  if (options.once) return Once(socket, options, *interval, as_json);
  if (as_json) {
    SayError("top --json needs --once", as_json);
    return kExitUsage;
  }
  const bool ascii = IsAscii();
  auto terminal = TopTerminal::Open(ColoursWanted(options));
  if (!terminal.ok()) {
    SayError(std::string(terminal.status().message()), false);
    return kExitUsage;
  }
  Live(socket, *interval, *std::move(terminal), ascii).Run();
  return kExitDone;
}

}  // namespace headgate::guard
