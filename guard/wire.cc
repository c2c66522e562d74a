#include "guard/wire.h"

#include <algorithm>
#include <utility>

namespace headgate::guard {
namespace {

void Tidy(std::vector<std::uint16_t>& ports) {
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
}

}  // namespace

WireOptions WireOptionsOf(const Config& config, const std::vector<Address>& own) {
  WireOptions options;
  options.ports = TcpPorts(config.listen);
  // Where the kernel leads to us from: there the clients' packets are seen as they were sent.
  options.redirect = static_cast<std::uint16_t>(config.firewall.redirect);
  if (options.redirect != 0) options.ports.push_back(options.redirect);
  Tidy(options.ports);
  options.server_ports = TcpPorts(config.backend);
  options.own = own;
  return options;
}

absl::StatusOr<std::unique_ptr<Wire>> Wire::Open(const Config& config,
                                                 const std::vector<Address>& own, Say say) {
  const ObserverConfig& observer = config.observer;
  if (observer.interface.empty()) return std::unique_ptr<Wire>();
  std::unique_ptr<Wire> wire(new Wire());
  wire->interface_ = observer.interface;
  wire->options_ = WireOptionsOf(config, own);
  wire->baseline_ = observer.baseline;
  wire->say_ = std::move(say);
  net::ObserverOptions options;
  options.live.interface = observer.interface;
  options.live.snap_length = static_cast<int>(observer.snaplen);
  options.filter = observer.filter;
  options.ports = wire->options_.ports;
  options.ports.insert(options.ports.end(), wire->options_.server_ports.begin(),
                       wire->options_.server_ports.end());
  Tidy(options.ports);
  options.on_event = wire->say_;
  auto opened = net::Observer::Open(std::move(options));
  if (!opened.ok()) return opened.status();
  wire->observer_ = std::move(*opened);
  return wire;
}

Wire::~Wire() { Stop(); }

void Wire::Start(KeyedHash hash, WireWatcher::Hooks hooks,
                 const std::optional<BaselineSet>& baselines) {
  hooks.say = say_;
  hooks.kernel = [] { return net::ReadKernelCounters(); };
  watcher_ = std::make_unique<WireWatcher>(options_, hash, baseline_, std::move(hooks));
  if (baselines) watcher_->Restore(*baselines);
  observer_->Start(*watcher_);
}

void Wire::Stop() {
  if (observer_) observer_->Stop();
}

Wire::View Wire::Status() const {
  View view;
  view.interface = interface_;
  view.capture = observer_->Status();
  if (watcher_) view.wire = watcher_->Status();
  return view;
}

std::optional<BaselineSet> Wire::Baselines() const {
  if (!watcher_) return std::nullopt;
  return watcher_->Baselines();
}

std::uint64_t Wire::Intervals() const { return watcher_ ? watcher_->Status().intervals : 0; }

}  // namespace headgate::guard
