// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/budget.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace libp2p {
namespace {

template <class T>
void add_saturated(T& to, T more) noexcept {
    to = more > std::numeric_limits<T>::max() - to ? std::numeric_limits<T>::max() : static_cast<T>(to + more);
}

template <class T>
void subtract_saturated(T& from, T less) noexcept {
    from = less > from ? T{0} : static_cast<T>(from - less);
}

constexpr bool has_space(std::uint64_t used, std::uint64_t more, std::uint64_t limit) noexcept {
    return more == 0 || (used <= limit && more <= limit - used);
}

bool fits(const Usage& used, const Usage& more, const ScopeLimits& limits) noexcept {
    return has_space(used.connections_inbound, more.connections_inbound, limits.connections_inbound) &&
           has_space(used.connections_outbound, more.connections_outbound, limits.connections_outbound) &&
           has_space(used.connections(), more.connections(), limits.connections) &&
           has_space(used.streams_inbound, more.streams_inbound, limits.streams_inbound) &&
           has_space(used.streams_outbound, more.streams_outbound, limits.streams_outbound) &&
           has_space(used.streams(), more.streams(), limits.streams) &&
           has_space(used.descriptors, more.descriptors, limits.descriptors) &&
           has_space(used.memory, more.memory, limits.memory);
}

}  // namespace

Usage Usage::connection(Direction direction, std::uint32_t descriptors, std::size_t memory) noexcept {
    Usage usage;
    (direction == Direction::inbound ? usage.connections_inbound : usage.connections_outbound) = 1;
    usage.descriptors = descriptors;
    usage.memory = memory;
    return usage;
}

Usage Usage::stream(Direction direction, std::size_t memory) noexcept {
    Usage usage;
    (direction == Direction::inbound ? usage.streams_inbound : usage.streams_outbound) = 1;
    usage.memory = memory;
    return usage;
}

Usage Usage::octets(std::size_t memory) noexcept {
    Usage usage;
    usage.memory = memory;
    return usage;
}

Usage& Usage::operator+=(const Usage& other) noexcept {
    add_saturated(connections_inbound, other.connections_inbound);
    add_saturated(connections_outbound, other.connections_outbound);
    add_saturated(streams_inbound, other.streams_inbound);
    add_saturated(streams_outbound, other.streams_outbound);
    add_saturated(descriptors, other.descriptors);
    add_saturated(memory, other.memory);
    return *this;
}

Usage& Usage::operator-=(const Usage& other) noexcept {
    subtract_saturated(connections_inbound, other.connections_inbound);
    subtract_saturated(connections_outbound, other.connections_outbound);
    subtract_saturated(streams_inbound, other.streams_inbound);
    subtract_saturated(streams_outbound, other.streams_outbound);
    subtract_saturated(descriptors, other.descriptors);
    subtract_saturated(memory, other.memory);
    return *this;
}

Charge::Charge(std::shared_ptr<Budget> budget, const Usage& amount) noexcept
    : budget_(std::move(budget)), amount_(amount) {}

Charge::Charge(Charge&& other) noexcept
    : budget_(std::move(other.budget_)), amount_(std::exchange(other.amount_, Usage{})) {}

Charge& Charge::operator=(Charge&& other) noexcept {
    if (this != &other) {
        release();
        budget_ = std::move(other.budget_);
        amount_ = std::exchange(other.amount_, Usage{});
    }
    return *this;
}

result<void> Charge::resize_memory(std::size_t octets) {
    if (octets <= amount_.memory) {
        if (budget_) {
            budget_->give_back(Usage::octets(amount_.memory - octets));
        }
    } else if (!budget_) {
        return Error(Errc::limit_exceeded, "memory asked for on an empty charge");
    } else if (auto taken = budget_->take(Usage::octets(octets - amount_.memory)); !taken) {
        return taken;
    }
    amount_.memory = octets;
    return ok();
}

