# Sources compiled several at a time: a fraction of the time, since the headers are read once, and
# calls between files of one batch can be inlined. What files of a batch have in unnamed namespaces
# shares one scope there: such names differ within policies/ and net/, and between neighbours in the
# lists of guard/ and of a test.
# Off in the presets `debug`, where single files are compiled again and again, and `check`.
include_guard()

option(HEADGATE_TOGETHER "Compile sources several at a time" ON)
if(HEADGATE_TOGETHER AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # It takes one alias twice for one that hides the other; and the page is one string.
  add_compile_options(-Wno-shadow -Wno-overlength-strings)
endif()

# headgate_together(TARGET MOST): its sources in the order of the list, at most MOST at a time.
function(headgate_together target most)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${HEADGATE_TOGETHER}
    UNITY_BUILD_BATCH_SIZE ${most})
endfunction()
