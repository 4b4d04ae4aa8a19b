# The CPU levels that ENTIVEC_LEVELS stands for.
set(every_level base)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND NOT MSVC)
  list(APPEND every_level v3 v4)
endif()

# The fastest level that this machine runs; the baseline where another machine is compiled for.
function(entivec_native_level result)
  set(fastest 0)
  if(NOT CMAKE_CROSSCOMPILING AND NOT MSVC)
    try_run(ENTIVEC_FASTEST_LEVEL ENTIVEC_LEVEL_COMPILES
      ${CMAKE_CURRENT_BINARY_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/native_level.cpp)
    if(ENTIVEC_LEVEL_COMPILES AND ENTIVEC_FASTEST_LEVEL MATCHES "^[0-2]$")
      set(fastest ${ENTIVEC_FASTEST_LEVEL})
    endif()
  endif()
  list(GET every_level ${fastest} level)
  set(${result} ${level} PARENT_SCOPE)
endfunction()

if(ENTIVEC_LEVELS STREQUAL "all")
  set(levels ${every_level})
elseif(ENTIVEC_LEVELS STREQUAL "native")
  entivec_native_level(levels)
else()
  set(levels ${ENTIVEC_LEVELS})
endif()
message(STATUS "CPU levels of the Python modules: ${levels}")
