#include "guard/spawn.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <string_view>

extern char** environ;

namespace headgate::guard {
namespace {

constexpr int kLinkNumber = 3;

// Of another process, or of the start before this one.
bool IsLeftOut(std::string_view variable, std::string_view link_variable) {
  const std::string_view name = variable.substr(0, variable.find('='));
  return name == link_variable || name == "LISTEN_PID" || name == "LISTEN_FDS" ||
         name == "LISTEN_FDNAMES" || name == "WATCHDOG_PID";
}

// In the child of a process with threads: system calls only, until exec (signal-safety(7)).
void RaiseAmbient() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> words{};
  if (syscall(SYS_capget, &header, words.data()) != 0) return;
  if (words[0].permitted == 0 && words[1].permitted == 0) return;
  for (auto& w : words) w.inheritable = w.permitted;
  if (syscall(SYS_capset, &header, words.data()) != 0) return;
  for (unsigned capability = 0; capability < 64; ++capability) {
    if ((words[capability / 32].permitted & 1U << capability % 32) == 0) continue;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
  }
}

[[noreturn]] void RunProgram(const char* program, char* const* arguments, char* const* environment,
                             int link) {
  if (link == kLinkNumber) {
    fcntl(link, F_SETFD, 0);
  } else {
    dup2(link, kLinkNumber);
  }
  // All of ours are close-on-exec; those of libraries need not be.
  syscall(SYS_close_range, kLinkNumber + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  RaiseAmbient();
  execve(program, arguments, environment);
  const int error = errno;
  send(kLinkNumber, &error, sizeof error, MSG_NOSIGNAL);
  _exit(127);
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::string OwnProgram() {
  constexpr std::string_view kDeleted = " (deleted)";
  std::string path(PATH_MAX, '\0');
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  path.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  if (std::string_view(path).ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

absl::StatusOr<Spawned> SpawnBeside(const std::string& program,
                                    const std::vector<std::string>& arguments, int link,
                                    const std::string& variable) {
  std::vector<std::string> words = arguments;
  std::vector<std::string> variables;
  for (char** v = environ; *v != nullptr; ++v) {
    if (!IsLeftOut(*v, variable)) variables.emplace_back(*v);
  }
  variables.push_back(variable + "=" + std::to_string(kLinkNumber));
  const std::vector<char*> argv = Pointers(words), envp = Pointers(variables);
  int handle = -1;
  const long pid =
      syscall(SYS_clone, CLONE_PARENT | CLONE_PIDFD | SIGCHLD, nullptr, &handle, nullptr, 0);
  if (pid == 0) RunProgram(program.c_str(), argv.data(), envp.data(), link);
  if (pid < 0) {
    return absl::ResourceExhaustedError(std::string("cannot start a process: ") +
                                        std::strerror(errno));
  }
  return Spawned{static_cast<int>(pid), net::Fd(handle)};
}

}  // namespace headgate::guard
