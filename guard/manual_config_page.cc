// headgate.toml(5).
#include "guard/key_manual.h"
#include "guard/key_sections.h"
#include "guard/manual_page.h"
#include "guard/roff.h"

namespace headgate::guard {
namespace {

constexpr char kConfigDescription[] =
    "The configuration of `headgate run` is TOML. `headgate check` names every problem of a file "
    "at once, as file:line:column: key: message, and `headgate diff` tells what a reload of it "
    "would change. A key that does not exist is an error, and so is one whose feature is not "
    "built. One key is needed: `gate.backend`.";
constexpr char kFolder[] =
    "Beside the file the directory `conf.d` is read, every `*.toml` in it by name, and laid over "
    "the file: a key that is set again has the later value, tables merge by key, each `[[class]]` "
    "and `[[rule]]` is added behind those that are there. At most 64 files, 1 MiB each, 4 MiB "
    "together.";
constexpr char kPresets[] =
    "Whole files to begin with come along in `/usr/share/headgate/presets`: `small-host`, "
    "`busy-host`, `gateway`, `paranoid` and `observe-only`. Each says what to edit first, and why "
    "each of its numbers is not the default.";
constexpr char kExample[] = R"([gate]
backend = ["192.0.2.10:3306"]
proxy_to_backend = "v2"

[slots]
max_connections = 300

[[class]]
name = "shop"
sources = ["10.1.0.0/16"]
users = ["shop"]
reserve = 50
query = { deadline = "30s" }
)";

std::string Types() {
  std::string out = ".SH VALUES\n";
  for (const TypeText& text : TypeTexts()) {
    out += ".TP\n" + RoffPlain(text.type) + "\n" + RoffParagraph(text.written);
  }
  return out + ".PP\n" + RoffParagraph(ChangeText());
}

std::string Row(const KeyRow& row) {
  std::string out = ".TP\n" + RoffBold(row.key) + "\n" + RoffParagraph(row.meaning) + ".br\n";
  out += "Type: " + RoffPlain(row.type);
  if (!row.range.empty()) out += ", " + RoffPlain(row.range);
  out += ".\n" + (row.default_text == kNoDefault
                      ? "It has no default, and is needed.\n"
                      : RoffParagraph("Default: " + row.default_text + "."));
  return out + "Changed by " + (row.reloadable ? "reload" : "restart") + ".\n";
}

std::string Section(const KeySection& section) {
  std::string out = ".SS " + RoffPlain(section.title) + "\n";
  if (!section.before.empty()) out += RoffParagraph(section.before);
  for (const KeyRow& row : section.rows) out += Row(row);
  if (!section.after.empty()) out += ".PP\n" + RoffParagraph(section.after);
  return out;
}

}  // namespace

std::string ConfigPage() {
  std::string out = PageHead("HEADGATE.TOML", 5);
  out += ".SH NAME\nheadgate.toml \\- configuration of headgate\n.SH SYNOPSIS\n" +
         RoffBold("/etc/headgate/headgate.toml") + "\n.br\n" +
         RoffBold("/etc/headgate/conf.d/*.toml") + "\n";
  out += ".SH DESCRIPTION\n" + RoffParagraph(kConfigDescription) + ".PP\n" +
         RoffParagraph(kFolder) + ".PP\n" + RoffParagraph(kPresets) + Types() + ".SH KEYS\n";
  for (const KeySection& section : KeyManual()) out += Section(section);
  out +=
      ".SH EXAMPLES\nA gateway in front of another host, with places kept for one application:\n" +
      std::string(".PP\n.RS 4\n.EX\n") + RoffPlain(kExample) + ".EE\n.RE\n";
  return out + ".SH SEE ALSO\n.BR headgate (8)\n.PP\n" +
         RoffParagraph("The pages whose names end with .md lie in `/usr/share/doc/headgate`.");
}

}  // namespace headgate::guard
