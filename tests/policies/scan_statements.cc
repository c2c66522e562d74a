// Scans statements and says what was found: for tests that need many of them.
//
// Usage: scan_statements [--charset=gbk] [--ansi] [--no-backslash] [--inspect=BYTES] < STATEMENTS
// STATEMENTS are separated by a NUL byte. For each one line, fields by tabs: id, kind as a number,
// score at default points, traits by commas, normalised text.
//
// With --repeat=N all are scanned N times and only bytes, statements, nanoseconds and traits are
// said.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "policies/sql_scanner.h"
#include "policies/trait.h"

namespace {

using headgate::ScanStatement;

struct Options {
  headgate::SqlMode mode;
  std::size_t inspect = 64 * 1024;
  unsigned repeat = 0;
};

Options Read(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--charset=gbk") {
      options.mode.charset = headgate::SqlCharset::kGbk;
    } else if (arg == "--ansi") {
      options.mode.ansi_quotes = true;
    } else if (arg == "--no-backslash") {
      options.mode.no_backslash_escapes = true;
    } else if (arg.substr(0, 10) == "--inspect=") {
      options.inspect = std::strtoul(argv[i] + 10, nullptr, 10);
    } else if (arg.substr(0, 9) == "--repeat=") {
      options.repeat = static_cast<unsigned>(std::strtoul(argv[i] + 9, nullptr, 10));
    } else {
      std::cerr << "scan_statements: what is " << arg << "?\n";
      std::exit(2);
    }
  }
  return options;
}

std::string TraitNames(headgate::TraitSet traits) {
  std::string names;
  for (std::size_t i = 0; i < headgate::kTraitCount; ++i) {
    const auto trait = static_cast<headgate::Trait>(i);
    if ((traits & headgate::BitOf(trait)) == 0) continue;
    if (!names.empty()) names += ',';
    names += headgate::Name(trait);
  }
  return names;
}

void Say(std::string_view sql, const Options& options) {
  static char text[256 * 1024];
  const headgate::Scan scan = ScanStatement(sql, true, options.mode, options.inspect, text);
  std::string line(text, scan.text_size);
  for (char& c : line) {
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  }
  std::printf("%016llx\t%u\t%u\t%s\t%s\n", static_cast<unsigned long long>(scan.mark.digest),
              static_cast<unsigned>(scan.mark.kind),
              headgate::Score(scan.mark.traits, headgate::DefaultPoints()),
              TraitNames(scan.mark.traits).c_str(), line.c_str());
}

void Measure(const std::vector<std::string_view>& statements, const Options& options) {
  std::size_t bytes = 0;
  headgate::TraitSet traits = 0;
  const std::clock_t start = std::clock();  // of the processor: others may be busy
  for (unsigned i = 0; i < options.repeat; ++i) {
    for (const std::string_view sql : statements) {
      traits |= ScanStatement(sql, true, options.mode, options.inspect, {}).mark.traits;
      bytes += sql.size();
    }
  }
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("%zu\t%zu\t%.0f\t%s\n", bytes, statements.size() * options.repeat, seconds * 1e9,
              TraitNames(traits).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = Read(argc, argv);
  const std::string all{std::istreambuf_iterator<char>(std::cin), {}};
  std::vector<std::string_view> statements;
  for (std::string_view rest = all; !rest.empty();) {
    const std::size_t end = rest.find('\0');
    statements.push_back(rest.substr(0, end));
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  }
  if (options.repeat > 0) {
    Measure(statements, options);
  } else {
    for (const std::string_view sql : statements) Say(sql, options);
  }
  return 0;
}
