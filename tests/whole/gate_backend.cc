// Whether the simulated server can be used: after net/backends.cc and net/backend_probe.cc.
#include "tests/whole/gate.h"

namespace headgate::whole {
namespace {

// As net::BackendProbe: until then nothing came, and the backend counts as down.
constexpr Duration kPatience = std::chrono::seconds(1);

}  // namespace

void Gate::NoteReached() {
  if (health_.sound()) return;
  health_.OnReached(now());
  After();
}

void Gate::NoteFailure(BackendFailure how) {
  health_.OnFailure(how, now());
  After();
}

void Gate::After() {
  const bool open = !health_.may_connect();
  if (open && !std::exchange(was_open_, open)) {
    timeline_.In(Duration::zero(), [this] {
      const auto all = relays_;
      for (const auto& [serial, relay] : all) relay->OnBackendDown();
    });
  }
  was_open_ = open;
  const bool up = health_.may_connect();
  if (std::exchange(told_up_, up) != up) {
    timeline_.Note(up ? "the server can be reached" : "the server cannot be reached");
    engine_->OnBackend(up, now());
  }
  Plan();
}

void Gate::Plan() {
  const Time due = health_.next_probe();
  if (due == kNever || due == planned_) return;
  planned_ = due;
  timeline_.At(due, [this] { OnProbeDue(); });
}

void Gate::OnProbeDue() {
  planned_ = kNever;
  if (health_.next_probe() > now()) return Plan();
  health_.OnProbeStarted(now());
  if (probe_ != nullptr) old_probes_.push_back(std::move(probe_));
  probe_ = std::make_unique<Probe>();
  Probe& probe = *probe_;
  timeline_.In(kPatience, [this, &probe] {
    if (probe.over || probe.probe.greeting()) return;
    health_.OnProbeOverdue(now());
    After();
  });
  server_.Connect(nullptr, [this, &probe](Socket* socket) {
    if (socket == nullptr) return EndProbe(probe, BackendFailure::kRefused);
    probe.socket = socket;
    socket->Watch([this, &probe] { OnProbeChanged(probe); });
    OnProbeChanged(probe);
  });
}

void Gate::OnProbeChanged(Probe& probe) {
  using Kind = mysql::GreetingProbe::Step::Kind;
  if (probe.over) return;
  Socket::Got got = Socket::Got::kBytes;
  while (got == Socket::Got::kBytes) got = probe.socket->Receive(probe.in, kOneRead);
  const bool ended = got != Socket::Got::kNothing;
  for (;;) {
    const auto step = probe.probe.OnServerBytes(mysql::AsBytes(probe.in));
    if (step.kind == Kind::kSend) {
      static_cast<void>(probe.socket->Send(mysql::AsText(step.bytes)));
    }
    const bool rests = step.kind == Kind::kWait && step.n == 0;
    probe.in.erase(0, step.n);
    const bool over = step.kind == Kind::kDone || step.kind == Kind::kFailed || (rests && ended);
    if (over) {
      const bool greeted = probe.probe.greeting() || probe.probe.error_code() == 1040;
      return EndProbe(probe, greeted ? BackendFailure::kNone : BackendFailure::kNoHandshake);
    }
    if (rests) return;
  }
}

void Gate::EndProbe(Probe& probe, BackendFailure how) {
  probe.over = true;
  if (probe.socket != nullptr) probe.socket->Close();
  if (how != BackendFailure::kNone) {
    health_.OnProbeFailed(how, now());
  } else {
    health_.OnReached(now());
  }
  After();
}

}  // namespace headgate::whole
