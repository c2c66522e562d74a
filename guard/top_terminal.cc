#include "guard/top_terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include <absl/status/status.h>

#define NCURSES_NOMACROS 1
#include <ncurses.h>

// Of <term.h>, which makes macros of words such as "columns".
extern "C" {
int setupterm(const char* term, int descriptor, int* found);
struct term* set_curterm(struct term* next);
int del_curterm(struct term* one);
}

namespace headgate::guard {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT};
constexpr int kEscapeWaits = 50;  // ms for the rest of a key's sequence; a slow link needs some
constexpr char kInstead[] = "; `headgate top --once` prints one screen";

volatile std::sig_atomic_t g_end = 0;
volatile std::sig_atomic_t g_stop = 0;
volatile std::sig_atomic_t g_went_on = 0;

extern "C" void OnTopSignal(int number) {
  if (number == SIGTSTP) {
    g_stop = 1;
  } else if (number == SIGCONT) {
    g_went_on = 1;
  } else if (number != SIGWINCH) {  // whose only use is to end the wait
    g_end = 1;
  }
}

// Blocked but for the wait, so that none comes between a look at its flag and the wait.
class Signals {
 public:
  Signals() {
    g_end = 0;
    g_stop = 0;
    g_went_on = 0;
    sigset_t ours;
    sigemptyset(&ours);
    for (const int number : kSignals) sigaddset(&ours, number);
    pthread_sigmask(SIG_BLOCK, &ours, &before_);
    for (std::size_t i = 0; i < old_.size(); ++i) Catch(kSignals[i], &old_[i]);
  }
  ~Signals() {
    for (std::size_t i = 0; i < old_.size(); ++i) sigaction(kSignals[i], &old_[i], nullptr);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // What was not blocked before.
  [[nodiscard]] const sigset_t& outside() const { return before_; }

  // As the system does it; returns when the process goes on.
  static void StopHere() {
    struct sigaction otherwise {};
    otherwise.sa_handler = SIG_DFL;
    sigaction(SIGTSTP, &otherwise, nullptr);
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    static_cast<void>(raise(SIGTSTP));
    pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);
    Catch(SIGTSTP, nullptr);
  }

 private:
  static void Catch(int number, struct sigaction* old) {
    struct sigaction ours {};
    ours.sa_handler = OnTopSignal;
    sigemptyset(&ours.sa_mask);
    sigaction(number, &ours, old);
  }

  sigset_t before_{};
  std::array<struct sigaction, std::size(kSignals)> old_{};
};

// What terminfo knows of a terminal, for a look at it; newterm() makes one of its own.
class KnownTerminal {
 public:
  KnownTerminal() {
    int found = 0;
    good_ = setupterm(nullptr, STDOUT_FILENO, &found) != ERR;
  }
  ~KnownTerminal() {
    if (good_) del_curterm(set_curterm(nullptr));
  }
  KnownTerminal(const KnownTerminal&) = delete;
  KnownTerminal& operator=(const KnownTerminal&) = delete;
  [[nodiscard]] bool good() const { return good_; }

 private:
  bool good_ = false;
};

absl::Status WhyNot() {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
    return absl::FailedPreconditionError(std::string("standard input and output are no terminal") +
                                         kInstead);
  }
  const char* name = std::getenv("TERM");
  const std::string term = name == nullptr ? "" : name;
  const KnownTerminal terminal;
  if (!terminal.good()) {
    return absl::FailedPreconditionError("TERM=" + term +
                                         ": no such terminal is known here (terminfo)" + kInstead);
  }
  const char* move = tigetstr("cup");
  if (move == nullptr || reinterpret_cast<std::intptr_t>(move) == -1) {
    return absl::FailedPreconditionError("TERM=" + term + ": this terminal cannot be drawn on" +
                                         kInstead);
  }
  return absl::OkStatus();
}

void StartColours() {
  start_color();
  const bool theirs = use_default_colors() != ERR;
  constexpr std::pair<Tone, short> kColours[] = {{Tone::kHead, COLOR_CYAN},
                                                 {Tone::kGood, COLOR_GREEN},
                                                 {Tone::kWarn, COLOR_YELLOW},
                                                 {Tone::kBad, COLOR_RED}};
  for (const auto& [tone, colour] : kColours) {
    init_pair(static_cast<short>(tone), colour, static_cast<short>(theirs ? -1 : COLOR_BLACK));
  }
}

attr_t Attributes(const Style& style, bool colours) {
  attr_t out = A_NORMAL;
  if (style.bold) out |= A_BOLD;
  if (style.reverse) out |= A_REVERSE;
  if (style.tone == Tone::kFaint) out |= A_DIM;
  if (!colours && style.tone == Tone::kWarn) out |= A_BOLD;
  if (!colours && style.tone == Tone::kBad) out |= A_REVERSE;
  return out;
}

