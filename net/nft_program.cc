#include "net/nft_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <absl/strings/str_cat.h>
#include "net/fd.h"

namespace headgate::net {
namespace {

using Clock = std::chrono::steady_clock;

absl::Status Failed(const char* what, int error) {
  return absl::InternalError(absl::StrCat("nft: ", what, ": ", std::strerror(error)));
}

absl::StatusOr<Fd> InputOf(std::string_view text) {
  Fd fd(memfd_create("nft-input", MFD_CLOEXEC));
  if (!fd.valid()) return Failed("memfd_create", errno);
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = write(fd.get(), text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR) return Failed("write", errno);
    if (n > 0) done += static_cast<std::size_t>(n);
  }
  if (lseek(fd.get(), 0, SEEK_SET) < 0) return Failed("lseek", errno);
  return fd;
}

// What the child's output and errors are read from.
struct Pipe {
  Fd read, write;
  std::string text;
  std::size_t most = 0;
  bool too_much = false;

  absl::Status Open(std::size_t bound) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return Failed("pipe2", errno);
    read.Reset(ends[0]);
    write.Reset(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    most = bound;
    return absl::OkStatus();
  }
  // Reads what there is, keeps what is within the bound; closes at the end.
  void Drain() {
    std::array<char, 65536> buffer;  // NOLINT: filled by read
    for (;;) {
      const ssize_t n = ::read(read.get(), buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) return read.Reset();
      const std::size_t take = std::min(static_cast<std::size_t>(n), most - text.size());
      text.append(buffer.data(), take);
      too_much |= take != static_cast<std::size_t>(n);
    }
  }
};

// posix_spawn's two structures, destroyed whatever happens.
class Spawn {
 public:
  Spawn(int in, int out, int err) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, in, 0);
    posix_spawn_file_actions_adddup2(&actions_, out, 1);
    posix_spawn_file_actions_adddup2(&actions_, err, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Spawn() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;

  // 0 or an errno.
  int Start(const std::string& path, const std::vector<std::string>& args, pid_t& pid) {
    std::vector<char*> argv = {const_cast<char*>("nft")};
    for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
    argv.push_back(nullptr);
    std::array<char*, 2> environment = {const_cast<char*>("LC_ALL=C"), nullptr};
    return posix_spawn(&pid, path.c_str(), &actions_, &attributes_, argv.data(),
                       environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// When a run has to end; comes nearer when there is hurry.
class Deadline {
 public:
  explicit Deadline(const NftProgram::Options& options)
      : options_(options), end_(Clock::now() + options.deadline) {}
  // How many milliseconds to wait at once; 0 when it has come.
  int Left() {
    if (!hurried_ && options_.hurry && *options_.hurry) {
      hurried_ = true;
      end_ = std::min(end_, Clock::now() + options_.hurried);
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now());
    const std::int64_t most = options_.hurry ? kGlance : 1 << 30;
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, most));
  }

 private:
  static constexpr std::int64_t kGlance = 100;  // milliseconds between looks at `hurry`
  const NftProgram::Options& options_;
  Clock::time_point end_;
  bool hurried_ = false;
};

// Until both are at their end, the output is too much, or the deadline. Of errors the beginning is
// enough: nft may have one for each of thousands of elements.
void Collect(Pipe& out, Pipe& err, Deadline& deadline) {
  while (out.read.valid() || err.read.valid()) {
    std::array<pollfd, 2> fds = {{{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}}};
    const int wait = deadline.Left();
    if (wait == 0) return;
    if (poll(fds.data(), fds.size(), wait) < 0 && errno != EINTR) return;
    if (fds[0].revents != 0) out.Drain();
    if (fds[1].revents != 0) err.Drain();
    if (out.too_much) return;
  }
}

// The child's wait status. Errors: it had to be killed, or its end cannot be known.
absl::StatusOr<int> WaitFor(pid_t pid, bool give_up, Deadline& deadline) {
  int status = 0;
  for (;;) {
    const pid_t got = waitpid(pid, &status, WNOHANG);
    if (got == pid) return status;
    // It is gone, and its pid may be somebody else's.
    if (got < 0 && errno == ECHILD) {
      return absl::FailedPreconditionError("nft: how it ended is not known: SIGCHLD is ignored");
    }
    if (give_up || deadline.Left() == 0) break;
    // Its output is at an end, so this is a matter of microseconds.
    poll(nullptr, 0, 1);
  }
  kill(pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return absl::DeadlineExceededError("nft did not end in time and was killed");
}

bool Says(const std::string& text, const char* words) { return text.find(words) != text.npos; }

// nft's complaint as a status: its first line, without where in our own text it was.
absl::Status Complaint(const std::string& errors, int status) {
  if (Says(errors, "Operation not permitted")) {
    return absl::PermissionDeniedError("nft needs CAP_NET_ADMIN");
  }
  std::string line = errors.substr(0, std::min(errors.find('\n'), errors.size()));
  if (line.empty()) {
    line = WIFSIGNALED(status) ? absl::StrCat("ended by signal ", WTERMSIG(status))
                               : absl::StrCat("ended with status ", WEXITSTATUS(status));
  }
  line = "nft: " + line.substr(0, 300);
  if (Says(line, "No such file or directory")) return absl::NotFoundError(line);
  if (Says(line, "Too many open files in system")) {
    return absl::ResourceExhaustedError(line + " (a set is full)");
  }
  return absl::InternalError(line);
}

}  // namespace

absl::StatusOr<std::string> NftProgram::Run(const std::vector<std::string>& args,
                                            std::string_view input) const {
  absl::StatusOr<Fd> in = InputOf(input);
  if (!in.ok()) return in.status();
  Pipe out, err;
  if (absl::Status s = out.Open(options_.most_output); !s.ok()) return s;
  if (absl::Status s = err.Open(options_.most_errors); !s.ok()) return s;
  Deadline deadline(options_);
  Spawn spawn(in->get(), out.write.get(), err.write.get());
  pid_t pid = -1;
  int error = ENOENT;
  for (const std::string& path : options_.paths) {
    error = spawn.Start(path, args, pid);
    if (error != ENOENT) break;
  }
  if (error == ENOENT) {
    return absl::FailedPreconditionError("nft is not installed (Debian package nftables)");
  }
  if (error != 0) return Failed("cannot be started", error);
  out.write.Reset();
  err.write.Reset();
  Collect(out, err, deadline);
  const auto status = WaitFor(pid, out.too_much, deadline);
  if (out.too_much) return absl::ResourceExhaustedError("nft says more than is read of it");
  if (!status.ok()) return status.status();
  if (!WIFEXITED(*status) || WEXITSTATUS(*status) != 0) return Complaint(err.text, *status);
  return std::move(out.text);
}

NftRunner NftProgram::AsRunner() const {
  return [program = *this](const std::vector<std::string>& args, std::string_view input) {
    return program.Run(args, input);
  };
}

}  // namespace headgate::net
