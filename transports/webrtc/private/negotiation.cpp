// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/negotiation.hpp"

#include "libp2p/crypto/random.hpp"
#include "transports/webrtc/private/candidate_json.hpp"

#include <libp2p/async.hpp>
#include <libp2p/log.hpp>

#include <boost/asio/error.hpp>

#include <utility>

namespace libp2p::webrtc {
namespace {

const Logger log("webrtc");

std::shared_ptr<Budget> root_of(std::shared_ptr<Budget> budget) {
    while (budget->parent()) {
        budget = budget->parent();
    }
    return budget;
}

std::string_view describe(SignallingMessage::Type type) noexcept {
    switch (type) {
        case SignallingMessage::Type::offer: return "offer";
        case SignallingMessage::Type::answer: return "answer";
        case SignallingMessage::Type::candidate: return "candidate";
        case SignallingMessage::Type::done: return "end of candidates";
    }
    return {};
}

}  // namespace

/// Whatever an attempt ends by, nothing of it goes on without it.
class Negotiation::Guard {
public:
    explicit Guard(Negotiation& negotiation) noexcept : negotiation_(&negotiation) {}
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
        if (negotiation_ != nullptr) {
            negotiation_->end(asio::error::make_error_code(asio::error::operation_aborted));
        }
    }

    void done() noexcept { negotiation_ = nullptr; }

private:
    Negotiation* negotiation_;
};

Negotiation::Negotiation(
    std::shared_ptr<PrivateEndpoint> endpoint, Role role, std::unique_ptr<SignallingPipe> pipe, ConnectionScope& scope
)
    : endpoint_(std::move(endpoint)),
      scope_(scope),
      role_(role),
      talk_(std::make_shared<SignallingTalk>(endpoint_->services().executor(), std::move(pipe))),
      is_vouched_for_(talk_->remote().key.has_value()),
      exchange_(role),
      progress_(endpoint_->services().executor()),
      grace_(endpoint_->services().executor()),
      settling_(endpoint_->services().executor()) {}

awaitable<result<std::shared_ptr<WebRtcCore>>> Negotiation::run() {
    const auto self = shared_from_this();
    Guard guard(*this);
    auto prepared = co_await prepare();
    if (!prepared) {
        co_return prepared.error();
    }
    auto exchanged = co_await exchange();
    if (!exchanged) {
        co_return exchanged.error();
    }
    auto opened = co_await open();
    if (!opened) {
        co_return opened.error();
    }
    guard.done();
    grace_.cancel();
    talk_->finish();
    co_return core_;
}

awaitable<result<void>> Negotiation::prepare() {
    auto& services = endpoint_->services();
    auto options = co_await endpoint_->ice_options(role_ == Role::offerer);
    auto charges = pay_for_agent(options);
    if (!charges) {
        co_return charges.error();
    }
    auto path = IcePath::open(
        services.executor(), options, endpoint_->socket_options(), std::move(*charges), endpoint_->spawn()
    );
    if (!path) {
        co_return path.error();
    }
    path_ = std::move(*path);
    filter_.emplace(options.local_addresses);
    ufrag_ = path_->agent()->ufrag();
    path_->on_candidates([weak = weak_from_this()](const IceCandidate& candidate) {
        if (auto self = weak.lock()) {
            log.debug(
                "ice.candidate", {{"from", "local"}, {"type", name_of(candidate.type)}, {"place", place_of(candidate)}}
            );
            const auto text = to_string(candidate);
            self->talk_->say({SignallingMessage::Type::candidate, to_candidate_json(text, self->mid_, self->ufrag_)});
        }
    });
    co_return ok();
}

/// Descriptors beyond the one of every connection are many, and not of the connection's limit: the system pays.
result<IcePath::Charges> Negotiation::pay_for_agent(const IceOptions& options) {
    auto memory = scope_.budget()->charge(Usage::octets(PrivateEndpoint::kAgentMemory));
    if (!memory) {
        return memory.error();
    }
    Usage more;
    more.descriptors = IceAgent::descriptors(options) - 1;
    auto descriptors = root_of(scope_.budget())->charge(more);
    if (!descriptors) {
        return descriptors.error();
    }
    return IcePath::Charges{std::move(*memory), std::move(*descriptors)};
}

/// Both descriptions.
awaitable<result<void>> Negotiation::exchange() {
    talk_->start(*this, endpoint_->spawn());
    if (role_ == Role::offerer) {
        say(SignallingMessage::Type::offer, SessionDescription::Setup::actpass);
        auto gathered = path_->agent()->gather();
        if (!gathered) {
            co_return gathered.error();
        }
    }
    while (!remote_ || failure_.code()) {
        if (failure_.code()) {
            co_return failure_;
        }
        auto interrupted = co_await progress_.wait();
        if (interrupted) {
            co_return interrupted;
        }
    }
    auto taken = path_->agent()->set_remote_credentials(remote_->ufrag, remote_->password);
    if (!taken) {
        co_return taken.error();
    }
    if (role_ == Role::answerer) {
        mid_ = remote_->mid;
        say(SignallingMessage::Type::answer, SignallingExchange::answer_to(remote_->setup));
        auto gathered = path_->agent()->gather();
        if (!gathered) {
            co_return gathered.error();
        }
    }
    co_return ok();
}

