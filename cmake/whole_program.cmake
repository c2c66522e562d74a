# What decides and moves bytes is optimised as a whole where the binary is linked: its calls go
# across files and folders. The objects are compiled both ways, so that tests link as ever.
include_guard()

option(HEADGATE_LTO "Optimise across the libraries when a Release binary is linked" ON)
if(HEADGATE_LTO AND CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT HEADGATE_SANITIZE
   AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(HEADGATE_LTO_COMPILE -flto=auto -ffat-lto-objects)
endif()

# headgate_whole(TARGET...): libraries that are part of it.
function(headgate_whole)
  foreach(target IN LISTS ARGN)
    target_compile_options(${target} PRIVATE ${HEADGATE_LTO_COMPILE})
  endforeach()
endfunction()

# headgate_link_whole(TARGET): a binary that is optimised as a whole.
function(headgate_link_whole target)
  if(HEADGATE_LTO_COMPILE)
    # g++ 12 takes the end of a vector that was just made for its begin (no error: it is said at the
    # link, where -Werror is not).
    target_link_options(${target} PRIVATE -flto=auto -Wno-stringop-overread)
  endif()
endfunction()

# headgate_link_plainly(): binaries of this folder and below take the objects as they are; the
# linker's plugin would take the other half by itself.
macro(headgate_link_plainly)
  if(HEADGATE_LTO_COMPILE)
    add_link_options(-fno-lto)
  endif()
endmacro()
