// headgate(8).
#include <cctype>

#include <absl/strings/str_format.h>
#include <absl/strings/str_replace.h>
#include "guard/manual_facts.h"
#include "guard/manual_page.h"
#include "guard/roff.h"
#include "guard/version.h"

namespace headgate::guard {
namespace {

constexpr char kDescription[] =
    "`headgate` stands in front of the port of a MySQL or MariaDB server. It greets clients "
    "itself, exactly as the server would, and opens a connection to the server only once a "
    "complete login packet is there and the policies agree. Whatever arrives at the port, the "
    "application keeps its connections and its latency.";
constexpr char kDescription2[] =
    "One program is the gate (`headgate run`), the checks of its configuration, and the tool to "
    "ask a running gate with. Answers go to standard output, with `--json` as one JSON value, "
    "also when it is an error. Root, the gate's own user and members of `[admin] group` may ask.";
constexpr char kExitTitle[] = "\nExit status: ";

bool IsHelp(const OptionInfo& option) {
  return !option.names.empty() && option.names.back() == "--help";
}

std::string Names(const OptionInfo& option) {
  std::string out;
  for (const std::string& name : option.names) out += (out.empty() ? "" : ", ") + RoffBold(name);
  if (!option.value.empty() && !out.empty()) out += " \\fI" + option.value + "\\fR";
  if (!option.argument.empty()) {
    out += (out.empty() ? "" : ", ") + std::string("\\fI") + RoffPlain(option.argument) + "\\fR";
  }
  return out;
}

// What follows the description: choices, range, default.
std::string Bounds(const OptionInfo& option) {
  std::string out;
  for (const std::string& choice : option.choices) {
    out += (out.empty() ? "One of " : ", ") + RoffBold(choice);
  }
  if (!option.range.empty()) {
    out += RoffPlain(absl::StrReplaceAll(option.range, {{" - ", " to "}}));
  }
  if (!option.default_text.empty()) {
    out += (out.empty() ? "Default: " : ". Default: ") + RoffBold(option.default_text);
  }
  return out.empty() ? "" : out + ".\n";
}

// --help writes "the configuration file"; a page has sentences.
std::string Sentence(std::string text) {
  if (!text.empty()) {
    text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  }
  return text.ends_with('.') ? text : text + ".";
}

std::string Options(const CommandInfo& command, bool with_help) {
  std::string out;
  for (const OptionInfo& option : command.options) {
    if (IsHelp(option) && !with_help) continue;
    out += ".TP\n" + Names(option) + "\n" + RoffParagraph(Sentence(option.what)) + Bounds(option);
  }
  return out;
}

// "headgate ban [options] ADDRESS [FOR]"
std::string Usage(const CommandInfo& command) {
  std::string out = RoffBold(command.FullName()) + " [\\fIoptions\\fR]";
  for (const OptionInfo& option : command.options) {
    if (option.argument.empty()) continue;
    const std::string name = "\\fI" + RoffPlain(option.argument) + "\\fR";
    out += option.required ? " " + name : " [" + name + "]";
  }
  return out + "\n";
}

// A command that has others inside it and does nothing by itself is none of its own.
bool IsGroup(const CommandInfo& command) {
  return !command.inner.empty() && command.options.size() <= 1;
}

void AddUsages(const CommandInfo& command, std::string& out) {
  if (!command.words.empty() && !IsGroup(command)) {
    out += (out.empty() ? "" : ".br\n") + Usage(command);
  }
  for (const CommandInfo& inner : command.inner) AddUsages(inner, out);
}

void AddCommands(const CommandInfo& command, std::string& out) {
  if (!command.words.empty() && !IsGroup(command)) {
    out += ".SS " + RoffPlain(command.FullName()) + "\n" + Usage(command) + ".PP\n" +
           RoffParagraph(Sentence(command.what)) + Options(command, false) +
           RoffFooter(command.footer);
  }
  for (const CommandInfo& inner : command.inner) AddCommands(inner, out);
}

std::string Facts() {
  std::string out;
  for (const FactTable& table : FactTables()) {
    std::string title(table.title);
    for (char& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    out += ".SH " + title + "\n";
    if (!table.before.empty()) out += RoffParagraph(table.before);
    for (const Fact& fact : table.facts) {
      out += ".TP\n" + RoffParagraph(fact.name) + RoffParagraph(Sentence(std::string(fact.what)));
    }
  }
  return out;
}

// The section has it already.
std::string WithoutTitle(const std::string& footer) {
  constexpr std::string_view kTitle = "\nExamples:\n";
  return footer.starts_with(kTitle) ? footer.substr(kTitle.size()) : footer;
}

}  // namespace

std::string PageHead(const std::string& name, int section) {
  return absl::StrFormat(
      ".\\\" Made by `headgate man %d`: not by hand.\n"
      ".TH %s %d %s \"headgate %s\" \"headgate\"\n"
      ".nh\n",
      section, name, section, std::string(ReleaseDate()), std::string(Version()));
}

std::string CommandsPage(const CommandInfo& root) {
  const std::size_t exit = root.footer.find(kExitTitle);
  std::string usages;
  AddUsages(root, usages);
  std::string out = PageHead("HEADGATE", 8);
  out += ".SH NAME\nheadgate \\- " + RoffPlain(root.what.substr(root.what.find(": ") + 2)) +
         "\n.SH SYNOPSIS\n" + usages;
  out += ".SH DESCRIPTION\n" + RoffParagraph(kDescription) + ".PP\n" + RoffParagraph(kDescription2);
  out += ".SH OPTIONS\n" + Options(root, true) + ".SH COMMANDS\n";
  AddCommands(root, out);
  out += ".SH EXAMPLES\n" + RoffFooter(WithoutTitle(root.footer.substr(0, exit)));
  if (exit != std::string::npos) {
    out += ".SH EXIT STATUS\n" +
           RoffParagraph(root.footer.substr(exit + std::string_view(kExitTitle).size())) +
           "Where a command differs, its section says so.\n";
  }
  out += Facts();
  return out + ".SH SEE ALSO\n.BR headgate.toml (5),\n.BR nft (8),\n.BR pcap\\-filter (7)\n.PP\n" +
         RoffParagraph("The pages whose names end with .md lie in `/usr/share/doc/headgate`.");
}

}  // namespace headgate::guard
