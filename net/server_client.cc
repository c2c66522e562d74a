#include "net/server_client.h"

#include <mysql.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <mutex>
#include <string_view>
#include <utility>

#include "net/address_text.h"
#include "net/clock.h"

namespace headgate::net {
namespace {

// Errors of the library itself, not of the server, start here (errmsg.h).
constexpr unsigned kFirstClientError = 2000;
constexpr unsigned kLastClientError = 5999;
// CR_SERVER_LOST: the library's own for what it waits no longer for.
constexpr unsigned kGivenUp = 2013;

// Of a packet, more than SHOW ENGINE INNODB STATUS ever is; and of an answer, with what it takes to
// keep it: some 300,000 rows of the processes. Whoever sends more is no server in good order.
constexpr unsigned long kMostPacketBytes = 4UL << 20;
constexpr std::size_t kMostAnswerBytes = 32U << 20;
constexpr std::size_t kRowBytes = sizeof(Rows::value_type), kValueBytes = sizeof(std::string);
// Times the patience: the library's own begins anew with each read.
constexpr int kAnswerPatience = 5;

absl::StatusCode CodeOf(unsigned error) {
  if (error >= kFirstClientError && error <= kLastClientError)
    return absl::StatusCode::kUnavailable;
  switch (error) {
    case 1053:  // the server is shutting down
    case 1317:  // somebody killed us
    case 1927:
    case 3169:
    case 4031:
      return absl::StatusCode::kUnavailable;
    case 1094:
    case 1109:
    case 1146:
      return absl::StatusCode::kNotFound;
    case 1044:
    case 1045:
    case 1095:
    case 1142:
    case 1227:
    case 1698:
      return absl::StatusCode::kPermissionDenied;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status ErrorOf(MYSQL* mysql) {
  return {CodeOf(mysql_errno(mysql)),
          std::to_string(mysql_errno(mysql)) + " " + mysql_error(mysql)};
}

// Said either way: what the library does unasked differs by its version.
void SetUpTls(MYSQL* mysql, LoginTls tls) {
  const my_bool enforce = tls == LoginTls::kUnverified ? 1 : 0;
  const my_bool verify = 0;
  mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &enforce);
  mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

void SetUp(MYSQL* mysql, const ServerLogin& login) {
  const auto patience = static_cast<unsigned>(login.patience.count());
  mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &patience);
  mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &patience);
  mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &patience);
  // A server may ask for any file of the client's with it on.
  const unsigned off = 0;
  mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off);
  mysql_options(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &kMostPacketBytes);
  mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_optionsv(mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "headgate");
  SetUpTls(mysql, login.tls);
  if (!login.from.empty()) mysql_options(mysql, MYSQL_OPT_BIND, login.from.c_str());
  if (!login.proxy_header.empty() && !login.header_first) {
    mysql_optionsv(mysql, MARIADB_OPT_PROXY_HEADER, login.proxy_header.data(),
                   login.proxy_header.size());
  }
}

// Those that do not say the password in clear on a plain wire.
constexpr char kHidingPlugins[] =
    "mysql_native_password,client_ed25519,parsec,caching_sha2_password,sha256_password";

// Whoever answers names the plugin, and the library loads mysql_clear_password or dialog for it. A
// peer on this host may do so (PAM); on the wire nobody has proved to be the server, with TLS
// neither, as no certificate is verified. A refusal is the library's error 5010.
void RestrictPlugins(MYSQL* mysql, const SocketAddress& to) {
  if (to.family() == AF_UNIX || ToEndpoint(to).address.IsLoopback()) return;
  mysql_options(mysql, MARIADB_OPT_RESTRICTED_AUTH, kHidingPlugins);
}

