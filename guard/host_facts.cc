#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include <cstring>
#include <filesystem>
#include <memory>

#include "guard/config.h"
#include "guard/tls_checks.h"

namespace headgate::guard {
namespace {

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

HostFacts ReadHostFacts() {
  HostFacts facts;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.descriptors = limit.rlim_max;
  facts.addresses = InterfaceAddresses();
  facts.resolve = Resolve;
  facts.file_exists = [](const std::string& name) {
    std::error_code no_matter;
    return std::filesystem::exists(name, no_matter);
  };
  facts.try_tls = TryTlsFiles;
  facts.now = std::chrono::system_clock::now();
  return facts;
}

}  // namespace headgate::guard
