// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/direction.hpp>
#include <libp2p/error.hpp>
#include <libp2p/limits.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace libp2p {

/// Amounts of everything the budget counts.
struct Usage {
    std::uint32_t connections_inbound = 0;
    std::uint32_t connections_outbound = 0;
    std::uint32_t streams_inbound = 0;
    std::uint32_t streams_outbound = 0;
    std::uint32_t descriptors = 0;
    std::size_t memory = 0;  ///< octets

    static Usage connection(Direction direction, std::uint32_t descriptors, std::size_t memory) noexcept;
    static Usage stream(Direction direction, std::size_t memory) noexcept;
    static Usage octets(std::size_t memory) noexcept;

    std::uint64_t connections() const noexcept { return std::uint64_t{connections_inbound} + connections_outbound; }
    std::uint64_t streams() const noexcept { return std::uint64_t{streams_inbound} + streams_outbound; }

    bool is_zero() const noexcept { return *this == Usage{}; }

    /// Stays at the largest number instead of overflowing, and at zero instead of going below.
    Usage& operator+=(const Usage& other) noexcept;
    Usage& operator-=(const Usage& other) noexcept;
    friend bool operator==(const Usage&, const Usage&) = default;
};

class Budget;

/// What bounds the scopes of one kind, which share it.
struct ScopeRule {
    std::string_view setting;  ///< the member of Limits that decides ("limits.peer"), of static storage duration
    ScopeLimits limits;
};

/// Scopes that may account for one charge: its own and all the ancestors of that. The tree needs five.
inline constexpr std::size_t kMaxScopes = 16;

/// Something taken from a budget and from all its ancestors; given back when this dies. Move-only.
class Charge {
public:
    Charge() noexcept = default;
    Charge(Charge&& other) noexcept;
    Charge& operator=(Charge&& other) noexcept;
    ~Charge() { release(); }

    const Usage& amount() const noexcept { return amount_; }
    const std::shared_ptr<Budget>& budget() const noexcept { return budget_; }

    /// Changes the memory part to `octets`. Fails with `Errc::limit_exceeded`, keeping what it has, when more is asked
    /// for than the limits allow. An empty charge accepts only 0.
    result<void> resize_memory(std::size_t octets);

    /// Gives everything back now. Idempotent.
    void release() noexcept;

private:
    friend class Budget;
    Charge(std::shared_ptr<Budget> budget, const Usage& amount) noexcept;

    std::shared_ptr<Budget> budget_;
    Usage amount_;
};

/// One scope of the budget tree: system → transient → peer → connection → stream.
///
/// A scope has up to two parents: a stream that is being negotiated counts in its connection and in `transient`. What
/// is charged to a scope is charged once to each of its ancestors, in all or in none. Scopes are shared by the charges
/// and child scopes that they account for (the one place where a node outlives its maker); a scope must hold nothing
/// when it dies. At most `kMaxScopes` scopes count one charge. Host's executor only.
class Budget : public std::enable_shared_from_this<Budget> {
public:
    /// `name` is how refusals call the scope ("system", "peer 12D3…").
    static std::shared_ptr<Budget> make(
        std::string name,
        std::shared_ptr<const ScopeRule> rule,
        std::shared_ptr<Budget> parent = nullptr,
        std::shared_ptr<Budget> second_parent = nullptr
    );

    /// The same with a rule of its own.
    static std::shared_ptr<Budget> make(
        std::string name,
        std::string_view setting,
        const ScopeLimits& limits,
        std::shared_ptr<Budget> parent = nullptr,
        std::shared_ptr<Budget> second_parent = nullptr
    );

    /// The same for a scope that others look up by name: `on_unused`, which must not throw, is called once neither a
    /// charge nor a child scope needs the scope any more.
    static std::shared_ptr<Budget> make_watched(
        std::string name,
        std::shared_ptr<const ScopeRule> rule,
        std::shared_ptr<Budget> parent,
        std::function<void()> on_unused
    );
    ~Budget();

    /// Takes `amount` here and in every ancestor. Refused with `Errc::limit_exceeded`; the message names scope,
    /// resource, used, asked, limit and setting.
    result<Charge> charge(const Usage& amount);

    /// True when `charge(amount)` would succeed.
    bool has_room(const Usage& amount) const noexcept;

    /// Moves the scope, with all that it holds, below other parents. Ancestors that stay are not touched; new ones are
    /// charged first, and when one refuses nothing has changed. A scope with a child that has two parents stays where
    /// it is (asserted): what that child counts for elsewhere is not known here.
    result<void> reparent(std::shared_ptr<Budget> parent, std::shared_ptr<Budget> second_parent = nullptr);

    /// Gives up the second parent, which can never be refused. Nothing happens when there is none.
    void leave_second_parent() noexcept;

    const Usage& used() const noexcept { return used_; }
    const ScopeLimits& limits() const noexcept { return rule_->limits; }
    const std::string& name() const noexcept { return name_; }
    std::string_view setting() const noexcept { return rule_->setting; }

    /// Null for the root.
    const std::shared_ptr<Budget>& parent() const noexcept { return parent_; }
    const std::shared_ptr<Budget>& second_parent() const noexcept { return second_parent_; }

private:
    friend class Charge;
    struct Lineage;
    struct Token {
        explicit Token() = default;
    };

public:
    /// For `make`, which alone can name a Token.
    Budget(
        Token,
        std::string name,
        std::shared_ptr<const ScopeRule> rule,
        std::shared_ptr<Budget> parent,
        std::shared_ptr<Budget> second_parent
    ) noexcept;

private:
    result<void> take(const Usage& amount);
    void give_back(const Usage& amount) noexcept;
    void move_below(
        const Lineage& before,
        const Lineage& after,
        std::shared_ptr<Budget> parent,
        std::shared_ptr<Budget> second_parent
    ) noexcept;
    void count_crossing(int change) noexcept;
    Error refusal(const Usage& asked) const;

    std::string name_;
    std::shared_ptr<const ScopeRule> rule_;
    Usage used_;
    std::shared_ptr<Budget> parent_;
    std::shared_ptr<Budget> second_parent_;
    std::uint32_t crossings_ = 0;  // children that have two parents, this scope being one of them
};

}  // namespace libp2p