// What has come of what the library waits for: MYSQL_WAIT_*.
int Await(MYSQL* mysql, int wanted, std::chrono::seconds patience) {
  pollfd one{static_cast<int>(mysql_get_socket(mysql)), 0, 0};
  if ((wanted & MYSQL_WAIT_READ) != 0) one.events |= POLLIN;
  if ((wanted & MYSQL_WAIT_WRITE) != 0) one.events |= POLLOUT;
  const int most = static_cast<int>(std::chrono::milliseconds(patience).count());
  const bool timed = (wanted & MYSQL_WAIT_TIMEOUT) != 0;
  const int wait = timed ? static_cast<int>(mysql_get_timeout_value_ms(mysql)) : most;
  int ready = -1;
  do {
    ready = poll(&one, 1, wait);
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return MYSQL_WAIT_TIMEOUT;
  // A broken connection is for the library to find.
  if ((one.revents & (POLLIN | POLLOUT)) == 0) return wanted & ~MYSQL_WAIT_TIMEOUT;
  return ((one.revents & POLLIN) != 0 ? MYSQL_WAIT_READ : 0) |
         ((one.revents & POLLOUT) != 0 ? MYSQL_WAIT_WRITE : 0);
}

// Step by step: between the connection and the greeting there is no other place for the header.
bool ReachHeaderFirst(MYSQL* mysql, const Endpoint& to, const ServerLogin& login) {
  mysql_options(mysql, MYSQL_OPT_NONBLOCK, nullptr);
  MYSQL* connected = nullptr;
  bool sent = false;
  const std::string host = ToText(to.address);
  int wanted = mysql_real_connect_start(&connected, mysql, host.c_str(), login.user.c_str(),
                                        login.password.c_str(), nullptr, to.port, nullptr, 0);
  while (wanted != 0) {
    if (!sent && (wanted & MYSQL_WAIT_READ) != 0) {
      sent = true;
      // Into an empty buffer: it fits, or the connection is broken, as the next read will find.
      [[maybe_unused]] const ssize_t n =
          send(static_cast<int>(mysql_get_socket(mysql)), login.proxy_header.data(),
               login.proxy_header.size(), MSG_NOSIGNAL);
    }
    wanted = mysql_real_connect_cont(&connected, mysql, Await(mysql, wanted, login.patience));
  }
  return connected != nullptr;
}

bool Reach(MYSQL* mysql, const SocketAddress& to, const ServerLogin& login) {
  const char* user = login.user.c_str();
  const char* password = login.password.c_str();
  unsigned protocol = MYSQL_PROTOCOL_TCP;
  if (to.family() == AF_UNIX) {
    protocol = MYSQL_PROTOCOL_SOCKET;
    mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
    const auto* path = reinterpret_cast<const sockaddr_un*>(to.get())->sun_path;
    return mysql_real_connect(mysql, nullptr, user, password, nullptr, 0, path, 0) != nullptr;
  }
  mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
  const Endpoint endpoint = ToEndpoint(to);
  if (login.header_first && !login.proxy_header.empty()) {
    return ReachHeaderFirst(mysql, endpoint, login);
  }
  return mysql_real_connect(mysql, ToText(endpoint.address).c_str(), user, password, nullptr,
                            endpoint.port, nullptr, 0) != nullptr;
}

std::vector<std::string> TextOf(MYSQL_ROW row, const unsigned long* lengths, unsigned fields) {
  std::vector<std::string> out;
  for (unsigned i = 0; i < fields; ++i) {
    out.push_back(row[i] == nullptr ? std::string() : std::string(row[i], lengths[i]));
  }
  return out;
}

std::size_t SizeOf(const std::vector<std::string>& row) {
  std::size_t size = kRowBytes;
  for (const std::string& value : row) size += kValueBytes + value.size();
  return size;
}

std::vector<std::string> NamesOf(MYSQL_RES* result) {
  std::vector<std::string> out;
  const MYSQL_FIELD* fields = mysql_fetch_fields(result);
  for (unsigned i = 0; i < mysql_num_fields(result); ++i) out.emplace_back(fields[i].name);
  return out;
}

}  // namespace

