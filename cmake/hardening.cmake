# What a release is compiled and linked with against its own mistakes: Debian's hardening=+all, and
# what its toolchain has beyond that. And what keeps the folder of the build out of the bytes.
include_guard()

option(HEADGATE_HARDEN "Hardening flags in a Release build" ON)

# The folder must not show in __FILE__, in assertions or in debugging information. The last that
# fits counts.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
                    -ffile-prefix-map=${CMAKE_BINARY_DIR}=./build)
# Neither may the hour: __DATE__ and __TIME__ are errors.
add_compile_options(-Wdate-time)

set(HARDENED -fPIE -fstack-protector-strong -fstack-clash-protection -Wformat
             -Wformat-security -U_FORTIFY_SOURCE)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND HARDENED -D_FORTIFY_SOURCE=3)
else()
  list(APPEND HARDENED -D_FORTIFY_SOURCE=2)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  list(APPEND HARDENED -fcf-protection)
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  list(APPEND HARDENED -mbranch-protection=standard)
endif()

# The sanitizers and _FORTIFY_SOURCE do not go together, and it needs an optimized build.
if(HEADGATE_HARDEN AND NOT HEADGATE_SANITIZE)
  add_compile_options("$<$<CONFIG:Release>:${HARDENED}>")
  add_link_options("$<$<CONFIG:Release>:-pie;-Wl,-z,relro;-Wl,-z,now;-Wl,-z,noexecstack>")
endif()
