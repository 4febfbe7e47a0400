# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Refuses compilers that miscompile coroutines, and sets what our own targets are compiled with.

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 18)
    message(FATAL_ERROR
        "clang ${CMAKE_CXX_COMPILER_VERSION} cannot build libp2p: clang 14 to 17 inline await_suspend, after which a "
        "coroutine uses memory that has been freed. Take clang 19 (-DCMAKE_CXX_COMPILER=clang++-19, as the presets do), "
        "or g++ 12 or newer.")
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
    message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} is too old for libp2p: take g++ 12 or newer, or clang 19.")
endif()

# ccache, when it is there and nobody chose another launcher. Paths below the project are hashed relative to the build
# folder, so that every clone shares what was compiled in another one.
find_program(CCACHE ccache)
mark_as_advanced(CCACHE)
if(CCACHE AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # clang-tidy knows a launcher by its name, so this one is called ccache too.
    set(launcher ${PROJECT_BINARY_DIR}/launcher/ccache)
    file(CONFIGURE OUTPUT ${launcher} @ONLY CONTENT
"#!/bin/sh
CCACHE_BASEDIR='@PROJECT_SOURCE_DIR@' CCACHE_NOHASHDIR=1 exec '@CCACHE@' \"$@\"
")
    file(CHMOD ${launcher} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

# Linked by our own targets only: what a consumer compiles is the consumer's affair.
add_library(libp2p_own_flags INTERFACE)
target_compile_options(libp2p_own_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(libp2p_own_flags INTERFACE
        -Wnon-virtual-dtor  # g++ blames what derives from boost::system::error_category, whose destructor is protected
        -Wno-deprecated-declarations)  # std::stable_sort of libstdc++ 12 uses what the same header deprecates
    find_program(LLD NAMES ld.lld-19 ld.lld)
    mark_as_advanced(LLD)
    if(LLD)
        target_link_options(libp2p_own_flags INTERFACE --ld-path=${LLD})
    endif()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # It takes the frames of coroutines to be freed by another function than the one that allocated them.
    target_compile_options(libp2p_own_flags INTERFACE -Wno-mismatched-new-delete)
endif()
if(LIBP2P_WARNINGS_AS_ERRORS)
    target_compile_options(libp2p_own_flags INTERFACE -Werror)
endif()

if(LIBP2P_HARDENING)
    include(CheckPIESupported)
    check_pie_supported(LANGUAGES CXX)
    target_compile_options(libp2p_own_flags INTERFACE -fstack-protector-strong
        $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=3>)
    target_compile_definitions(libp2p_own_flags INTERFACE _GLIBCXX_ASSERTIONS)
    target_link_options(libp2p_own_flags INTERFACE -Wl,-z,relro -Wl,-z,now)
endif()

# Sanitizers have to see every file, the generated ones too, hence a target of their own.
add_library(libp2p_sanitizers INTERFACE)
if(LIBP2P_SANITIZE)
    target_compile_options(libp2p_sanitizers INTERFACE -fsanitize=${LIBP2P_SANITIZE} -fno-sanitize-recover=all
                           -fno-omit-frame-pointer)
    target_link_options(libp2p_sanitizers INTERFACE -fsanitize=${LIBP2P_SANITIZE})
endif()
if(LIBP2P_BUILD_FUZZERS)
    if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        message(FATAL_ERROR "LIBP2P_BUILD_FUZZERS needs clang: libFuzzer is part of it.")
    endif()
    target_compile_options(libp2p_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_link_libraries(libp2p_own_flags INTERFACE libp2p_sanitizers)
