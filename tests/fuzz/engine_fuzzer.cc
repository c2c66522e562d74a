#include <cstddef>
#include <cstdint>

#include "tests/fuzz/entries.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  headgate::mysql::fuzz::FuzzEngine({data, size});
  return 0;
}
