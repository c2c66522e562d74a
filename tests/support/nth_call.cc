// Lets every n-th call of a function fail in a program that it is preloaded into (ld.so(8),
// LD_PRELOAD): what a kernel without memory or descriptors, or a network that breaks, does at
// moments of its own choice. tests/support/faults.py has the other side.
//
// The file that HEADGATE_FAULTS names is shared with whoever sets the faults: for each function of
// Function, in that order, four numbers of 64 bits: each how manieth call fails (0: none; with
// kOnce only that call, and none after it), the errno it fails with, how many calls there were, how
// many of them failed.
//
// What is never so at a real kernel is left out: an epoll_ctl that only changes or removes, a
// connect of a unix socket (of the service manager's, say).
//
// Threads: any. Lifetime: the process's; without the variable everything works as ever.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

enum Function : std::size_t {
  kAccept,
  kConnect,
  kEpollAdd,
  kSend,
  kSendMsg,
  kRecv,
  kSocket,
  kNew,
  kSpawn,  // with errno 0: /bin/false is started instead
  kEventFd,
  kTimerFd,
  kEpollCreate,
  kSignalFd,
  kBind,
  kListen,
  kThread,
  kFunctions
};

constexpr std::uint64_t kOnce = std::uint64_t{1} << 63;

struct Entry {
  std::atomic<std::uint64_t> every, error, calls, failed;
};
static_assert(sizeof(Entry) == 32 && std::atomic<std::uint64_t>::is_always_lock_free);

Entry* MapFaults() {
  const char* const name = std::getenv("HEADGATE_FAULTS");
  const int fd = name == nullptr ? -1 : open(name, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* const at =
      mmap(nullptr, kFunctions * sizeof(Entry), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return at == MAP_FAILED ? nullptr : static_cast<Entry*>(at);
}

// True, and errno set: this call is one that fails.
bool Fails(Function function) {
  static Entry* const faults = MapFaults();
  if (faults == nullptr) return false;
  Entry& entry = faults[function];
  const std::uint64_t call = ++entry.calls;
  const std::uint64_t every = entry.every;
  const bool hits =
      (every & kOnce) != 0 ? call == (every & ~kOnce) : every != 0 && call % every == 0;
  if (!hits) return false;
  ++entry.failed;
  errno = static_cast<int>(entry.error);
  return true;
}

template <typename F>
F* Real(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

// As operator new has to ([new.delete.single]): a fault is one malloc() that has found nothing.
template <typename Take>
void* New(Take take) {
  bool fails = Fails(kNew);
  for (;;) {
    void* const memory = fails ? nullptr : take();
    if (memory != nullptr) return memory;
    fails = false;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

}  // namespace

extern "C" {

int accept4(int fd, sockaddr* peer, socklen_t* size, int flags) {
  static auto* const real = Real<decltype(accept4)>("accept4");
  return Fails(kAccept) ? -1 : real(fd, peer, size, flags);
}

int connect(int fd, const sockaddr* to, socklen_t size) {
  static auto* const real = Real<decltype(connect)>("connect");
  return to->sa_family != AF_UNIX && Fails(kConnect) ? -1 : real(fd, to, size);
}

int epoll_ctl(int epoll, int how, int fd, epoll_event* event) noexcept {
  static auto* const real = Real<decltype(epoll_ctl)>("epoll_ctl");
  return how == EPOLL_CTL_ADD && Fails(kEpollAdd) ? -1 : real(epoll, how, fd, event);
}

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  static auto* const real = Real<decltype(send)>("send");
  return Fails(kSend) ? -1 : real(fd, bytes, size, flags);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static auto* const real = Real<decltype(sendmsg)>("sendmsg");
  return Fails(kSendMsg) ? -1 : real(fd, message, flags);
}

ssize_t recv(int fd, void* bytes, size_t size, int flags) {
  static auto* const real = Real<decltype(recv)>("recv");
  return Fails(kRecv) ? -1 : real(fd, bytes, size, flags);
}

int socket(int family, int type, int protocol) noexcept {
  static auto* const real = Real<decltype(socket)>("socket");
  return Fails(kSocket) ? -1 : real(family, type, protocol);
}

int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                const posix_spawnattr_t* attributes, char* const* arguments,
                char* const* environment) {
  static auto* const real = Real<decltype(posix_spawn)>("posix_spawn");
  if (Fails(kSpawn)) {
    if (errno != 0) return errno;
    path = "/bin/false";
  }
  return real(pid, path, actions, attributes, arguments, environment);
}

int eventfd(unsigned value, int flags) noexcept {
  static auto* const real = Real<int(unsigned, int)>("eventfd");
  return Fails(kEventFd) ? -1 : real(value, flags);
}

int timerfd_create(int clock, int flags) noexcept {
  static auto* const real = Real<int(int, int)>("timerfd_create");
  return Fails(kTimerFd) ? -1 : real(clock, flags);
}

int epoll_create1(int flags) noexcept {
  static auto* const real = Real<int(int)>("epoll_create1");
  return Fails(kEpollCreate) ? -1 : real(flags);
}

int signalfd(int fd, const sigset_t* mask, int flags) noexcept {
  static auto* const real = Real<int(int, const sigset_t*, int)>("signalfd");
  return Fails(kSignalFd) ? -1 : real(fd, mask, flags);
}

int bind(int fd, const sockaddr* to, socklen_t size) noexcept {
  static auto* const real = Real<int(int, const sockaddr*, socklen_t)>("bind");
  return Fails(kBind) ? -1 : real(fd, to, size);
}

int listen(int fd, int backlog) noexcept {
  static auto* const real = Real<int(int, int)>("listen");
  return Fails(kListen) ? -1 : real(fd, backlog);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                   void* argument) noexcept {
  static auto* const real =
      Real<int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>("pthread_create");
  return Fails(kThread) ? errno : real(thread, attributes, body, argument);
}

}  // extern "C"

void* operator new(std::size_t size) {
  return New([size] { return std::malloc(size); });
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new(std::size_t size, std::align_val_t align) {
  const auto to = static_cast<std::size_t>(align);
  return New([size, to] { return std::aligned_alloc(to, (size + to - 1) / to * to); });
}
void* operator new[](std::size_t size, std::align_val_t align) { return operator new(size, align); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
