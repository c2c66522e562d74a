#include "guard/observe.h"

#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/admin_place.h"
#include "guard/exit_status.h"
#include "guard/json_text.h"
#include "guard/log.h"
#include "guard/privileges.h"
#include "guard/signals.h"
#include "guard/state_keeper.h"
#include "guard/state_place.h"
#include "guard/wire.h"
#include "guard/wire_status.h"
#include "guard/wire_text.h"
#include "net/admin.h"

namespace headgate::guard {
namespace {

constexpr std::uint16_t kMysql = 3306;
constexpr int kRowsUnderAHead = 20;

class Observation {
 public:
  explicit Observation(const ObserveOptions& options) : options_(options) {}

  int Run() {
    if (!TakeConfig()) return kExitUsage;
    if (!options_.files.empty()) return ReadAll();
    InitLog(config_.log_level);
    if (const absl::Status status = Open(); !status.ok()) {
      Log(LogLevel::kError, std::string(status.message()));
      return kExitNo;
    }
    return Watch();
  }

 private:
  // The configuration with the options laid over it.
  bool TakeConfig() {
    if (!options_.config.empty()) {
      Loaded loaded = LoadConfig(options_.config);
      for (const Problem& problem : loaded.problems) std::cerr << ToText(problem) << "\n";
      if (!loaded.config) return false;
      config_ = std::move(*loaded.config);
    } else {
      Replace(config_.listen, {kMysql});
    }
    if (!options_.interface.empty()) config_.observer.interface = options_.interface;
    if (config_.observer.interface.empty()) config_.observer.interface = "any";
    if (!options_.filter.empty()) config_.observer.filter = options_.filter;
    Replace(config_.listen, options_.ports);
    Replace(config_.backend, options_.server_ports);
    return true;
  }

  static void Replace(std::vector<Endpoint>& endpoints, const std::vector<std::uint16_t>& ports) {
    if (ports.empty()) return;
    endpoints.clear();
    for (const std::uint16_t port : ports) endpoints.emplace_back().port = port;
  }

  // Always the same for the same files: also the key, which hides nothing from who wrote them.
  int ReadAll() {
    WireWatcher watcher(WireOptionsOf(config_, {}), KeyedHash(0, 0), config_.observer.baseline,
                        Printing());
    net::FrameCounts counts{};
    for (const std::string& path : options_.files) {
      const absl::Status status = ReadOne(path, watcher, counts);
      if (status.ok()) continue;
      watcher.Finish();
      std::cout << std::flush;
      std::cerr << "headgate: " << std::string(status.message()) << "\n";
      return kExitNo;
    }
    watcher.Finish();
    return kExitDone;
  }

  absl::Status ReadOne(const std::string& path, WireWatcher& watcher, net::FrameCounts& counts) {
    auto capture = net::Capture::OpenFile(path);
    if (!capture.ok()) return capture.status();
    if (!config_.observer.filter.empty()) {
      if (auto s = (*capture)->SetFilter(config_.observer.filter); !s.ok()) return s;
    }
    absl::Status status = net::ReadFile(**capture, watcher, counts);
    if (status.ok()) return status;
    return absl::Status(status.code(),
                        absl::StrFormat("%s: %s", path, std::string(status.message())));
  }

  WireWatcher::Hooks Printing() {
    WireWatcher::Hooks hooks;
    hooks.interval = [this](const WireInterval& interval, const std::vector<AnomalyEvent>& events) {
      options_.as_json ? PrintJson(interval, events) : PrintRow(interval, events);
    };
    return hooks;
  }

  static void PrintJson(const WireInterval& interval, const std::vector<AnomalyEvent>& events) {
    std::cout << IntervalJson(interval) << "\n";
    for (const AnomalyEvent& event : events) std::cout << AnomalyJson(event) << "\n";
    std::cout << std::flush;
  }

  void PrintRow(const WireInterval& interval, const std::vector<AnomalyEvent>& events) {
    if (rows_++ % kRowsUnderAHead == 0) std::cout << IntervalHead();
    std::cout << IntervalRow(interval);
    for (const AnomalyEvent& event : events) std::cout << AnomalyLine(event, interval) << "\n";
    std::cout << std::flush;
  }

