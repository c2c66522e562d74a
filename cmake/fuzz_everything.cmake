# Every source tells a fuzzer which of its edges was taken, and ends the process at its first finding.
include_guard()

if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "HEADGATE_FUZZ needs clang++: use the preset `fuzz`")
endif()
add_compile_options(-fsanitize=fuzzer-no-link -fno-sanitize-recover=all)
# clang takes one alias twice in files compiled together for one that hides the other, and the page is
# one string.
add_compile_options(-Wno-shadow -Wno-overlength-strings)
