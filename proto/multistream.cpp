// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/multistream.hpp"

#include <algorithm>

namespace libp2p::multistream {
namespace {

constexpr std::string_view kNotAvailable = "na";
constexpr std::string_view kListRequest = "ls";

/// "/multistream/1.0.0" as it is sent: length, text, newline.
constexpr std::string_view kHeaderMessage = "\x13/multistream/1.0.0\n";
static_assert(kHeaderMessage.size() == kHeader.size() + 2);
static_assert(kHeaderMessage.front() == kHeader.size() + 1);

/// A length prefix has one octet up to here, else two: messages are never longer than that.
constexpr std::size_t kLargestShortLength = 127;

/// The shortest message there is: length, one character, newline.
constexpr std::size_t kShortestMessage = 3;

void append_length(std::string& to, std::size_t length) {
    if (length > kLargestShortLength) {
        to += static_cast<char>(length % 128 + 128);
        length /= 128;
    }
    to += static_cast<char>(length);
}

void append_message(std::string& to, std::string_view text) {
    append_length(to, text.size() + 1);
    to += text;
    to += '\n';
}

std::size_t encoded_size(std::string_view text) noexcept {
    return text.size() + 1 + (text.size() + 1 > kLargestShortLength ? 2 : 1);
}

/// The body of an answer to `ls`.
std::string encode_list(const std::vector<std::string>& names) {
    std::string body;
    for (const auto& name : names) {
        if (is_valid_name(name) && body.size() + encoded_size(name) < kMaxListSize) {
            append_message(body, name);
        }
    }
    return body;
}

}  // namespace

bool is_valid_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= kMaxNameSize && name.find('\n') == name.npos && name != kNotAvailable &&
           name != kListRequest;
}

std::string encode_message(std::string_view text) {
    std::string message;
    message.reserve(encoded_size(text));
    append_message(message, text);
    return message;
}

Negotiator Negotiator::initiator(std::span<const std::string> proposals) {
    Negotiator negotiator;
    negotiator.proposals_ = proposals;
    const auto first = proposals.empty() ? 0 : encoded_size(proposals.front());
    negotiator.output_.reserve(kHeaderMessage.size() + first);
    negotiator.output_ = kHeaderMessage;
    negotiator.propose();
    return negotiator;
}

Negotiator Negotiator::responder(const Supports& supports, const List& list) {
    Negotiator negotiator;
    negotiator.supports_ = &supports;
    negotiator.list_ = &list;
    return negotiator;
}

std::size_t Negotiator::wanted() const noexcept {
    if (state_ != State::negotiating) {
        return 0;
    }
    switch (phase_) {
        case Phase::header: return kHeaderMessage.size() - received_in_message_ + shortest_message();
        case Phase::length: {
            // A second length octet means that the text has at least 128.
            return received_in_message_ == 0 ? shortest_message() : 1 + kLargestShortLength + 1;
        }
        case Phase::text: return message_size_ - partial_.size();
    }
    return 0;
}

std::size_t Negotiator::consume(std::span<const std::uint8_t> input) {
    const auto whole = input.size();
    while (!input.empty() && state_ == State::negotiating) {
        if (phase_ == Phase::text) {
            const auto missing = message_size_ - partial_.size();
            const auto part = input.first(std::min(missing, input.size()));
            const std::string_view text(reinterpret_cast<const char*>(part.data()), part.size());
            input = input.subspan(part.size());
            octets_ += part.size();
            if (part.size() < missing) {
                partial_ += text;
            } else if (partial_.empty()) {
                on_message(text);
            } else {
                partial_ += text;
                on_message(partial_);
                partial_.clear();
            }
            continue;
        }
        const auto octet = input.front();
        input = input.subspan(1);
        ++octets_;
        if (phase_ == Phase::length) {
            on_length_octet(octet);
        } else if (octet != static_cast<std::uint8_t>(kHeaderMessage[received_in_message_])) {
            state_ = State::violated;
        } else if (++received_in_message_ == kHeaderMessage.size()) {
            received_in_message_ = 0;
            phase_ = Phase::length;
            if (supports_ != nullptr) {
                output_ = kHeaderMessage;
            }
        }
    }
    return whole - input.size();
}

void Negotiator::on_length_octet(std::uint8_t octet) {
    if (received_in_message_ == 0) {
        message_size_ = octet % 128U;
        if (octet >= 128) {
            received_in_message_ = 1;
            return;
        }
    } else {
        if (octet == 0 || octet >= 128) {  // not the shortest form, or far too long
            state_ = State::violated;
            return;
        }
        message_size_ += octet * std::size_t{128};
    }
    received_in_message_ = 0;
    if (message_size_ == 0 || message_size_ > kMaxMessageSize) {
        state_ = State::violated;
    } else if (++rounds_ > kMaxRounds || octets_ + message_size_ > kMaxOctets) {
        state_ = State::exhausted;
    } else {
        phase_ = Phase::text;
    }
}

void Negotiator::on_message(std::string_view message) {
    phase_ = Phase::length;
    if (message.size() < 2 || message.find('\n') != message.size() - 1) {
        state_ = State::violated;
        return;
    }
    const auto text = message.substr(0, message.size() - 1);
    if (supports_ != nullptr) {
        on_proposal(text);
    } else {
        on_answer(text);
    }
}

void Negotiator::on_answer(std::string_view text) {
    const auto& proposal = proposals_[proposed_ - 1];
    if (text == proposal) {
        protocol_ = proposal;
        state_ = State::agreed;
    } else if (text == kNotAvailable) {
        refused_ = proposal;
        propose();
    } else {
        state_ = State::violated;
    }
}

void Negotiator::on_proposal(std::string_view text) {
    if (text == kListRequest) {
        std::string body;
        if (!listed_ && *list_) {
            body = encode_list((*list_)());
        }
        listed_ = true;
        append_message(output_, body.empty() ? kNotAvailable : std::string_view(body));
        return;
    }
    if (is_valid_name(text) && (*supports_)(text)) {
        append_message(output_, text);
        protocol_ = text;
        state_ = State::agreed;
        return;
    }
    append_message(output_, kNotAvailable);
    refused_ = text;
}

void Negotiator::propose() {
    if (proposed_ == proposals_.size()) {
        state_ = State::refused;
        return;
    }
    append_message(output_, proposals_[proposed_]);
    ++proposed_;
}

std::size_t Negotiator::shortest_message() const noexcept {
    if (supports_ != nullptr) {
        return kShortestMessage;
    }
    return std::min(encoded_size(proposals_[proposed_ - 1]), encoded_size(kNotAvailable));
}

}  // namespace libp2p::multistream
