#include "net/loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <limits>
#include <system_error>
#include <utility>

#include "net/clock.h"
#include "net/loop_socket.h"

namespace headgate::net {
namespace {

// Whose turn this thread is in.
thread_local const Loop* running = nullptr;

class InTurn {
 public:
  explicit InTurn(const Loop* loop) : before_(std::exchange(running, loop)) {}
  ~InTurn() { running = before_; }
  InTurn(const InTurn&) = delete;
  InTurn& operator=(const InTurn&) = delete;

 private:
  const Loop* before_;
};

// What is told with an event: the descriptor, and when it was watched.
std::uint64_t MarkOf(int fd, std::uint32_t watch) {
  return std::uint64_t{watch} << 32U | static_cast<std::uint32_t>(fd);
}
int FdOf(const epoll_event& event) { return static_cast<int>(event.data.u64 & UINT32_MAX); }
std::uint32_t WatchOf(const epoll_event& event) {
  return static_cast<std::uint32_t>(event.data.u64 >> 32U);
}

Fd OrThrow(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return Fd(fd);
}

}  // namespace

Loop::Loop()
    : epoll_(OrThrow(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(OrThrow(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = MarkOf(wake_.get(), 0);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

Loop::~Loop() = default;

void Loop::Run() {
  while (!stopped_.load(std::memory_order_relaxed)) Turn(Duration::max());
}

void Loop::Stop() {
  stopped_.store(true, std::memory_order_relaxed);
  Wake();
}

void Loop::Post(std::function<void()> task) {
  if (running == this) return own_tasks_.push_back(std::move(task));
  bool first = false;
  {
    const std::lock_guard lock(posted_mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (first) Wake();
}

void Loop::Wake() { static_cast<void>(eventfd_write(wake_.get(), 1)); }

std::size_t Loop::Turn(Duration most) {
  const InTurn turn(this);
  const int count = epoll_wait(epoll_.get(), events_.data(), kBatch, Patience(most));
  TakeEvents(count);
  std::size_t done = count > 0 ? static_cast<std::size_t>(count) : 0;
  done += RunAgain();
  done += RunTimers();
  return done + RunTasks();
}

// Milliseconds, rounded up: a timer is never early, and nothing spins until it is due.
int Loop::Patience(Duration most) const {
  if (!again_.empty() || !own_tasks_.empty()) return 0;
  if (next_timer_ != kNever) most = std::min(most, next_timer_ - Now());
  if (most == Duration::max()) return -1;
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(most).count();
  return static_cast<int>(std::clamp<std::int64_t>(pause, 0, std::numeric_limits<int>::max()));
}

// A handler may close sockets that have an event in the rest of the batch, and their descriptors
// may be somebody else's by then.
void Loop::TakeEvents(int count) {
  for (int i = 0; i < count; ++i) {
    const epoll_event event = events_[static_cast<std::size_t>(i)];
    const int fd = FdOf(event);
    if (fd == wake_.get()) {
      DrainWake();
      continue;
    }
    const Place at = places_[static_cast<std::size_t>(fd)];
    if (at.socket != nullptr && at.watch == WatchOf(event)) at.socket->Take(event.events);
  }
}

void Loop::DrainWake() {
  eventfd_t ignored = 0;
  static_cast<void>(eventfd_read(wake_.get(), &ignored));
  const std::lock_guard lock(posted_mutex_);
  own_tasks_.insert(own_tasks_.end(), std::make_move_iterator(posted_.begin()),
                    std::make_move_iterator(posted_.end()));
  posted_.clear();
}

std::size_t Loop::RunAgain() {
  running_again_.swap(again_);
  std::size_t done = 0;
  for (const int fd : running_again_) {
    LoopSocket* socket = places_[static_cast<std::size_t>(fd)].socket;
    if (socket == nullptr || !std::exchange(socket->again_, false)) continue;  // closed meanwhile
    ++done;
    socket->watcher_->OnSocket();
  }
  running_again_.clear();
  return done;
}

std::size_t Loop::RunTimers() {
  if (next_timer_ == kNever) return 0;
  const Time now = Now();
  std::size_t done = 0;
  while (next_timer_ <= now) {
    LoopTimer& due =
        **std::min_element(timers_.begin(), timers_.end(),
                           [](const LoopTimer* a, const LoopTimer* b) { return a->at_ < b->at_; });
    const auto task = std::exchange(due.task_, nullptr);
    due.Cancel();
    ++done;
    task();
  }
  return done;
}

// What they post in turn is for the next turn.
std::size_t Loop::RunTasks() {
  if (own_tasks_.empty()) return 0;
  const auto tasks = std::exchange(own_tasks_, {});
  for (const auto& task : tasks) task();
  return tasks.size();
}

bool Loop::Watch(LoopSocket& socket) {
  Place& place = PlaceOf(socket.fd());
  if (!socket.watched_) place.watch = ++watches_;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET;
  if (socket.wants_writable_) event.events |= EPOLLOUT;
  event.data.u64 = MarkOf(socket.fd(), place.watch);
  const int how = socket.watched_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(epoll_.get(), how, socket.fd(), &event) != 0) return false;
  place.socket = &socket;
  return true;
}

Loop::Place& Loop::PlaceOf(int fd) {
  const auto at = static_cast<std::size_t>(fd);
  if (at >= places_.size()) places_.resize(at + 1);
  return places_[at];
}

void Loop::Again(int fd) { again_.push_back(fd); }

void LoopTimer::SetIn(Duration pause, std::function<void()> task) {
  SetAt(Now() + pause, std::move(task));
}

void LoopTimer::SetAt(Time at, std::function<void()> task) {
  Cancel();
  if (at == kNever) return;
  at_ = at;
  task_ = std::move(task);
  loop_.timers_.push_back(this);
  loop_.next_timer_ = std::min(loop_.next_timer_, at);
}

void LoopTimer::Cancel() {
  if (std::exchange(at_, kNever) == kNever) return;
  std::erase(loop_.timers_, this);
  task_ = nullptr;
  loop_.next_timer_ = kNever;
  for (const LoopTimer* timer : loop_.timers_) {
    loop_.next_timer_ = std::min(loop_.next_timer_, timer->at_);
  }
}

}  // namespace headgate::net