std::optional<TopKey> KeyOf(bool function, wint_t c) {
  using Kind = TopKey::Kind;
  constexpr std::pair<wint_t, Kind> kFunctions[] = {
      {KEY_UP, Kind::kUp},          {KEY_DOWN, Kind::kDown},   {KEY_PPAGE, Kind::kPageUp},
      {KEY_NPAGE, Kind::kPageDown}, {KEY_HOME, Kind::kHome},   {KEY_END, Kind::kEnd},
      {KEY_BTAB, Kind::kBackTab},   {KEY_ENTER, Kind::kEnter}, {KEY_BACKSPACE, Kind::kBackspace}};
  constexpr std::pair<wint_t, Kind> kControls[] = {
      {0x1B, Kind::kEscape}, {L'\r', Kind::kEnter},    {L'\n', Kind::kEnter},
      {L'\t', Kind::kTab},   {0x7F, Kind::kBackspace}, {0x08, Kind::kBackspace}};
  if (function) {
    for (const auto& [code, kind] : kFunctions) {
      if (code == c) return TopKey{kind, 0};
    }
    return std::nullopt;
  }
  for (const auto& [code, kind] : kControls) {
    if (code == c) return TopKey{kind, 0};
  }
  return TopKey{Kind::kCharacter, static_cast<char32_t>(c)};
}

}  // namespace

struct TopTerminal::Impl {
  Signals signals;  // the first: the terminal is restored before they are given back
  SCREEN* screen = nullptr;
  bool colours = false;
  bool gone = false;

  ~Impl() {
    if (screen == nullptr) return;
    endwin();
    delscreen(screen);
  }
  void Redraw() const { clearok(curscr, TRUE); }
  void OnSignals();
  void ReadKeys(std::vector<TopKey>& keys);
  void DrawRow(const Screen& what, std::size_t row, std::size_t columns) const;
};

absl::StatusOr<std::unique_ptr<TopTerminal>> TopTerminal::Open(bool colours) {
  if (absl::Status why = WhyNot(); !why.ok()) return why;
  auto impl = std::make_unique<Impl>();
  impl->screen = newterm(nullptr, stdout, stdin);
  if (impl->screen == nullptr) {
    return absl::FailedPreconditionError(std::string("this terminal cannot be opened") + kInstead);
  }
  set_term(impl->screen);
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  set_escdelay(kEscapeWaits);
  curs_set(0);
  impl->colours = colours && has_colors();
  if (impl->colours) StartColours();
  return std::unique_ptr<TopTerminal>(new TopTerminal(std::move(impl)));
}

TopTerminal::TopTerminal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TopTerminal::~TopTerminal() = default;

bool TopTerminal::ended() const { return g_end != 0 || impl_->gone; }

ScreenSize TopTerminal::size() const {
  winsize now{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) == 0 && now.ws_col > 0 && now.ws_row > 0) {
    return {now.ws_col, now.ws_row};
  }
  return {static_cast<std::size_t>(std::max(getmaxx(stdscr), 1)),
          static_cast<std::size_t>(std::max(getmaxy(stdscr), 1))};
}

void TopTerminal::Impl::DrawRow(const Screen& what, std::size_t row, std::size_t columns) const {
  std::size_t at = 0;
  while (at < columns) {
    const Style style = what.At(row, at).style;
    std::wstring text;
    std::size_t end = at;
    for (; end < columns && what.At(row, end).style == style; ++end) {
      const char32_t c = what.At(row, end).character;
      if (c != 0) text += static_cast<wchar_t>(c);
    }
    const auto pair = static_cast<short>(colours ? style.tone : Tone::kPlain);
    attr_set(Attributes(style, colours), style.tone == Tone::kFaint ? short{0} : pair, nullptr);
    mvaddnwstr(static_cast<int>(row), static_cast<int>(at), text.c_str(),
               static_cast<int>(text.size()));
    at = end;
  }
}

void TopTerminal::Draw(const Screen& screen) {
  const ScreenSize now = screen.size();
  const int rows = static_cast<int>(now.rows), columns = static_cast<int>(now.columns);
  if (is_term_resized(rows, columns)) resizeterm(rows, columns);
  erase();
  for (std::size_t row = 0; row < now.rows; ++row) impl_->DrawRow(screen, row, now.columns);
  refresh();
}

void TopTerminal::Impl::OnSignals() {
  if (std::exchange(g_stop, 0) != 0) {
    endwin();
    Signals::StopHere();
    g_went_on = 1;
  }
  if (std::exchange(g_went_on, 0) != 0) {  // a shell has set the terminal meanwhile
    reset_prog_mode();
    Redraw();
  }
}

void TopTerminal::Impl::ReadKeys(std::vector<TopKey>& keys) {
  constexpr std::size_t kMost = 256;  // of what is pasted the rest has its turn
  constexpr wint_t kControlL = 0x0C;
  wint_t c = 0;
  for (int how = get_wch(&c); how != ERR && keys.size() < kMost; how = get_wch(&c)) {
    if (how != KEY_CODE_YES && c == kControlL) Redraw();
    if (const auto key = KeyOf(how == KEY_CODE_YES, c)) keys.push_back(*key);
  }
}

std::vector<TopKey> TopTerminal::Wait(Duration most) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(most);
  const timespec limit{whole.count(), (most - whole).count()};
  pollfd input{STDIN_FILENO, POLLIN, 0};
  const int ready = ppoll(&input, 1, &limit, &impl_->signals.outside());
  impl_->OnSignals();
  std::vector<TopKey> keys;
  if (ready <= 0) return keys;
  if ((input.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) impl_->gone = true;
  if ((input.revents & POLLIN) != 0) impl_->ReadKeys(keys);
  return keys;
}

}  // namespace headgate::guard