void Charge::release() noexcept {
    if (auto budget = std::exchange(budget_, nullptr)) {
        budget->give_back(std::exchange(amount_, Usage{}));
    }
}

/// The scopes that count what `from` and `second` hold: both, and every ancestor of either, each once.
struct Budget::Lineage {
    Lineage(Budget* from, Budget* second) noexcept {
        add(from);
        add(second);
        for (std::size_t next = 0; next < size; ++next) {
            add(scopes[next]->parent_.get());
            add(scopes[next]->second_parent_.get());
        }
    }

    void add(Budget* scope) noexcept {
        if (scope == nullptr || contains(scope)) {
            return;
        }
        if (size == scopes.size()) {
            std::terminate();  // a tree deeper than kMaxScopes is a bug, and silence would lose count
        }
        scopes[size++] = scope;
    }

    bool contains(const Budget* scope) const noexcept { return std::find(begin(), end(), scope) != end(); }
    Budget* const* begin() const noexcept { return scopes.data(); }
    Budget* const* end() const noexcept { return scopes.data() + size; }

    std::array<Budget*, kMaxScopes> scopes;  // left uninitialised past `size`: this runs for every stream
    std::size_t size = 0;
};

std::shared_ptr<Budget> Budget::make(
    std::string name,
    std::shared_ptr<const ScopeRule> rule,
    std::shared_ptr<Budget> parent,
    std::shared_ptr<Budget> second_parent
) {
    return std::make_shared<Budget>(
        Token{}, std::move(name), std::move(rule), std::move(parent), std::move(second_parent)
    );
}

std::shared_ptr<Budget> Budget::make(
    std::string name,
    std::string_view setting,
    const ScopeLimits& limits,
    std::shared_ptr<Budget> parent,
    std::shared_ptr<Budget> second_parent
) {
    auto rule = std::make_shared<const ScopeRule>(ScopeRule{setting, limits});
    return make(std::move(name), std::move(rule), std::move(parent), std::move(second_parent));
}

std::shared_ptr<Budget> Budget::make_watched(
    std::string name,
    std::shared_ptr<const ScopeRule> rule,
    std::shared_ptr<Budget> parent,
    std::function<void()> on_unused
) {
    auto destroy = [told = std::move(on_unused)](Budget* scope) {
        delete scope;
        told();
    };
    auto scope = std::make_unique<Budget>(Token{}, std::move(name), std::move(rule), std::move(parent), nullptr);
    return std::shared_ptr<Budget>(scope.release(), std::move(destroy));
}

Budget::Budget(
    Token,
    std::string name,
    std::shared_ptr<const ScopeRule> rule,
    std::shared_ptr<Budget> parent,
    std::shared_ptr<Budget> second_parent
) noexcept
    : name_(std::move(name)),
      rule_(std::move(rule)),
      parent_(std::move(parent)),
      second_parent_(std::move(second_parent)) {
    BOOST_ASSERT_MSG(parent_ || !second_parent_, "a scope with one parent has it as the first");
    count_crossing(+1);
}

Budget::~Budget() {
    BOOST_ASSERT_MSG(used_.is_zero(), "a budget scope died while something was charged to it");
    count_crossing(-1);
}

result<Charge> Budget::charge(const Usage& amount) {
    if (auto taken = take(amount); !taken) {
        return taken.error();
    }
    return Charge(shared_from_this(), amount);
}

bool Budget::has_room(const Usage& amount) const noexcept {
    const Lineage lineage(const_cast<Budget*>(this), nullptr);  // not written through
    return std::all_of(lineage.begin(), lineage.end(), [&](const Budget* scope) {
        return fits(scope->used_, amount, scope->limits());
    });
}

