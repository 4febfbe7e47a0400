# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Refuses compilers that miscompile coroutines, and sets what all our targets are compiled with.

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 18)
    message(FATAL_ERROR
        "clang ${CMAKE_CXX_COMPILER_VERSION} cannot build this project: clang 14 to 17 inline await_suspend, which makes "
        "coroutines use freed memory. Use clang 18 or newer (the presets take clang++-19), or g++ 12 or newer.")
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
    message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} is too old: g++ 12 or newer is needed.")
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# Linked by our own targets only; a consumer's compiler may warn about other things.
add_library(libp2p_own_flags INTERFACE)
target_compile_options(libp2p_own_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # g++ blames classes derived from boost::system::error_category, whose destructor is protected and not virtual.
    target_compile_options(libp2p_own_flags INTERFACE -Wnon-virtual-dtor)
    find_program(LLD ld.lld-19)
    if(LLD)
        target_link_options(libp2p_own_flags INTERFACE --ld-path=${LLD})
    endif()
endif()
if(LIBP2P_WARNINGS_AS_ERRORS)
    target_compile_options(libp2p_own_flags INTERFACE -Werror)
endif()

if(LIBP2P_HARDENING)
    target_compile_options(libp2p_own_flags INTERFACE -fstack-protector-strong
                           $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=3>)
    target_compile_definitions(libp2p_own_flags INTERFACE _GLIBCXX_ASSERTIONS)
    target_link_options(libp2p_own_flags INTERFACE -Wl,-z,relro -Wl,-z,now)
endif()

if(LIBP2P_SANITIZE)
    target_compile_options(libp2p_own_flags INTERFACE -fsanitize=${LIBP2P_SANITIZE} -fno-sanitize-recover=all
                           -fno-omit-frame-pointer)
    target_link_options(libp2p_own_flags INTERFACE -fsanitize=${LIBP2P_SANITIZE})
    # Asio recycles coroutine frames, which hides uses of freed memory.
    target_compile_definitions(libp2p_own_flags INTERFACE BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING
                               BOOST_ASIO_DISABLE_SMALL_BLOCK_RECYCLING)
endif()
