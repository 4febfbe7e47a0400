// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LIBP2P_SUPPORT_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define LIBP2P_SUPPORT_ASAN 1
#endif

#ifdef LIBP2P_SUPPORT_ASAN
#include <sanitizer/allocator_interface.h>
#else
#include <malloc.h>
#endif

namespace libp2p::support {

/// Octets that the process has allocated and not freed, whoever asked for them: operator new, malloc, Asio's frames.
inline std::size_t heap_bytes() noexcept {
#ifdef LIBP2P_SUPPORT_ASAN
    return __sanitizer_get_current_allocated_bytes();
#else
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
#endif
}

}  // namespace libp2p::support
