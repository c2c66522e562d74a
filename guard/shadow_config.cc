#include "guard/shadow_config.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include <absl/strings/numbers.h>
#include "guard/config_files.h"
#include "guard/printable.h"

namespace headgate::guard {
namespace {

namespace fs = std::filesystem;

constexpr char kKey[] = "shadow.config";

// "FILE:LINE", as origins have it.
Problem ErrorAt(const std::string& place, std::string message) {
  Problem problem;
  problem.key = kKey;
  problem.message = std::move(message);
  const std::size_t colon = place.rfind(':');
  problem.file = place.substr(0, colon);
  if (colon != std::string::npos && absl::SimpleAtoi(place.substr(colon + 1), &problem.at.line)) {
    problem.at.column = 1;
  } else {
    problem.file = place;
  }
  return problem;
}

// By another name or through a link as well.
bool IsPartOf(const std::string& path, const std::string& candidate) {
  const auto names = ConfigFileNames(path);
  return names && std::any_of(names->begin(), names->end(), [&](const std::string& name) {
           std::error_code error;
           return name == candidate || fs::equivalent(name, candidate, error);
         });
}

void Refuse(Loaded& loaded, Problem problem) {
  loaded.problems.push_back(std::move(problem));
  loaded.config.reset();
}

}  // namespace

std::string ShadowPath(const std::string& path, const std::string& config) {
  return config.empty() ? std::string() : (fs::path(path).parent_path() / config).string();
}

void LoadShadow(const std::string& path, const HostFacts& host, Loaded& loaded) {
  if (!loaded.config || loaded.config->shadow.config.empty()) return;
  const std::string place = loaded.origins.Of(kKey);
  const std::string at = ShadowPath(path, loaded.config->shadow.config);
  if (IsPartOf(path, at)) {
    return Refuse(loaded, ErrorAt(place, Printable(at) +
                                             " is part of this configuration itself: the candidate "
                                             "is a file of its own, outside of conf.d"));
  }
  HostFacts facts = host;
  facts.try_tls = nullptr;
  Loaded candidate = ParseConfig(ReadConfigFiles(at), facts);
  const bool right = candidate.config.has_value();
  for (Problem& problem : candidate.problems) loaded.problems.push_back(std::move(problem));
  if (!right) return loaded.config.reset();
  // That of a file in conf.d is the running one's.
  const std::string own = candidate.origins.Of(kKey);
  if (own.starts_with(at + ":")) {
    return Refuse(loaded, ErrorAt(own, "this file is the candidate of [shadow] itself: remove it"));
  }
  candidate.config->shadow = {};
  loaded.config->shadow.path = at;
  loaded.config->shadow.candidate = std::make_shared<const Config>(std::move(*candidate.config));
}

}  // namespace headgate::guard
