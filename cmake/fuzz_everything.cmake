# Every source tells a fuzzer which of its edges was taken, and ends the process at its first finding.
include_guard()

if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "HEADGATE_FUZZ needs clang++: use the preset `asan`")
endif()
add_compile_options(-fsanitize=fuzzer-no-link -fno-sanitize-recover=all)