/// ICE, DTLS and SCTP.
awaitable<result<void>> Negotiation::open() {
    const auto role = SignallingExchange::dtls_role(role_, remote_->setup);
    if (!role) {
        co_return role.error();
    }
    auto link = std::make_unique<IceLink>(path_);
    core_ = endpoint_->make_core(*role, remote_->fingerprints, is_vouched_for_, std::move(link), scope_);
    path_->attach(core_);
    const bool is_client = *role == crypto::DtlsSession::Role::client;
    if (!is_client) {
        core_->session.start();
    }
    consider(std::exchange(early_, {}));
    if (is_end_) {
        path_->agent()->set_remote_done();
    }
    auto found = co_await path_->wait_until_selected();
    if (!found) {
        co_return failure_.code() ? failure_ : found.error();
    }
    if (is_client) {
        if (role_ == Role::answerer && remote_->is_of_libdatachannel) {
            auto settled = co_await settle();
            if (!settled) {
                co_return settled.error();
            }
        }
        core_->session.start();
        core_->flush();
    }
    auto opened = co_await core_->wait_until_open();
    if (!opened) {
        co_return opened.error();
    }
    log.debug("session.open", {{"dtls", is_client ? "client" : "server"}});
    co_return ok();
}

awaitable<result<void>> Negotiation::settle() {
    settling_.expires_after(kSettling);
    auto [ec] = co_await settling_.async_wait(as_result);
    if (failure_.code()) {
        co_return failure_;
    }
    if (ec) {
        co_return ec;
    }
    co_return ok();
}

std::string Negotiation::story() const {
    if (!remote_) {
        return role_ == Role::offerer ? "the remote has not answered" : "the remote has made no offer";
    }
    if (!path_ || !path_->pair()) {
        return "none of " + std::to_string(heard_) + " candidates of the remote works (" +
               std::to_string(filter_ ? filter_->contacted() : 0) + " were tried)";
    }
    return "the handshake with the remote did not end";
}

void Negotiation::say(SignallingMessage::Type type, SessionDescription::Setup setup) {
    SessionDescription own;
    own.ufrag = ufrag_;
    own.password = path_->agent()->password();
    own.fingerprints = {endpoint_->certificate()};
    own.setup = setup;
    own.mid = mid_;
    log.debug("signalling.said", {{"type", describe(type)}});
    talk_->say({type, to_sdp(own, crypto::random_uint64())});
}

void Negotiation::on_message(const SignallingMessage& message) {
    auto heard = exchange_.on_message(message);
    if (!heard) {
        fail(heard.error());
        return;
    }
    heard_ += heard->candidates.size();
    is_end_ = is_end_ || heard->is_end;
    if (core_) {
        consider(std::move(heard->candidates));
        if (heard->is_end && path_->agent() != nullptr) {
            path_->agent()->set_remote_done();
        }
    } else {
        early_.insert(early_.end(), heard->candidates.begin(), heard->candidates.end());
    }
    if (heard->is_end) {
        log.debug("signalling.heard", {{"type", describe(SignallingMessage::Type::done)}});
    }
    if (heard->description) {
        log.debug("signalling.heard", {{"type", describe(message.type)}});
        remote_ = std::move(heard->description);
        progress_.notify();
    }
}

void Negotiation::consider(std::vector<IceCandidate> candidates) {
    for (const auto& candidate : candidates) {
        const auto verdict = filter_->check(candidate);
        log.debug(
            "ice.candidate",
            {{"from", "remote"},
             {"type", name_of(candidate.type)},
             {"place", place_of(candidate)},
             {"contacted", verdict == CandidateFilter::Verdict::contact},
             {"verdict", describe(verdict)}}
        );
        if (verdict == CandidateFilter::Verdict::contact && path_->agent() != nullptr) {
            path_->agent()->add_remote(candidate);
        }
    }
}

void Negotiation::on_silence(const Error& why) {
    if (!exchange_.has_description()) {
        fail(why.with_context("signalling ended before the descriptions were exchanged"));
    } else if (why == asio::error::make_error_code(asio::error::eof)) {
        return;  // it may be connected already
    } else if (!path_->pair()) {
        fail(why.with_context("signalling ended before there was a way to the remote"));  // which cannot be connected
    } else {
        give_up_after_grace();
    }
}

void Negotiation::give_up_after_grace() {
    grace_.expires_after(kGrace);
    grace_.async_wait([weak = weak_from_this()](error_code ec) {
        if (auto self = weak.lock(); self && !ec) {
            self->fail(Error(Errc::refused_by_remote, "the remote broke the signalling off"));
        }
    });
}

void Negotiation::fail(Error why) {
    if (!failure_.code()) {
        failure_ = std::move(why);
    }
    progress_.notify();
    end(failure_);
}

void Negotiation::end(Error why) {
    grace_.cancel();
    settling_.cancel();
    talk_->abort();
    if (core_) {
        core_->end(std::move(why));
    }
    if (path_) {
        path_->close();
    }
}

}  // namespace libp2p::webrtc
