#include "tests/whole/socket.h"

#include <algorithm>

namespace headgate::whole {
namespace {

constexpr std::size_t kShort = 80;  // bytes: what is worth to be taken apart
constexpr std::uint32_t kPieces = 4;

}  // namespace

std::pair<Socket*, Socket*> Network::Connect(const Road& road) {
  Socket& a = sockets_.emplace_back(timeline_, road, random_.Next());
  Socket& b = sockets_.emplace_back(timeline_, road, random_.Next());
  a.peer_ = &b;
  b.peer_ = &a;
  return {&a, &b};
}

std::size_t Socket::room() const {
  const std::size_t used = in_flight_ + peer_->in_.size();
  return road_.window > used ? road_.window - used : 0;
}

Time Socket::Arrival() {
  Duration late = road_.latency;
  if (road_.jitter > Duration::zero()) {
    late += Duration(random_.Below(static_cast<std::uint32_t>(road_.jitter.count())));
  }
  return last_arrival_ = std::max(last_arrival_, timeline_.now() + late);
}

std::size_t Socket::Send(std::string_view bytes) {
  if (reset_ || closed_ || shut_) return 0;
  const std::size_t n = std::min(room(), bytes.size());
  wants_room_ |= n < bytes.size();
  const bool crumbs = road_.in_crumbs && n <= kShort;
  for (std::size_t at = 0; at < n;) {
    std::size_t size = n - at;
    if (crumbs) {
      size = 1;
    } else if (!random_.OneIn(3)) {
      const auto least = static_cast<std::uint32_t>(n / kPieces);
      size = std::min<std::size_t>(size, 1 + least + random_.Below(least + 8));
    }
    in_flight_ += size;
    timeline_.At(Arrival(),
                 [this, piece = std::string(bytes.substr(at, size))] { peer_->Arrive(piece); });
    at += size;
  }
  return n;
}

void Socket::Arrive(const std::string& piece) {
  if (dark_) return;
  peer_->in_flight_ -= piece.size();
  if (reset_) return;
  if (closed_) return SendReset();
  in_ += piece;
  Tell();
}

void Socket::ArriveFin() {
  if (dark_ || reset_ || closed_) return;
  fin_ = true;
  Tell();
}

void Socket::ArriveReset() {
  if (dark_ || reset_ || closed_) return;
  reset_ = true;
  in_.clear();
  Tell();
}

void Socket::Tell() {
  if (changed_) changed_();
}

Socket::Got Socket::Receive(std::string& to, std::size_t most) {
  if (reset_) return Got::kEnd;
  if (in_.empty()) return fin_ ? Got::kFin : Got::kNothing;
  const std::size_t n = std::min(most, in_.size());
  to.append(in_, 0, n);
  in_.erase(0, n);
  if (peer_->wants_room_ && !peer_->closed_) {
    peer_->wants_room_ = false;
    timeline_.In(road_.latency, [this] { peer_->MakeRoom(); });
  }
  return Got::kBytes;
}

void Socket::MakeRoom() {
  if (!dark_ && !closed_) Tell();
}

Socket::Got Socket::PeerEnd() const {
  if (reset_) return Got::kEnd;
  return fin_ ? Got::kFin : Got::kBytes;
}

void Socket::Shut() {
  if (shut_ || closed_ || reset_) return;
  shut_ = true;
  timeline_.At(Arrival(), [this] { peer_->ArriveFin(); });
}

void Socket::SendReset() {
  timeline_.At(Arrival(), [this] { peer_->ArriveReset(); });
}

void Socket::Close() {
  if (closed_) return;
  in_.empty() ? Shut() : Reset();
  closed_ = true;
  changed_ = nullptr;
}

void Socket::Reset() {
  if (closed_) return;
  if (!reset_) SendReset();
  closed_ = true;
  changed_ = nullptr;
}

void Socket::Vanish(Duration until_noticed) {
  changed_ = nullptr;
  closed_ = dark_ = peer_->dark_ = true;
  timeline_.In(until_noticed, [this] {
    peer_->dark_ = false;
    peer_->ArriveReset();
  });
}

}  // namespace headgate::whole
