#include "net/memory_reserve.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <new>
#include <utility>

namespace headgate::net {
namespace {

std::array<std::atomic<void*>, MemoryReserve::kPieces> pieces;
std::atomic<bool> installed{false};
thread_local bool has_drawn = false;

// Gives one piece back for operator new to try again with; after the last one it throws.
void Draw() {
  has_drawn = true;
  for (std::atomic<void*>& piece : pieces) {
    void* const taken = piece.exchange(nullptr);
    if (taken == nullptr) continue;
    munmap(taken, MemoryReserve::kPiece);
    return;
  }
  throw std::bad_alloc();
}

// False: there is no memory for it.
bool FillPiece(std::atomic<void*>& piece) {
  if (piece.load(std::memory_order_relaxed) != nullptr) return true;
  void* const taken = mmap(nullptr, MemoryReserve::kPiece, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (taken == MAP_FAILED) return false;
  void* none = nullptr;
  // Another thread may have been faster.
  if (!piece.compare_exchange_strong(none, taken)) munmap(taken, MemoryReserve::kPiece);
  return true;
}

}  // namespace

void MemoryReserve::Install() {
  installed = true;
  static_cast<void>(Refill());
  std::set_new_handler(Draw);
}

bool MemoryReserve::Refill() {
  return !installed.load(std::memory_order_relaxed) ||
         std::all_of(pieces.begin(), pieces.end(), FillPiece);
}

bool MemoryReserve::TakeDrawn() { return std::exchange(has_drawn, false); }
bool MemoryReserve::drawn() { return has_drawn; }

}  // namespace headgate::net
