// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/error.hpp"

#include <boost/system/system_error.hpp>

#include <ostream>

namespace libp2p {

struct Error::Details {
    std::string text;
    std::vector<Cause> causes;
};

namespace {

class Category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "libp2p"; }

    std::string message(int value) const override {
        switch (static_cast<Errc>(value)) {
            case Errc::invalid_address: return "invalid address";
            case Errc::invalid_key: return "invalid key";
            case Errc::invalid_signature: return "invalid signature";
            case Errc::unsupported_address: return "no transport for this address";
            case Errc::no_addresses: return "no address to dial";
            case Errc::dial_failed: return "no address could be reached";
            case Errc::peer_mismatch: return "the remote has another peer id";
            case Errc::no_common_protocol: return "no common protocol";
            case Errc::protocol_violation: return "protocol violation";
            case Errc::limit_exceeded: return "resource limit exceeded";
            case Errc::refused_by_remote: return "refused by the remote";
            case Errc::gated: return "refused by the connection gater";
            case Errc::stream_reset: return "stream reset by the remote";
            case Errc::write_closed: return "stream closed for writing";
            case Errc::connection_closed: return "connection closed";
            case Errc::shut_down: return "shut down";
            case Errc::already_exists: return "already exists";
            case Errc::authentication_failed: return "authentication failed";
            case Errc::limited_connection: return "the connection is under a relay's limit";
        }
        return "unlisted libp2p error " + std::to_string(value);
    }
};

}  // namespace

const boost::system::error_category& libp2p_category() noexcept {
    static const Category category;
    return category;
}

error_code make_error_code(Errc code) noexcept {
    return {static_cast<int>(code), libp2p_category()};
}

Error::Error(error_code code, std::string detail)
    : code_(code), details_(std::make_shared<const Details>(Details{std::move(detail), {}})) {}

Error::Error(Errc code, std::string detail, std::vector<Cause> causes)
    : code_(make_error_code(code)),
      details_(std::make_shared<const Details>(Details{std::move(detail), std::move(causes)})) {}

std::string_view Error::detail() const noexcept {
    return details_ ? std::string_view(details_->text) : std::string_view();
}

const std::vector<Error::Cause>& Error::causes() const noexcept {
    static const std::vector<Cause> none;
    return details_ ? details_->causes : none;
}

std::string Error::message() const {
    auto text = code_.message();
    if (!detail().empty()) {
        text.append(": ").append(detail());
    }
    return text;
}

Error Error::with_context(std::string_view where) const {
    auto copy = *this;
    std::string text(where);
    if (!detail().empty()) {
        text.append(": ").append(detail());
    }
    copy.details_ = std::make_shared<const Details>(Details{std::move(text), causes()});
    return copy;
}

std::ostream& operator<<(std::ostream& out, const Error& error) {
    return out << error.message();
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
    // Without the place in Asio that the code may carry, which says nothing to whoever reads the message.
    const error_code code(error.code().value(), error.code().category());
    throw boost::system::system_error(code, std::string(error.detail()));
}

}  // namespace libp2p
