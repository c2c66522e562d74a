// Memory set aside for the moment in which operator new finds none.
//
// An exception out of the middle of an update would leave the books uneven, and nobody could say of
// which connection. So there is none: the allocation is served out of the reserve, what was begun
// is brought to its end, and then whoever's work that was is closed (Reason::kMemory), which gives
// memory back. Newcomers are turned away until the reserve is whole again. Once it is used up,
// operator new throws as ever, which ends the process: the service manager has the next one.
//
// It is memory that nobody has touched. It costs none where the kernel promises more than there is;
// it is there where a limit (RLIMIT_AS, RLIMIT_DATA, vm.overcommit_memory = 2) makes malloc(3)
// fail.
//
// Threads: Install() before there are others; the rest from any, each of which has a drawn() of its
// own. Lifetime: the process's. Without Install() there is nothing to draw on, and it is whole.
#pragma once

#include <cstddef>

namespace headgate::net {

class MemoryReserve {
 public:
  // More than a heap grows by at once (M_TOP_PAD, mallopt(3)). Each is the kernel's own and goes
  // back to it, for the heap of whichever thread lacks it.
  static constexpr std::size_t kPiece = std::size_t{256} << 10;
  static constexpr std::size_t kPieces = 32;

  // Takes it, as far as there is memory, and has operator new draw on it (std::set_new_handler).
  static void Install();
  // Puts back what was drawn. True: it is whole.
  [[nodiscard]] static bool Refill();
  // Whether this thread has drawn on it since it was last asked.
  [[nodiscard]] static bool TakeDrawn();
  // The same, without an end to it.
  [[nodiscard]] static bool drawn();
};

}  // namespace headgate::net
