// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace libp2p::multistream {

/// The first message of each side.
inline constexpr std::string_view kHeader = "/multistream/1.0.0";

/// Longest message that is accepted, newline included, its length prefix not.
inline constexpr std::size_t kMaxMessageSize = 1024;

/// Longest protocol name that is proposed or agreed on.
inline constexpr std::size_t kMaxNameSize = 512;

/// Messages after the header that one side may send before the other gives up on it. Nobody needs as many: a peer that
/// proposes on and on wants to keep us busy.
inline constexpr std::size_t kMaxRounds = 64;

/// Octets that one side may send in one negotiation, all messages together.
inline constexpr std::size_t kMaxOctets = 16 * 1024;

/// Largest answer to `ls`. Names that do not fit are left out.
inline constexpr std::size_t kMaxListSize = 16 * 1024 - 1;

/// True for what can be the name of a protocol: not empty, not too long, one line, and no word of multistream's own.
bool is_valid_name(std::string_view name) noexcept;

/// `text` as a message: its length, itself, a newline.
std::string encode_message(std::string_view text);

/// One side of multistream-select 1.0: two peers agree on a protocol, then speak it on the same octets.
///
/// After every call of `consume`, send `take_output()` before reading on. Octets of the protocol that was agreed on are
/// never taken, however the remote mixes them with the negotiation.
class Negotiator {
public:
    enum class State {
        negotiating,
        agreed,    ///< `protocol` says on what
        refused,   ///< the remote accepted none of our proposals
        violated,  ///< the remote broke a rule
        exhausted  ///< the remote went past `kMaxRounds` or `kMaxOctets`
    };

    using Supports = std::function<bool(std::string_view)>;
    using List = std::function<std::vector<std::string>()>;

    /// Proposes each of `proposals`, best first, until one is accepted. They are borrowed, and satisfy `is_valid_name`.
    /// With a single proposal nothing of the output depends on the remote: data may follow it at once (lazy
    /// negotiation).
    static Negotiator initiator(std::span<const std::string> proposals);

    /// Accepts the first proposal that `supports` likes, and answers `ls` with `list()`, or with `na` when there is
    /// nothing to list or the remote asks again. Both are borrowed; `list` may be empty.
    static Negotiator responder(const Supports& supports, const List& list);

    State state() const noexcept { return state_; }

    /// What was agreed on.
    const std::string& protocol() const noexcept { return protocol_; }

    /// The last proposal that this side refused or had refused, for error messages.
    const std::string& refused() const noexcept { return refused_; }

    /// At least so many more octets belong to the negotiation: reading as many swallows nothing that follows.
    /// Zero once it is over.
    std::size_t wanted() const noexcept;

    /// Takes octets from the front of `input` and says how many. Fewer than all only when the negotiation is over.
    std::size_t consume(std::span<const std::uint8_t> input);

    /// False in the middle of a message of the remote. Output can be held back then: more will follow.
    bool is_between_messages() const noexcept { return phase_ != Phase::text && received_in_message_ == 0; }

    bool has_output() const noexcept { return !output_.empty(); }

    /// What has to be sent next.
    std::string take_output() { return std::exchange(output_, {}); }

private:
    enum class Phase { header, length, text };

    Negotiator() = default;

    void on_length_octet(std::uint8_t octet);
    void on_message(std::string_view message);
    void on_answer(std::string_view text);
    void on_proposal(std::string_view text);
    void propose();
    std::size_t shortest_message() const noexcept;

    std::span<const std::string> proposals_;  // initiator
    std::size_t proposed_ = 0;                // how many of them were sent
    const Supports* supports_ = nullptr;      // responder
    const List* list_ = nullptr;

    State state_ = State::negotiating;
    Phase phase_ = Phase::header;
    bool listed_ = false;
    std::size_t received_in_message_ = 0;  // of the header; of the length prefix
    std::size_t message_size_ = 0;
    std::size_t rounds_ = 0;
    std::size_t octets_ = 0;
    std::string partial_;  // the text of a message that arrived in pieces; holds no more than has arrived
    std::string output_;
    std::string protocol_;
    std::string refused_;
};

}  // namespace libp2p::multistream
