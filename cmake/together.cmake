# Sources compiled several at a time: a fraction of the time, since the headers are read once, and
# calls between files of one batch can be inlined. What files of a batch have in unnamed namespaces
# shares one scope there: such names differ within policies/ and net/, within a theme of guard/, and
# between tests that are neighbours in the list of a binary.
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

# headgate_together_by_theme(TARGET): those whose names have the first word in common.
function(headgate_together_by_theme target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${HEADGATE_TOGETHER} UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "_.*" "" theme ${name})
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${theme})
  endforeach()
endfunction()
