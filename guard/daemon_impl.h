// The gate as one object: what it is made of, in the order of their lives. The steps stand in
// daemon.cc (the whole), daemon_open.cc (what may need root), daemon_serve.cc (the rest of the
// start), daemon_control.cc (what the operator is answered from) and daemon_upgrade.cc (how it
// takes another one's place, and gives it away).
//
// Threads: Run() on the main thread; what is handed out as callbacks says where it is called.
// Lifetime: of the process.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include "guard/backends.h"
#include "guard/config.h"
#include "guard/config_files.h"
#include "guard/config_watch.h"
#include "guard/control.h"
#include "guard/elder_gate.h"
#include "guard/former_gates.h"
#include "guard/hand_over_desk.h"
#include "guard/host_watch.h"
#include "guard/kernel_bans.h"
#include "guard/memory.h"
#include "guard/page.h"
#include "guard/privileges.h"
#include "guard/recorder.h"
#include "guard/service_manager.h"
#include "guard/shadow.h"
#include "guard/signals.h"
#include "guard/telemetry.h"
#include "guard/upgrade.h"
#include "guard/wire.h"
#include "net/admin.h"
#include "net/clock.h"
#include "net/gate.h"
#include "net/tls_prints.h"
#include "policies/engine.h"

namespace headgate::guard {

class Daemon {
 public:
  Daemon(std::string path, bool core_dumps) : path_(std::move(path)), core_dumps_(core_dumps) {}

  int Run();

 private:
  // kExitDone: it serves.
  int Start();
  void GiveUp();
  void StopAll();
  absl::Status Load();
  int Fail(const absl::Status& status, int exit_status) const;
  // The same error, with what it is about in front.
  static absl::Status About(std::string_view what, const absl::Status& status);

  // Everything that may need root, in the end without it.
  absl::Status Open();
  absl::Status SettleBackend();
  absl::Status OpenLogs(const RunAs& who);
  absl::Status OpenAdmin(const RunAs& who);
  net::GateOptions MakeGateOptions() const;
  // Without the right to capture the gate runs all the same.
  void OpenWire();
  void SayWho(const RunAs& who) const;
  // A line of the log, from any thread.
  std::function<void(const std::string&, bool warning)> Saying() const;

  // The sockets that were passed, and where they listen.
  void TakePassed();
  // With the addresses of passed sockets in the place of "systemd".
  Config WithListen(Config config) const;

  absl::Status Serve();
  absl::Status PrepareFirewall();
  void EndThreads();
  void StartRest();
  // Takes clients, and has the kernel's table in place before anybody is told of it.
  void LetIn();
  [[nodiscard]] bool NeedsTable() const;
  std::string StatusLine() const;
  void StartWatchdog();
  void KeepSockets();
  void StartWire();
  void StartControl();
  void SayUp() const;
  void SayBackend() const;
  SavedState Snapshot() const;
  // As the file calls it: an address may be another one after the next look-up.
  std::string CurrentBackend() const;
  // As the file calls them.
  net::GateStatus NamedStatus() const;
  absl::Status UseBackend(const std::string& name);
  absl::Status Record(const RecordOptions& options);
  void ApplyShadow(const Config& config);
  Control::Parts ControlParts();
  void Apply(const Config& config, const std::shared_ptr<const net::TlsContext>& tls);

  int Loop();
  void Reload();
  void Drain();
  int Close(bool asked_for);

  // From the younger's side.
  absl::Status TakeTurn();
  void CountFormers();
  // And from the elder's.
  absl::Status MayUpgrade() const;
  Upgrade::Parts UpgradeParts();
  absl::StatusOr<Estate> HandedOver() const;
  std::string BansState() const;
  void LetGo(int pid);
  [[nodiscard]] bool Deserted() const;

  const std::string path_;
  const bool core_dumps_;
  const std::string program_ = OwnProgram();
  ServiceManager service_;
  std::unique_ptr<ElderGate> elder_;  // until its place is taken
  int taken_over_from_ = 0;
  // As they were at the start; control_ has the running ones.
  Config config_;
  Origins origins_;
  std::vector<net::TlsPrint> files_read_;  // by the last load: start, or reload, one at a time
  std::vector<net::PassedSocket> passed_;  // until they are bound
  bool passed_any_ = false;
  std::vector<Endpoint> passed_at_;
  EngineSecrets secrets_;
  BackendNames backends_;
  Memory memory_;
  // In the order of their lives: the engine refers to the gate's wakeups and to the telemetry.
  SignalQueue signals_;
  HandOverDesk desk_{[this] { signals_.NotifyHandOver(); }};
  std::unique_ptr<Telemetry> telemetry_;
  std::unique_ptr<net::Gate> gate_;
  std::unique_ptr<Engine> engine_;
  TapeFan tapes_;
  Recorder recorder_;
  Shadow shadow_{net::Now};
  std::shared_ptr<const Limits> beside_;  // the live policy that it is compared with
  std::unique_ptr<Wire> wire_;
  std::unique_ptr<KernelBans> kernel_bans_;
  ConfigWatch watch_;
  HostWatch host_{net::Now};
  std::unique_ptr<Control> control_;
  Page page_;
  std::unique_ptr<net::AdminServer> admin_;
  net::Heartbeat admin_beat_;
  FormerGates formers_;
  std::unique_ptr<Upgrade> upgrade_;
  std::thread waiter_;   // for the gate's end
  bool let_go_ = false;  // another process has all but the sessions
};

}  // namespace headgate::guard
