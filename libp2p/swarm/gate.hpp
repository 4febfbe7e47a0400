// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/log.hpp>

#include <exception>
#include <functional>
#include <type_traits>

namespace libp2p::swarm {

/// What a member of ConnectionGater says: empty allows, and one that throws refuses.
template <class... Args>
bool passes(const std::function<bool(Args...)>& gate, const std::remove_cvref_t<Args>&... args) noexcept {
    try {
        return !gate || gate(args...);
    } catch (const std::exception& failure) {
        const Logger log("swarm");
        log.error("gater.failed", {{"what", failure.what()}});
        return false;
    }
}

}  // namespace libp2p::swarm
