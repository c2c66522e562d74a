// The entry for what comes over the admin socket, past HTTP: a line each for method and target,
// then the body; again behind each 0x1e.
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "guard/config_values.h"
#include "guard/control.h"
#include "guard/log.h"
#include "guard/printable.h"
#include "tests/fuzz/entries.h"
#include "tests/support/no_listeners.h"

namespace headgate::mysql::fuzz {
namespace {

constexpr char kBetween = '\x1e';
constexpr std::size_t kMostQuestions = 8;

// Small tables: a gate is made for each input.
guard::Config SmallConfig() {
  guard::Config config;
  config.limits.source.table_size = 1024;
  config.limits.digests = 64;
  config.limits.known_good.table_size = 1024;
  config.limits.pending.max = 64;
  config.limits.waiting.max = 64;
  config.limits.CopyToLevels();
  // Nothing is read from the machine.
  config.host.data_dir.clear();
  return config;
}

// A gate that holds nothing yet, and forgets all at the end of the input.
class Gate {
 public:
  Gate() : engine_(std::make_shared<const Limits>(config_.limits), {1, 2}, wakeups_, decisions_) {
    guard::Control::Parts parts;
    parts.engine = &engine_;
    parts.now = [] { return Time(std::chrono::hours(1)); };
    parts.gate_status = [] {
      net::GateStatus status;
      status.backends.emplace_back().name = "192.0.2.10:3306";
      return status;
    };
    parts.load = [] { return guard::Loaded{guard::Config(), {}, {}}; };
    parts.apply = [](const auto&...) {};
    parts.log_dropped = [] { return std::uint64_t{0}; };
    parts.use_backend = [](const std::string& name) {
      return name.size() % 2 == 0 ? absl::OkStatus()
                                  : absl::NotFoundError("there is no " + guard::Quoted(name));
    };
    parts.save_state = [] { return absl::OkStatus(); };
    parts.wire = [] { return std::optional<guard::Wire::View>(); };
    parts.firewall = [] { return net::FirewallStatus(); };
    parts.state_status = [] { return guard::StateStatus(); };
    parts.drain = [] {};
    control_ = std::make_unique<guard::Control>(parts, config_);
  }

  net::AdminReply Ask(std::string_view method, std::string_view target, std::string_view body) {
    return control_->Handle(method, target, body);
  }

 private:
  guard::Config config_ = SmallConfig();
  NoWakeups wakeups_;
  NoDecisions decisions_;
  Engine engine_;
  std::unique_ptr<guard::Control> control_;
};

std::string_view TakeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

void CheckReply(const net::AdminReply& reply) {
  constexpr unsigned kKnown[] = {200, 400, 404, 405, 409, 422};
  Check(std::find(std::begin(kKnown), std::end(kKnown), reply.status) != std::end(kKnown));
  boost::json::error_code error;
  const auto root = boost::json::parse(reply.body, error);
  // It is valid UTF-8, or it would not be parsed; and nothing in it reaches a terminal as it is.
  Check(!error && root.is_object());
  Check(guard::Printable(reply.body) == reply.body);
  if (reply.status == 200 || reply.status == 422) return;
  const auto* why = root.as_object().if_contains("error");
  Check(why != nullptr && why->is_string() && !why->as_string().empty());
}

}  // namespace

void FuzzControl(Bytes in) {
  guard::SetLogLevel("off");
  Gate gate;
  std::string_view text(reinterpret_cast<const char*>(in.data()), in.size());
  for (std::size_t i = 0; i < kMostQuestions && !text.empty(); ++i) {
    std::string_view question = text.substr(0, text.find(kBetween));
    text.remove_prefix(std::min(question.size() + 1, text.size()));
    const std::string_view method = TakeLine(question);
    const std::string_view target = TakeLine(question);
    const net::AdminReply reply = gate.Ask(method, target, question);
    if (reply.type == net::AdminReply().type) CheckReply(reply);
  }
}

}  // namespace headgate::mysql::fuzz