  absl::Status Open() {
    signals_.emplace();
    if (!signals_->ok()) return absl::UnavailableError("signalfd: out of descriptors");
    auto who = ChooseUser(config_);
    if (!who.ok()) return who.status();
    auto wire =
        Wire::Open(config_, ReadHostFacts().addresses, [](const std::string& line, bool warning) {
          Log(warning ? LogLevel::kWarning : LogLevel::kInfo, line);
        });
    if (!wire.ok()) return wire.status();
    wire_ = std::move(*wire);
    if (auto s = OpenState(*who); !s.ok()) return s;
    if (auto s = DrawSecrets(); !s.ok()) return s;
    if (auto s = OpenAdmin(*who); !s.ok()) return s;
    return BecomeUser(*who, Keep());
  }

  absl::Status OpenState(const RunAs& who) {
    if (options_.state.empty()) return absl::OkStatus();
    if (auto s = MakeStateFolder(options_.state, who); !s.ok()) return s;
    const ActAs user(who);
    // With all that is in it: it may be a gate's.
    LoadedState loaded = LoadState(options_.state, config_.limits.known_good.table_size);
    if (!loaded.warning.empty()) Log(LogLevel::kWarning, loaded.warning);
    if (!loaded.may_save) return absl::FailedPreconditionError(loaded.warning);
    inherited_ = loaded.state.has_value();
    if (inherited_) state_ = std::move(*loaded.state);
    return absl::OkStatus();
  }

  // Those of the state, if there is one: a gate may take it over.
  absl::Status DrawSecrets() {
    if (state_.secrets.key0 != 0 || state_.secrets.key1 != 0) return absl::OkStatus();
    const auto secrets = RandomSecrets();
    if (secrets.ok()) state_.secrets = *secrets;
    return secrets.status();
  }

  absl::Status OpenAdmin(const RunAs& who) {
    if (options_.socket.empty()) return absl::OkStatus();
    AdminConfig config;
    config.socket = options_.socket;
    auto bound = BindAdmin(config, who, net::Fd());
    if (!bound.ok()) return bound.status();
    admin_ = std::move(*bound);
    return absl::OkStatus();
  }

  int Watch() {
    wire_->Start(KeyedHash(state_.secrets.key0, state_.secrets.key1), Printing(), state_.baselines);
    if (!options_.state.empty()) {
      keeper_ = std::make_unique<StateKeeper>(options_.state, [this] { return StateNow(); });
      keeper_->Start();
    }
    if (admin_) admin_->Start(Answering());
    Log(LogLevel::kInfo,
        absl::StrFormat("watching %s; SIGTERM or SIGINT ends it", config_.observer.interface));
    while (signals_->Next() == Wake::kReload) {
      Log(LogLevel::kWarning, "nothing is read again: there is no reload without a gate");
    }
    if (admin_) admin_->Stop();
    wire_->Stop();
    if (keeper_) keeper_->Stop();
    return kExitDone;
  }

  SavedState StateNow() const {
    SavedState state = state_;
    // Bans and pairs stay as they were then: whoever takes the file over has them grow old by it.
    if (!inherited_) state.unix_ms = UnixMilliseconds();
    state.baselines = wire_->Baselines();
    state.intervals = wire_->Intervals();
    return state;
  }

  net::AdminHandler Answering() {
    return [this](std::string_view method, std::string_view target, std::string_view) {
      if (method == "GET" && (target == "/wire" || target == "/status")) {
        return net::AdminReply{200, WireJson(wire_->Status())};
      }
      return net::AdminReply{404, R"({"error":"only the observer runs here: there is /wire"})"};
    };
  }

  const ObserveOptions options_;
  Config config_;
  int rows_ = 0;
  SavedState state_;
  bool inherited_ = false;              // from a file, which may be a gate's
  std::optional<SignalQueue> signals_;  // where it is live
  std::unique_ptr<Wire> wire_;
  std::unique_ptr<StateKeeper> keeper_;
  std::unique_ptr<net::AdminServer> admin_;
};

}  // namespace

int RunObserve(const ObserveOptions& options) { return Observation(options).Run(); }

}  // namespace headgate::guard