result<void> Budget::reparent(std::shared_ptr<Budget> parent, std::shared_ptr<Budget> second_parent) {
    BOOST_ASSERT_MSG(parent || !second_parent, "a scope with one parent has it as the first");
    BOOST_ASSERT_MSG(crossings_ == 0, "a child of this scope counts elsewhere too");
    const Lineage before(parent_.get(), second_parent_.get());
    const Lineage after(parent.get(), second_parent.get());
    BOOST_ASSERT_MSG(!after.contains(this), "a scope cannot be its own ancestor");
    for (const Budget* scope : after) {
        if (!before.contains(scope) && !fits(scope->used_, used_, scope->limits())) {
            return scope->refusal(used_);
        }
    }
    move_below(before, after, std::move(parent), std::move(second_parent));
    return ok();
}

void Budget::leave_second_parent() noexcept {
    if (!second_parent_) {
        return;
    }
    const Lineage before(parent_.get(), second_parent_.get());
    const Lineage after(parent_.get(), nullptr);
    move_below(before, after, parent_, nullptr);
}

result<void> Budget::take(const Usage& amount) {
    const Lineage lineage(this, nullptr);
    for (const Budget* scope : lineage) {
        if (!fits(scope->used_, amount, scope->limits())) {
            return scope->refusal(amount);
        }
    }
    for (Budget* scope : lineage) {
        scope->used_ += amount;
    }
    return ok();
}

void Budget::give_back(const Usage& amount) noexcept {
    for (Budget* scope : Lineage(this, nullptr)) {
        scope->used_ -= amount;
    }
}

void Budget::move_below(
    const Lineage& before, const Lineage& after, std::shared_ptr<Budget> parent, std::shared_ptr<Budget> second_parent
) noexcept {
    for (Budget* scope : after) {
        if (!before.contains(scope)) {
            scope->used_ += used_;
        }
    }
    for (Budget* scope : before) {
        if (!after.contains(scope)) {
            scope->used_ -= used_;
        }
    }
    count_crossing(-1);
    // The old parents may die here, with what they alone hold: nothing of `before` is touched afterwards.
    parent_.swap(parent);
    second_parent_.swap(second_parent);
    count_crossing(+1);
}

void Budget::count_crossing(int change) noexcept {
    if (second_parent_) {
        parent_->crossings_ += static_cast<std::uint32_t>(change);
        second_parent_->crossings_ += static_cast<std::uint32_t>(change);
    }
}

/// Built only when something is refused: names the first resource that is short.
Error Budget::refusal(const Usage& asked) const {
    struct Resource {
        std::string_view name;
        std::uint64_t used;
        std::uint64_t asked;
        std::uint64_t limit;
    };
    const std::array resources{
        Resource{
            "connections_inbound", used_.connections_inbound, asked.connections_inbound, limits().connections_inbound
        },
        Resource{
            "connections_outbound",
            used_.connections_outbound,
            asked.connections_outbound,
            limits().connections_outbound
        },
        Resource{"connections", used_.connections(), asked.connections(), limits().connections},
        Resource{"streams_inbound", used_.streams_inbound, asked.streams_inbound, limits().streams_inbound},
        Resource{"streams_outbound", used_.streams_outbound, asked.streams_outbound, limits().streams_outbound},
        Resource{"streams", used_.streams(), asked.streams(), limits().streams},
        Resource{"descriptors", used_.descriptors, asked.descriptors, limits().descriptors},
        Resource{"memory", used_.memory, asked.memory, limits().memory},
    };
    const auto is_short = [](const Resource& r) { return !has_space(r.used, r.asked, r.limit); };
    const auto found = std::find_if(resources.begin(), resources.end(), is_short);
    BOOST_ASSERT(found != resources.end());
    std::string text(name_);
    text.append(": ").append(found->name).append(" ").append(std::to_string(found->used));
    text.append(" of ").append(std::to_string(found->limit)).append(" used, ");
    text.append(std::to_string(found->asked)).append(" more asked (").append(setting());
    text.append(".").append(found->name).append(")");
    return Error(Errc::limit_exceeded, std::move(text));
}

}  // namespace libp2p
