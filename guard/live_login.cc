#include "guard/live_login.h"

#include <charconv>
#include <map>

#include "net/address_text.h"
#include "net/clock.h"
#include "net/monitor_questions.h"

namespace headgate::guard {
namespace {

using Values = std::map<std::string, std::string>;

// Of a SHOW ... LIKE: name and value; empty where it may not be asked.
Values AskValues(net::ServerClient& client, const std::string& sql) {
  Values values;
  const auto rows = client.Query(sql);
  if (!rows.ok()) return values;
  for (const auto& row : *rows) {
    if (row.size() == 2) values[row[0]] = row[1];
  }
  return values;
}

std::optional<std::string> TextOf(const Values& values, const char* name) {
  const auto found = values.find(name);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

std::optional<bool> SwitchOf(const Values& values, const char* name) {
  const auto text = TextOf(values, name);
  return text ? std::optional(*text == "ON" || *text == "1") : std::nullopt;
}

LiveSettings AskSettings(net::ServerClient& client) {
  const Values values = AskValues(
      client,
      "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('skip_name_resolve', 'max_connect_errors',"
      " 'skip_networking', 'bind_address', 'port', 'proxy_protocol_networks',"
      " 'mysqlx_bind_address', 'mysqlx_port', 'admin_address', 'admin_port')");
  LiveSettings out;
  out.known = !values.empty();
  out.skip_name_resolve = SwitchOf(values, "skip_name_resolve");
  out.skip_networking = SwitchOf(values, "skip_networking");
  out.bind_address = TextOf(values, "bind_address");
  out.port = TextOf(values, "port");
  out.x_address = TextOf(values, "mysqlx_bind_address");
  out.x_port = TextOf(values, "mysqlx_port");
  out.admin_address = TextOf(values, "admin_address");
  out.admin_port = TextOf(values, "admin_port");
  out.proxy_networks = TextOf(values, "proxy_protocol_networks");
  if (const auto text = TextOf(values, "max_connect_errors")) {
    std::uint64_t number = 0;
    const auto end = text->data() + text->size();
    if (std::from_chars(text->data(), end, number).ptr == end) out.max_connect_errors = number;
  }
  return out;
}

void AskTls(net::ServerClient& client, LiveLogin& login) {
  const Values values =
      AskValues(client, "SHOW SESSION STATUS WHERE Variable_name IN ('Ssl_cipher', 'Ssl_version')");
  login.knows_server_tls = values.contains("Ssl_cipher");
  login.server_cipher = TextOf(values, "Ssl_cipher").value_or("");
  login.server_tls_version = TextOf(values, "Ssl_version").value_or("");
}

void Fail(LiveLogin& login, const std::string& before, const absl::Status& status) {
  login.code = net::ServerErrorNumber(status);
  login.error = before + std::string(status.message());
}

// Whether it could be asked.
bool AskWho(net::ServerClient& client, LiveLogin& login) {
  const auto rows = client.Query("SELECT USER(), CURRENT_USER(), CONNECTION_ID(), VERSION()");
  if (!rows.ok()) {
    Fail(login, "it is in, but who it is cannot be asked: ", rows.status());
    return false;
  }
  if (rows->size() != 1 || rows->front().size() != 4) {
    login.error = "it is in, but the server does not say who it is";
    return false;
  }
  const auto& row = rows->front();
  login.user = row[0];
  login.current_user = row[1];
  login.server_id = row[2];
  login.server_version = row[3];
  return true;
}

// "localhost" stays a word: a unix socket has no address.
std::vector<Address> SeenIn(
    const std::string& user,
    const std::function<std::vector<Address>(const std::string&)>& resolve) {
  const std::size_t at = user.rfind('@');
  const std::string host = at == std::string::npos ? "" : user.substr(at + 1);
  if (const auto address = net::ParseAddress(host)) return {*address};
  if (host.empty() || host == "localhost") return {};
  return resolve(host);
}

}  // namespace

LiveAsked LogInLive(const net::SocketAddress& to, const net::ServerLogin& login,
                    const std::function<std::vector<Address>(const std::string&)>& resolve) {
  LiveAsked out;
  const Time start = net::Now();
  const auto client = net::ServerClient::Connect(to, login);
  out.login.took = net::Now() - start;
  if (!client.ok()) {
    Fail(out.login, "", client.status());
    return out;
  }
  out.login.local = (*client)->local().address;
  out.login.cipher = (*client)->tls_cipher();
  out.login.version = (*client)->tls_version();
  if (!AskWho(**client, out.login)) return out;
  out.login.ok = true;
  out.login.seen = SeenIn(out.login.user, resolve);
  AskTls(**client, out.login);
  out.login.settings = AskSettings(**client);
  out.lacks = net::AskMissingPrivileges(**client);
  return out;
}

}  // namespace headgate::guard