struct ServerClient::Impl {
  MYSQL mysql{};
  Duration patience;  // for a whole answer
  explicit Impl(Duration most) : patience(most) { mysql_init(&mysql); }
  ~Impl() { mysql_close(&mysql); }
  // The library reads an answer to its end before it lets go of it.
  absl::Status GiveUp(std::string_view why) {
    shutdown(static_cast<int>(mysql_get_socket(&mysql)), SHUT_RDWR);
    return absl::UnavailableError(std::to_string(kGivenUp) + " the server: " + std::string(why));
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
};

ServerClient::EnterThread::EnterThread() {
  static std::once_flag once;  // the library's own start is not for several threads at once
  std::call_once(once, [] { mysql_library_init(0, nullptr, nullptr); });
  mysql_thread_init();
}

ServerClient::EnterThread::~EnterThread() { mysql_thread_end(); }

ServerClient::ServerClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServerClient::~ServerClient() = default;

absl::StatusOr<std::unique_ptr<ServerClient>> ServerClient::Connect(const SocketAddress& to,
                                                                    const ServerLogin& login) {
  auto impl = std::make_unique<Impl>(kAnswerPatience * login.patience);
  SetUp(&impl->mysql, login);
  RestrictPlugins(&impl->mysql, to);
  if (!Reach(&impl->mysql, to, login)) return ErrorOf(&impl->mysql);
  return std::unique_ptr<ServerClient>(new ServerClient(std::move(impl)));
}

absl::StatusOr<Rows> ServerClient::Query(const std::string& sql) { return Ask(sql, false); }

absl::StatusOr<Rows> ServerClient::QueryNamed(const std::string& sql) { return Ask(sql, true); }

absl::StatusOr<Rows> ServerClient::Ask(const std::string& sql, bool names) {
  MYSQL* mysql = &impl_->mysql;
  if (mysql_real_query(mysql, sql.data(), sql.size()) != 0) return ErrorOf(mysql);
  if (mysql_field_count(mysql) == 0) return Rows();
  const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> result(mysql_use_result(mysql),
                                                                        mysql_free_result);
  if (result == nullptr) return ErrorOf(mysql);
  const Time until = Now() + impl_->patience;
  Rows rows;
  std::size_t size = 0;
  while (MYSQL_ROW row = mysql_fetch_row(result.get())) {
    if (names && rows.empty()) rows.push_back(NamesOf(result.get()));
    rows.push_back(TextOf(row, mysql_fetch_lengths(result.get()), mysql_num_fields(result.get())));
    size += SizeOf(rows.back());
    if (size > kMostAnswerBytes) return impl_->GiveUp("its answer is longer than 32 MiB");
    if (Now() > until) return impl_->GiveUp("its answer takes too long");
  }
  if (mysql_errno(mysql) != 0) return ErrorOf(mysql);
  return rows;
}

absl::Status ServerClient::Ping() {
  return mysql_ping(&impl_->mysql) == 0 ? absl::OkStatus() : ErrorOf(&impl_->mysql);
}

std::uint32_t ServerClient::connection_id() const {
  return static_cast<std::uint32_t>(mysql_thread_id(&impl_->mysql));
}

Endpoint ServerClient::local() const {
  return LocalEndpoint(static_cast<int>(mysql_get_socket(&impl_->mysql)));
}

std::string ServerClient::tls_cipher() const {
  const char* cipher = mysql_get_ssl_cipher(&impl_->mysql);
  return cipher == nullptr ? "" : cipher;
}

std::string ServerClient::tls_version() const {
  const char* version = nullptr;
  if (tls_cipher().empty()) return "";
  mariadb_get_infov(&impl_->mysql, MARIADB_CONNECTION_TLS_VERSION, &version);
  return version == nullptr ? "" : version;
}

mysql::Greeting ServerClient::greeting() const {
  MYSQL* mysql = &impl_->mysql;
  unsigned long extended = 0;
  mariadb_get_infov(mysql, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &extended);
  mysql::Greeting g;
  g.server_version = mysql_get_server_info(mysql);
  g.capabilities = static_cast<std::uint32_t>(mysql->server_capabilities);
  g.mariadb_capabilities = static_cast<std::uint32_t>(extended);
  g.charset = static_cast<std::uint8_t>(mysql->server_language);
  // Before a login there is nothing else to be said there.
  g.status = static_cast<std::uint16_t>(mysql->server_status & SERVER_STATUS_AUTOCOMMIT);
  if (!mysql::IsMariaDb(g)) return g;
  g.auth_plugin = "mysql_native_password";
  // MariaDB 10 says so for the sake of old replicas, and the library cuts it off.
  if (g.server_version.rfind("10.", 0) == 0) g.server_version.insert(0, "5.5.5-");
  return g;
}

unsigned ServerErrorNumber(const absl::Status& status) {
  const std::string text(status.message());  // as ErrorOf() begins it
  unsigned number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace headgate::net
