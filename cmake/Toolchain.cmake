# Compiler flags: warnings are errors, hardening is on in every build (docs/architecture.md names why each flag is there).
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_PCH_EXTSUM=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
# Given as the driver's own option ccache sees the header's path and makes it relative; behind -Xclang it would not.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -include <PCH_HEADER>)
endif()

set(CMAKE_CXX_FLAGS_DEV "-O1 -g1" CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS_DEV "-O1 -g1" CACHE STRING "" FORCE)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG" CACHE STRING "" FORCE)

add_library(coffer_flags INTERFACE)
target_compile_options(coffer_flags INTERFACE
  -Wall -Wextra -Wformat=2 -Wformat-security -Wconversion -Wsign-conversion -Wshadow -Wimplicit-fallthrough
  -Wnull-dereference -Wdouble-promotion -Wcast-align -Werror
  -fstack-protector-strong -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing
  -fPIE -fvisibility=hidden -fstack-clash-protection -ftrivial-auto-var-init=zero)
target_compile_definitions(coffer_flags INTERFACE _GLIBCXX_ASSERTIONS)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  target_compile_options(coffer_flags INTERFACE -fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  target_compile_options(coffer_flags INTERFACE -mbranch-protection=standard)
endif()
if(NOT COFFER_SANITIZE)
  target_compile_options(coffer_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(coffer_flags INTERFACE -Wthread-safety -Wno-gnu-statement-expression -fstrict-flex-arrays=3)
  target_link_options(coffer_flags INTERFACE -fuse-ld=lld-19)
else()
  # g++ 12 warns of these in code it has inlined from headers that are right; clang's warnings cover the real cases.
  target_compile_options(coffer_flags INTERFACE -Wno-missing-field-initializers -Wno-maybe-uninitialized -Wno-null-dereference -Wbidi-chars=any)
endif()
target_link_options(coffer_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed)
if(COFFER_SANITIZE)
  target_compile_options(coffer_flags INTERFACE -fsanitize=${COFFER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(coffer_flags INTERFACE -fsanitize=${COFFER_SANITIZE})
else()
  target_link_options(coffer_flags INTERFACE -pie)
endif()
# The release is compiled by what the server does under load (docs/adr/0024-profile-guided-release.md); code that changed since is compiled as without a profile.
set(COFFER_PROFILE "" CACHE STRING "Profile-guided optimisation: empty, 'generate' (scripts/profile) or 'use' (cmake/release.profdata.tar.xz)")
if(COFFER_PROFILE AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION MATCHES "^19\\.")
  # Functions of one file alone are named by that file without its folder, so that a profile fits wherever the repository lies.
  target_compile_options(coffer_flags INTERFACE "SHELL:-mllvm -static-func-strip-dirname-prefix=64")
  if(COFFER_PROFILE STREQUAL "generate")
    target_compile_options(coffer_flags INTERFACE -fprofile-generate)
    target_link_options(coffer_flags INTERFACE -fprofile-generate)
  else()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/release.profdata.tar.xz)
    file(ARCHIVE_EXTRACT INPUT ${CMAKE_CURRENT_LIST_DIR}/release.profdata.tar.xz DESTINATION ${CMAKE_BINARY_DIR})
    target_compile_options(coffer_flags INTERFACE -fprofile-use=${CMAKE_BINARY_DIR}/release.profdata
      -Wno-profile-instr-unprofiled -Wno-profile-instr-out-of-date -Wno-backend-plugin)
  endif()
endif()
if(COFFER_FUZZ)
  target_compile_options(coffer_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
