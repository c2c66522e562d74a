#include "guard/config_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/printable.h"
#include "guard/shadow_config.h"

namespace headgate::guard {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kLongestFile = kMiB;
constexpr std::size_t kMostFiles = 64;  // in conf.d
constexpr std::size_t kMostText = 4 * kMiB;
constexpr std::string_view kEnding = ".toml";

ConfigFile Refused(const std::string& name, std::string error) {
  return {name, "", std::move(error)};
}

ConfigFile ReadFile(const std::string& path) {
  // Before it is opened: a pipe would wait for its other end.
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return Refused(path, std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return Refused(path, "is no regular file");
  std::ifstream file(path, std::ios::binary);
  if (!file) return Refused(path, std::string("cannot be read: ") + std::strerror(errno));
  std::string text(kLongestFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Refused(path, std::string("cannot be read: ") + std::strerror(errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kLongestFile) return Refused(path, "is larger than 1 MiB");
  return {path, std::move(text), ""};
}

bool IsDropIn(std::string_view name) {
  return name.size() > kEnding.size() && name.front() != '.' &&
         name.substr(name.size() - kEnding.size()) == kEnding;
}

// Their names in order; one more than is allowed ends the search. `error` is why there is no list.
std::vector<std::string> DropIns(const fs::path& directory, std::error_code& error) {
  std::vector<std::string> names;
  fs::directory_iterator entry(directory, error);
  while (!error && entry != fs::directory_iterator() && names.size() <= kMostFiles) {
    std::string name = entry->path().filename().string();
    if (IsDropIn(name)) names.push_back(std::move(name));
    entry.increment(error);
  }
  std::sort(names.begin(), names.end());
  return names;
}

fs::path DropInsOf(const std::string& path) { return fs::path(path).parent_path() / "conf.d"; }

void AddDropIns(const fs::path& directory, std::vector<ConfigFile>& files) {
  std::error_code error;
  const std::vector<std::string> names = DropIns(directory, error);
  if (error == std::errc::no_such_file_or_directory) return;
  if (error) {
    files.push_back(Refused(directory.string(), "cannot be read: " + error.message()));
    return;
  }
  if (names.size() > kMostFiles) {
    const std::string why = absl::StrFormat("holds more than %d files *.toml", kMostFiles);
    files.push_back(Refused(directory.string(), why));
    return;
  }
  std::size_t total = 0;
  for (const std::string& name : names) {
    files.push_back(ReadFile((directory / name).string()));
    files.back().name = (directory / Printable(name)).string();
    total += files.back().text.size();
    if (total <= kMostText) continue;
    files.back() = Refused(files.back().name, "with it the conf.d directory is above 4 MiB");
    return;
  }
}

}  // namespace

std::vector<ConfigFile> ReadConfigFiles(const std::string& path) {
  std::vector<ConfigFile> files = {ReadFile(path)};
  AddDropIns(DropInsOf(path), files);
  return files;
}

std::optional<std::vector<std::string>> ConfigFileNames(const std::string& path) {
  std::error_code error;
  const std::vector<std::string> found = DropIns(DropInsOf(path), error);
  if (error && error != std::errc::no_such_file_or_directory) return std::nullopt;
  std::vector<std::string> names = {path};
  for (const std::string& name : found) names.push_back((DropInsOf(path) / name).string());
  return names;
}

std::vector<std::string> UnreadableConfigFiles(const std::string& path) {
  std::vector<std::string> out;
  for (const ConfigFile& file : ReadConfigFiles(path)) {
    if (!file.error.empty()) out.push_back(file.name + ": " + file.error);
  }
  return out;
}

Loaded LoadConfig(const std::string& path) { return LoadConfig(path, ReadHostFacts()); }

Loaded LoadConfig(const std::string& path, const HostFacts& host) {
  Loaded loaded = ParseConfig(ReadConfigFiles(path), host);
  LoadShadow(path, host, loaded);
  return loaded;
}

}  // namespace headgate::guard
