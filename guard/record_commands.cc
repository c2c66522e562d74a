#include "guard/record_commands.h"

#include <string>

#include "guard/ask.h"
#include "guard/record_text.h"

namespace headgate::guard {
namespace {

int Record(const Arguments& args) {
  if (args.record_stop) {
    return Ask({args.socket, "POST", "/record", R"({"stop":"yes"})", args.as_json}, RecordText);
  }
  if (args.record_file.empty()) {
    return Ask({args.socket, "GET", "/record", "", args.as_json}, RecordText);
  }
  std::string body = "{\"file\":" + Json(args.record_file);
  if (!args.how_long.empty()) body += ",\"for\":" + Json(args.how_long);
  body += ",\"size\":" + Json(args.record_size);
  body += ",\"keep\":" + Json(std::to_string(args.record_keep)) + "}";
  return Ask({args.socket, "POST", "/record", body, args.as_json}, RecordText);
}

}  // namespace

void AddRecord(CLI::App& app, Arguments& args, Command& chosen) {
  CLI::App* record = AddCommand(app, "record", "have the running gate write down what it decides",
                                args, chosen, Record);
  AddSocket(*record, args);
  CLI::Option* file =
      record
          ->add_option("file", args.record_file,
                       "where; a name without a folder is below that of [known_good] state")
          ->type_name("FILE");
  record->add_option("--for", args.how_long, "10m, 1h, 7d (default: until it is stopped)")
      ->needs(file);
  record->add_option("--size", args.record_size, "of a file; then the next one is begun")
      ->needs(file)
      ->capture_default_str();
  record->add_option("--keep", args.record_keep, "older files that are kept")
      ->needs(file)
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{0}, std::size_t{1000}));
  record->add_flag("--stop", args.record_stop, "end it now")->excludes(file);
  record->footer(R"(
What is recorded is every question to the engine and its answer: addresses, user names, digests,
times. There is no SQL text but the normalised one, and no literal. The gate itself writes the
files, mode 0600: they hold the secrets of the state file. Without a file it says how it goes.

  headgate record monday.trace --for 1h
  headgate replay --config candidate.toml /var/lib/headgate/monday.trace

Exit status: 0 done; 1 the gate does not, or does not answer; 2 wrong usage.)");
}

}  // namespace headgate::guard
