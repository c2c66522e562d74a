// Clients of `make bench` that are cheap enough not to hide what the gates cost. Each prints its
// counts as JSON. Usage:
//   load_client logins HOST PORT CLIENTS SECONDS          log in and quit, again and again
//   load_client connects HOST PORT CLIENTS SECONDS FROM   connect, read to the end, close; FROM an
//   address load_client bulk HOST PORT SQL                        one answer, read to its end and
//   dropped
// Accounts as the private server of the tests has them.
#include <arpa/inet.h>
#include <mysql.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Target {
  std::string host;
  std::uint16_t port = 0;
};

double Since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

MYSQL* LogIn(const Target& to) {
  MYSQL* mysql = mysql_init(nullptr);
  if (mysql_real_connect(mysql, to.host.c_str(), "app", "app-secret", "shop", to.port, nullptr,
                         0) != nullptr) {
    return mysql;
  }
  mysql_close(mysql);
  return nullptr;
}

// Runs `life` in `clients` threads, again and again until the time is over. The seconds it took.
template <typename Life>
double Repeat(int clients, double seconds, Life life) {
  const Clock::time_point began = Clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&] {
      mysql_thread_init();
      while (Since(began) < seconds) life();
      mysql_thread_end();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return Since(began);
}

void Logins(const Target& to, int clients, double seconds) {
  std::atomic<std::uint64_t> in = 0, failed = 0;
  const double took = Repeat(clients, seconds, [&] {
    MYSQL* mysql = LogIn(to);
    ++(mysql != nullptr ? in : failed);
    if (mysql != nullptr) mysql_close(mysql);
  });
  std::printf("{\"in\": %lu, \"failed\": %lu, \"seconds\": %.3f}\n", in.load(), failed.load(),
              took);
}

struct Ends {
  std::atomic<std::uint64_t> greeted = 0, refused = 0, failed = 0;
};

// A greeting is protocol 10; an ERR, an end or a reset is a refusal. Leaves with a reset, so that
// no port stays taken.
void Connect(const sockaddr_in& to, const sockaddr_in& from, Ends& ends) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  const timeval patience{2, 0};
  const linger reset{1, 0};
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  std::array<unsigned char, 512> data{};
  if (bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) < 0 ||
      connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) {
    ++(errno == ECONNRESET ? ends.refused : ends.failed);
  } else {
    const ssize_t n = recv(fd, data.data(), data.size(), 0);
    if (n > 4 && data[4] == 10) {
      ++ends.greeted;
    } else {
      ++(n < 0 && errno != ECONNRESET ? ends.failed : ends.refused);
    }
  }
  close(fd);
}

void Connects(const Target& target, int clients, double seconds, const char* source) {
  sockaddr_in to{}, from{};
  to.sin_family = from.sin_family = AF_INET;
  to.sin_port = htons(target.port);
  inet_pton(AF_INET, target.host.c_str(), &to.sin_addr);
  inet_pton(AF_INET, source, &from.sin_addr);
  Ends ends;
  const double took = Repeat(clients, seconds, [&] { Connect(to, from, ends); });
  std::printf("{\"greeted\": %lu, \"refused\": %lu, \"failed\": %lu, \"seconds\": %.3f}\n",
              ends.greeted.load(), ends.refused.load(), ends.failed.load(), took);
}

// Follows the packets of a stream by their headers alone.
struct Answer {
  std::array<unsigned char, 5> head{};  // a header, and the first byte behind it
  std::size_t have = 0, skip = 0;
  bool rows = false, ended = false, error = false;

  void Feed(const unsigned char* data, std::size_t size) {
    for (std::size_t at = 0; at < size && !ended;) {
      if (skip > 0) {
        const std::size_t step = std::min(skip, size - at);
        skip -= step;
        at += step;
        continue;
      }
      head[have++] = data[at++];
      if (have < head.size()) continue;
      have = 0;
      const std::size_t length = head[0] | head[1] << 8U | std::size_t{head[2]} << 16U;
      skip = length - 1;  // no packet of an answer with rows is empty
      error = head[4] == 0xff && length < 600;
      // The end stands behind a row; with or without the old mark between columns and rows.
      ended = error || (rows && head[4] == 0xfe && length < 32);
      rows = rows || head[4] == 0xfc || head[4] == 0xfd;
    }
  }
};

int Bulk(const Target& to, std::string_view sql) {
  MYSQL* mysql = LogIn(to);
  if (mysql == nullptr) return 1;
  std::vector<unsigned char> buffer(1 << 20);
  const Clock::time_point began = Clock::now();
  if (mysql_send_query(mysql, sql.data(), sql.size()) != 0) return 1;
  Answer answer;
  std::uint64_t bytes = 0;
  while (!answer.ended) {
    const ssize_t n =
        recv(static_cast<int>(mysql_get_socket(mysql)), buffer.data(), buffer.size(), 0);
    if (n <= 0) return 1;
    bytes += static_cast<std::uint64_t>(n);
    answer.Feed(buffer.data(), static_cast<std::size_t>(n));
  }
  std::printf("{\"bytes\": %lu, \"seconds\": %.4f}\n", bytes, Since(began));
  close(static_cast<int>(mysql_get_socket(mysql)));
  return answer.error ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (argc < 5) {
    std::fputs("usage: load_client logins|connects|bulk HOST PORT ...\n", stderr);
    return 2;
  }
  mysql_library_init(0, nullptr, nullptr);
  const Target to{argv[2], static_cast<std::uint16_t>(std::atoi(argv[3]))};
  if (what == "bulk") return Bulk(to, argv[4]);
  if (what == "logins" && argc == 6) {
    Logins(to, std::atoi(argv[4]), std::atof(argv[5]));
  } else if (what == "connects" && argc == 7) {
    Connects(to, std::atoi(argv[4]), std::atof(argv[5]), argv[6]);
  } else {
    return 2;
  }
  return 0;
}
