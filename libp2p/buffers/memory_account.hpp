// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/budget.hpp>

#include <cstddef>
#include <memory>

namespace libp2p {

/// The memory of one connection's streams, charged to the connection's scope in steps.
///
/// Two things cost: octets that are held in buffers, and what receive windows have grown by, which is a promise to hold
/// as much. One charge covers whichever is more, as what arrives within a grown window was promised before.
class MemoryAccount {
public:
    /// The charge moves in steps of this size.
    static constexpr std::size_t kStep = 16 * 1024;
    /// Not charged: part of `Limits::connection_memory`.
    static constexpr std::size_t kFree = 4 * 1024;

    /// Without a budget everything is granted.
    MemoryAccount(std::shared_ptr<Budget> budget, std::size_t growth_limit) noexcept
        : budget_(std::move(budget)), growth_limit_(growth_limit) {}

    /// False, and nothing changed, when the budget refuses; `refusal` then has the words.
    [[nodiscard]] bool hold(std::size_t octets) noexcept;
    void release(std::size_t octets) noexcept;

    /// The same for a window that grows; also false when the sum of all growth would pass its limit.
    [[nodiscard]] bool grow(std::size_t octets) noexcept;
    void shrink(std::size_t octets) noexcept;

    std::size_t held() const noexcept { return held_; }
    std::size_t grown() const noexcept { return grown_; }
    std::size_t charged() const noexcept { return charge_.amount().memory; }

    /// The budget's latest refusal.
    const Error& refusal() const noexcept { return refusal_; }

private:
    bool cover(std::size_t need) noexcept;
    void settle() noexcept;

    std::shared_ptr<Budget> budget_;  // shared: see Budget
    Charge charge_;
    std::size_t growth_limit_;
    std::size_t held_ = 0;
    std::size_t grown_ = 0;
    Error refusal_ = Errc::limit_exceeded;
};

}  // namespace libp2p
