#include "guard/tuning_commands.h"

#include <vector>

#include "guard/learn.h"
#include "guard/replay.h"

namespace headgate::guard {
namespace {

constexpr char kFiles[] = "captures (pcap, pcapng, plain or packed by gzip) or traces of a gate";
constexpr char kConfig[] = "the configuration file; conf.d/*.toml beside it is laid over it";

void AddServers(CLI::App& command, std::vector<std::uint16_t>& ports,
                std::vector<std::string>& servers) {
  command
      .add_option("--server", servers,
                  "of captures: the address of a server whose clients are meant; may be given more "
                  "than once (default: any)")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  command
      .add_option(
          "--port", ports,
          "of captures: a port of the server's; may be given more than once (default: where "
          "the configuration listens)")
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 65535));
}

void AddReplay(CLI::App& app, Arguments& args, Command& chosen) {
  ReplayOptions& o = args.replay;
  CLI::App* command =
      AddCommand(app, "replay", "what a configuration would have done to what was seen", args,
                 chosen, [](const Arguments& a) {
                   ReplayOptions options = a.replay;
                   options.config = a.config;
                   options.as_json = a.as_json;
                   return RunReplay(options);
                 });
  command->add_option("files", o.files, kFiles)->type_name("FILE")->required();
  command->add_option("--config", args.config, kConfig)->type_name("FILE")->capture_default_str();
  command->add_option("--html", o.html, "write the report as a page of one file, with charts, too")
      ->type_name("FILE");
  command
      ->add_option("--protect", o.protect,
                   "who is yours, beside the classes with a reserve: 10.1.0.0/16, user:shop*, "
                   "class:web; may be given more than once")
      ->allow_extra_args(false);
  command
      ->add_option("--shortly", o.shortly,
                   "who is yours and waits for less is not taken as touched")
      ->capture_default_str();
  AddServers(*command, o.ports, o.servers);
  command->add_flag("--verbatim", o.verbatim,
                    "of a trace: put every event as it was to the engine, and compare its verdicts "
                    "with those of the gate");
  command->footer(R"(
Several captures are read as one, by time. Whoever is refused does not come
back, unless he came back anyway.

Exit status: 0 nobody who is protected would have been touched, 1 somebody would have been, 2 wrong
usage, a file that cannot be read, or nobody was seen of those who are protected.)");
}

void AddLearn(CLI::App& app, Arguments& args, Command& chosen) {
  LearnOptions& o = args.learn;
  CLI::App* command = AddCommand(app, "learn", "limits proposed from what was seen", args, chosen,
                                 [](const Arguments& a) {
                                   LearnOptions options = a.learn;
                                   options.config = a.config;
                                   options.as_json = a.as_json;
                                   return RunLearn(options);
                                 });
  command->add_option("files,--from", o.files, kFiles)->type_name("FILE")->required();
  command
      ->add_option("--config", args.config,
                   "what the proposal is laid over: its backend, its slots, its classes")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_option("--headroom", o.headroom, "a limit is so many times what was seen")
      ->check(CLI::Range(1.0, 100.0))
      ->capture_default_str();
  command->add_option("--out", o.out, "write the proposal to this file, and print the table only")
      ->type_name("FILE");
  AddServers(*command, o.ports, o.servers);
  command->footer(R"(
Nothing is limited that too little was seen of, and hours that are not like those of other days are
set aside: both are told. The files are read twice.

Exit status: 0 there is a proposal, 1 too little was seen for any, 2 wrong usage, or a file that
cannot be read.)");
}

}  // namespace

void AddTuning(CLI::App& app, Arguments& args, Command& chosen) {
  AddReplay(app, args, chosen);
  AddLearn(app, args, chosen);
}

}  // namespace headgate::guard
