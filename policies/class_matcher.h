// Which [[class]] a login belongs to: the first whose sources, users, databases and certificates'
// subjects all match; the last class is the default and takes everybody else.
//
// Threads: immutable after construction. Lifetime: the limits outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "policies/address.h"
#include "policies/limits.h"

namespace headgate {

class ClassMatcher {
 public:
  // REQUIRES: at least one class.
  explicit ClassMatcher(const std::vector<ClassLimits>& classes) : classes_(&classes) {}

  // Index into the classes. Time: linear in the classes' matchers, none of them chosen by clients.
  // `subject`: of a verified certificate; empty matches no class that names subjects.
  [[nodiscard]] std::size_t Match(const Address& peer, std::string_view user,
                                  std::string_view database, std::string_view subject = {}) const;

 private:
  const std::vector<ClassLimits>* classes_;
};

// The first thing that a class names and a login is not; kNothing: it is of the class.
enum class ClassMiss : std::uint8_t { kNothing, kSource, kUser, kDatabase, kSubject };
[[nodiscard]] ClassMiss MissOf(const ClassLimits& c, const Address& peer, std::string_view user,
                               std::string_view database, std::string_view subject);

// True when any of the networks holds the address.
[[nodiscard]] bool AnyContains(const std::vector<Cidr>& networks, const Address& a);
// True when any of the networks has an address in common with `network`.
[[nodiscard]] bool AnyOverlaps(const std::vector<Cidr>& networks, const Cidr& network);
// The same of the source's network: "::1" touches the /64 that is its source.
[[nodiscard]] bool AnyTouches(const std::vector<Cidr>& networks, const Address& source);

}  // namespace headgate
