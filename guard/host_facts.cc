#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "guard/config.h"

namespace headgate::guard {
namespace {

constexpr std::size_t kLongestFile = 1 << 20;

std::optional<Address> FromSocket(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    return Address::V4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    Address out;
    std::memcpy(out.bytes.data(), &v6.sin6_addr, out.bytes.size());
    return out;
  }
  return std::nullopt;
}

std::vector<Address> InterfaceAddresses() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  std::vector<Address> addresses;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if (const auto address = FromSocket(each->ifa_addr)) addresses.push_back(*address);
  }
  return addresses;
}

std::vector<Address> Resolve(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(name.c_str(), nullptr, &hints, &list) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, freeaddrinfo);
  std::vector<Address> addresses;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    if (const auto address = FromSocket(each->ai_addr)) addresses.push_back(*address);
  }
  return addresses;
}

}  // namespace

HostFacts ReadHostFacts(const std::string& path) {
  HostFacts facts;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.descriptors = limit.rlim_max;
  facts.addresses = InterfaceAddresses();
  std::error_code ignored;
  const auto beside = std::filesystem::path(path).parent_path() / "conf.d";
  facts.conf_d_exists = std::filesystem::is_directory(beside, ignored);
  facts.resolve = Resolve;
  facts.file_exists = [](const std::string& name) {
    std::error_code no_matter;
    return std::filesystem::exists(name, no_matter);
  };
  return facts;
}

Loaded LoadConfig(const std::string& path) {
  const auto refuse = [&](std::string message) {
    return Loaded{std::nullopt,
                  {{Problem::Severity::kError, path, Position{}, "", std::move(message)}}};
  };
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return refuse(std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return refuse("is no regular file");
  std::ifstream file(path, std::ios::binary);
  if (!file) return refuse(std::string("cannot be read: ") + std::strerror(errno));
  std::string text(kLongestFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kLongestFile) return refuse("is larger than 1 MiB");
  return ParseConfig(text, path, ReadHostFacts(path));
}

}  // namespace headgate::guard
