// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/negotiate.hpp"

#include "proto/multistream.hpp"
#include "tests/unit/security/memory_pair.hpp"

#include <libp2p/connection_info.hpp>

#include <gtest/gtest.h>

namespace libp2p {
namespace {

using multistream::encode_message;
using test::cancel_after;
using test::make_pair_of;
using test::Pair;
using test::run;
using test::run_both;

const error_code kEof = asio::error::make_error_code(asio::error::eof);
const std::string kHello = encode_message(multistream::kHeader);

using Names = std::vector<ProtocolId>;

Bytes join(std::initializer_list<std::string_view> parts) {
    Bytes all;
    for (auto part : parts) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

class Negotiation : public testing::Test {
protected:
    using Outcome = std::pair<result<ProtocolId>, result<ProtocolId>>;

    /// Both ends negotiate; each then sends "over to you" and expects it.
    Outcome negotiate(const Names& proposals, const Names& supported) {
        Outcome outcome{Errc::shut_down, Errc::shut_down};
        auto dial = [&]() -> awaitable<void> {
            outcome.first = co_await negotiate_outbound(*pair_.dialer, proposals);
            if (outcome.first) {
                co_await exchange(*pair_.dialer);
            } else {
                pair_.dialer->abort();
            }
        };
        auto listen = [&]() -> awaitable<void> {
            outcome.second = co_await negotiate_inbound(*pair_.listener, supported);
            if (outcome.second) {
                co_await exchange(*pair_.listener);
            }
        };
        EXPECT_TRUE(run_both(context_, dial, listen));
        return outcome;
    }

    static awaitable<void> exchange(ByteStream& stream) {
        EXPECT_TRUE(co_await write(stream, as_bytes("over to you")));
        Bytes into(11);
        EXPECT_TRUE(co_await read_exactly(stream, into));
        EXPECT_EQ(as_text(into), "over to you");
    }

    /// Sends `bytes` to the dialer, or to the listener.
    void provide(ByteStream& from, ByteView bytes) {
        auto send = [&]() -> awaitable<void> { EXPECT_TRUE(co_await write(from, bytes)); };
        ASSERT_TRUE(run(context_, send));
    }

    result<ProtocolId> inbound(const Names& supported = {"/echo/1.0.0"}) {
        result<ProtocolId> agreed = Errc::shut_down;
        auto listen = [&]() -> awaitable<void> { agreed = co_await negotiate_inbound(*pair_.listener, supported); };
        EXPECT_TRUE(run(context_, listen));
        return agreed;
    }

    result<ProtocolId> outbound(const Names& proposals = {"/echo/1.0.0"}) {
        result<ProtocolId> agreed = Errc::shut_down;
        auto dial = [&]() -> awaitable<void> { agreed = co_await negotiate_outbound(*pair_.dialer, proposals); };
        EXPECT_TRUE(run(context_, dial));
        return agreed;
    }

    Bytes rest(ByteStream& stream, std::size_t size) {
        Bytes into(size);
        auto read = [&]() -> awaitable<void> { EXPECT_TRUE(co_await read_exactly(stream, into)); };
        EXPECT_TRUE(run(context_, read));
        return into;
    }

    asio::io_context context_;
    Pair pair_ = make_pair_of(context_.get_executor());
};

TEST_F(Negotiation, AgreesOnTheDialersFirstChoice) {
    auto [dialer, listener] = negotiate({"/b", "/c"}, {"/c", "/b"});
    ASSERT_TRUE(dialer);
    ASSERT_TRUE(listener);
    EXPECT_EQ(*dialer, "/b");
    EXPECT_EQ(*listener, "/b");
}

TEST_F(Negotiation, TakesOneWriteASideWhenTheFirstProposalIsTaken) {
    ASSERT_TRUE(negotiate({"/b"}, {"/b"}).first);
    EXPECT_EQ(pair_.dialer_meter->writes, 2U);  // one is "over to you"
    EXPECT_EQ(pair_.listener_meter->writes, 2U);
    EXPECT_LE(pair_.dialer_meter->reads, 4U);
    EXPECT_LE(pair_.listener_meter->reads, 3U);
}

TEST_F(Negotiation, GoesOnToTheNextProposal) {
    auto [dialer, listener] = negotiate({"/a", "/b", "/c"}, {"/c"});
    ASSERT_TRUE(dialer);
    ASSERT_TRUE(listener);
    EXPECT_EQ(*listener, "/c");
}

TEST_F(Negotiation, FailsWithoutACommonProtocol) {
    auto [dialer, listener] = negotiate({"/a", "/b"}, {"/c"});
    EXPECT_EQ(dialer.error(), Errc::no_common_protocol);
    EXPECT_EQ(listener.error(), asio::error::make_error_code(asio::error::connection_reset));
    EXPECT_EQ(negotiate({}, {"/c"}).first.error(), Errc::no_common_protocol);
}

TEST_F(Negotiation, AnEndAfterARefusalIsARefusal) {
    provide(*pair_.dialer, join({kHello, encode_message("/a")}));
    auto close = [&]() -> awaitable<void> { EXPECT_TRUE(co_await pair_.dialer->close_write()); };
    run(context_, close);
    EXPECT_EQ(inbound().error(), Errc::no_common_protocol);
}

TEST_F(Negotiation, WhatALazyDialerSendsBehindARefusedProposalIsNoViolation) {
    provide(*pair_.dialer, join({kHello, encode_message("/a"), std::string_view("\0\0\0\0", 4)}));
    EXPECT_EQ(inbound().error(), Errc::no_common_protocol);
}

TEST_F(Negotiation, NamesThatCannotBeProposedAreRefusedHere) {
    for (const ProtocolId& name : {ProtocolId(), ProtocolId("na"), ProtocolId("/a\n"), ProtocolId(513, 'x')}) {
        auto agreed = outbound({name});
        EXPECT_EQ(agreed.error(), Errc::no_common_protocol);
    }
    EXPECT_EQ(pair_.dialer_meter->writes, 0U);
}

TEST_F(Negotiation, GreetsADialerThatWaitsForTheHeader) {
    auto dial = [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await write(*pair_.dialer, as_bytes(kHello)));
        Bytes header(kHello.size());
        EXPECT_TRUE(co_await read_exactly(*pair_.dialer, header));
        EXPECT_EQ(as_text(header), kHello);
        const auto proposal = encode_message("/echo/1.0.0");
        EXPECT_TRUE(co_await write(*pair_.dialer, as_bytes(proposal)));
        Bytes echo(proposal.size());
        EXPECT_TRUE(co_await read_exactly(*pair_.dialer, echo));
        EXPECT_EQ(as_text(echo), proposal);
    };
    const Names supported{"/echo/1.0.0"};
    auto listen = [&]() -> awaitable<void> { EXPECT_TRUE(co_await negotiate_inbound(*pair_.listener, supported)); };
    EXPECT_TRUE(run_both(context_, dial, listen));
}

TEST_F(Negotiation, ListsOnRequest) {
    provide(*pair_.dialer, join({kHello, encode_message("ls"), encode_message("/yamux/1.0.0")}));
    EXPECT_TRUE(inbound({"/noise", "/yamux/1.0.0"}));
    const auto answer = rest(*pair_.dialer, 20 + 24 + 14);
    EXPECT_EQ(test::to_hex(ByteView(answer).subspan(20, 24)), "17072f6e6f6973650a0d2f79616d75782f312e302e300a0a");
}

TEST_F(Negotiation, TakesAnythingThatSupportsAndNames) {
    struct Registry {
        bool supports(const ProtocolId& name) const { return name.starts_with("/echo/"); }
        Names names() const { return {"/echo/1.0.0"}; }
    } registry;
    provide(*pair_.dialer, join({kHello, encode_message("/echo/7")}));
    auto listen = [&]() -> awaitable<void> {
        auto agreed = co_await negotiate_inbound(*pair_.listener, registry);
        LIBP2P_CO_ASSERT_TRUE(agreed);
        EXPECT_EQ(*agreed, "/echo/7");
    };
    EXPECT_TRUE(run(context_, listen));
}

TEST_F(Negotiation, NothingOfTheNextLayerIsSwallowedWhateverTheCut) {
    const auto request = join({kHello, encode_message("/echo/1.0.0"), "data"});
    for (std::size_t cut = 0; cut <= request.size(); ++cut) {
        for (std::size_t max_read : {std::size_t{1}, test::kNever}) {
            pair_ = make_pair_of(context_.get_executor());
            pair_.listener_meter->max_read = max_read;
            provide(*pair_.dialer, ByteView(request).first(cut));
            provide(*pair_.dialer, ByteView(request).subspan(cut));
            ASSERT_TRUE(inbound()) << cut;
            EXPECT_EQ(as_text(rest(*pair_.listener, 4)), "data");

            pair_.dialer_meter->max_read = max_read;
            pair_.to_dialer->pieces.clear();
            pair_.to_dialer->size = 0;
            provide(*pair_.listener, ByteView(request).first(cut));
            provide(*pair_.listener, ByteView(request).subspan(cut));
            ASSERT_TRUE(outbound()) << cut;
            EXPECT_EQ(as_text(rest(*pair_.dialer, 4)), "data");
        }
    }
}

TEST_F(Negotiation, GarbageAndEndlessProposalsAreRefused) {
    provide(*pair_.dialer, as_bytes("GET / HTTP/1.1\r\n"));
    EXPECT_EQ(inbound().error(), Errc::protocol_violation);
    EXPECT_EQ(pair_.listener_meter->written, 0U);

    pair_ = make_pair_of(context_.get_executor());
    provide(*pair_.dialer, as_bytes(kHello));
    for (int i = 0; i < 100; ++i) {
        provide(*pair_.dialer, as_bytes(encode_message("/a")));
    }
    EXPECT_EQ(inbound().error(), Errc::limit_exceeded);
}

TEST_F(Negotiation, AnAnswerThatWasNotProposedIsRefused) {
    provide(*pair_.listener, join({kHello, encode_message("/other")}));
    EXPECT_EQ(outbound().error(), Errc::protocol_violation);
}

TEST_F(Negotiation, EndsAreToldApart) {
    auto close = [&]() -> awaitable<void> { EXPECT_TRUE(co_await pair_.dialer->close_write()); };
    run(context_, close);
    EXPECT_EQ(inbound().error(), kEof);
    pair_ = make_pair_of(context_.get_executor());
    provide(*pair_.dialer, ByteView(as_bytes(kHello)).first(7));
    run(context_, close);
    EXPECT_EQ(inbound().error(), Errc::protocol_violation);
}

TEST_F(Negotiation, AResponderWhoseEchoIsNotWantedGoesOn) {
    provide(*pair_.dialer, join({kHello, encode_message("/echo/1.0.0"), "data"}));
    pair_.to_dialer->broken = true;  // the dialer has closed its reading side
    EXPECT_TRUE(inbound());
    EXPECT_EQ(as_text(rest(*pair_.listener, 4)), "data");
}

TEST_F(Negotiation, FailsAtEveryStep) {
    for (bool fail_dialer : {true, false}) {
        for (std::size_t at = 0;; ++at) {
            pair_ = make_pair_of(context_.get_executor());
            auto& meter = fail_dialer ? *pair_.dialer_meter : *pair_.listener_meter;
            meter.fail_at = at;
            result<ProtocolId> dialled = Errc::shut_down;
            result<ProtocolId> accepted = Errc::shut_down;
            const Names proposals{"/a", "/b"};
            const Names supported{"/b"};
            auto dial = [&]() -> awaitable<void> { dialled = co_await negotiate_outbound(*pair_.dialer, proposals); };
            auto listen = [&]() -> awaitable<void> {
                accepted = co_await negotiate_inbound(*pair_.listener, supported);
            };
            ASSERT_TRUE(run_both(context_, dial, listen)) << "hangs at " << at;
            if (meter.operations <= at) {
                EXPECT_TRUE(dialled);
                EXPECT_TRUE(accepted);
                break;
            }
            // The very last write of the responder may fail: see AResponderWhoseEchoIsNotWantedGoesOn.
            EXPECT_FALSE(dialled) << at;
        }
    }
}

TEST_F(Negotiation, CanBeCancelledAtEveryStep) {
    bool unwound = false;
    const Names proposals{"/a", "/b"};
    for (std::size_t steps = 0;; ++steps) {
        pair_ = make_pair_of(context_.get_executor());
        provide(*pair_.listener, join({kHello, encode_message("na")}));
        auto dial = [&]() -> awaitable<void> {
            auto agreed = co_await negotiate_outbound(*pair_.dialer, proposals);
            EXPECT_EQ(agreed.error(), asio::error::make_error_code(asio::error::operation_aborted));
        };
        const bool cancelled = cancel_after(context_, steps, dial, unwound);
        EXPECT_TRUE(unwound);
        if (!cancelled || steps > 20) {
            break;
        }
    }
}

// --- lazy ---

class LazyNegotiation : public Negotiation {
protected:
    LazyNegotiation() { make(); }

    void make() {
        pair_ = make_pair_of(context_.get_executor());
        lazy_ = negotiate_lazily(std::move(pair_.dialer), "/echo/1.0.0");
    }

    void answer(std::initializer_list<std::string_view> parts) {
        auto bytes = join(parts);
        bytes.insert(bytes.begin(), kHello.begin(), kHello.end());
        provide(*pair_.listener, bytes);
    }

    std::string received() {
        std::string all;
        for (const auto& piece : pair_.to_listener->pieces) {
            all += as_text(piece.bytes);
        }
        return all;
    }

    template <class Task>
    bool go(Task task) {
        return run(context_, std::move(task));
    }

    const std::string proposal_ = kHello + encode_message("/echo/1.0.0");
    std::unique_ptr<ByteStream> lazy_;
};

TEST_F(LazyNegotiation, ProposalAndFirstDataLeaveInOneWrite) {
    auto task = [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await write(*lazy_, as_bytes("data")));
        EXPECT_TRUE(co_await write(*lazy_, as_bytes("more")));
    };
    EXPECT_TRUE(go(task));
    EXPECT_EQ(pair_.dialer_meter->writes, 2U);
    EXPECT_EQ(received(), proposal_ + "datamore");
}

TEST_F(LazyNegotiation, ReadingTakesTheAnswerOffTheFront) {
    answer({encode_message("/echo/1.0.0"), "data"});
    EXPECT_EQ(as_text(rest(*lazy_, 4)), "data");
    EXPECT_EQ(received(), proposal_);  // left by itself, since nothing was written
}

TEST_F(LazyNegotiation, ARefusalShowsOnReadWriteAndCloseWrite) {
    answer({encode_message("na")});
    auto task = [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await write(*lazy_, as_bytes("data")));
        Bytes into(1);
        auto got = co_await lazy_->read_some(into);
        EXPECT_EQ(got.error(), Errc::no_common_protocol);
        got = co_await lazy_->read_some(into);
        EXPECT_EQ(got.error(), Errc::no_common_protocol);
        auto written = co_await write(*lazy_, as_bytes("data"));
        EXPECT_EQ(written.error(), Errc::no_common_protocol);
        auto closed = co_await lazy_->close_write();
        EXPECT_EQ(closed.error(), Errc::no_common_protocol);
    };
    EXPECT_TRUE(go(task));
    EXPECT_TRUE(pair_.to_listener->broken);  // given up
}

TEST_F(LazyNegotiation, AnotherAnswerIsAViolation) {
    answer({encode_message("/other")});
    auto task = [&]() -> awaitable<void> {
        Bytes into(1);
        auto got = co_await lazy_->read_some(into);
        EXPECT_EQ(got.error(), Errc::protocol_violation);
    };
    EXPECT_TRUE(go(task));
}

TEST_F(LazyNegotiation, AnEndInsteadOfAnAnswerIsNotTheEndOfTheData) {
    auto task = [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await pair_.listener->close_write());
        Bytes into(1);
        auto got = co_await lazy_->read_some(into);
        EXPECT_EQ(got.error(), Errc::protocol_violation);
    };
    EXPECT_TRUE(go(task));
}

TEST_F(LazyNegotiation, CloseWriteWaitsForTheAnswer) {
    bool closed = false;
    auto close = [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await write(*lazy_, as_bytes("data")));
        EXPECT_TRUE(co_await lazy_->close_write());
        closed = true;
    };
    EXPECT_FALSE(go(close));
    EXPECT_FALSE(pair_.to_listener->closed);
    answer({encode_message("/echo/1.0.0"), "data"});
    EXPECT_TRUE(closed);
    EXPECT_TRUE(pair_.to_listener->closed);
    EXPECT_EQ(as_text(rest(*lazy_, 4)), "data");
}

TEST_F(LazyNegotiation, CloseWriteBeforeAnyWriteSendsTheProposal) {
    answer({encode_message("/echo/1.0.0")});
    auto close = [&]() -> awaitable<void> { EXPECT_TRUE(co_await lazy_->close_write()); };
    EXPECT_TRUE(go(close));
    EXPECT_EQ(received(), proposal_);
    EXPECT_TRUE(pair_.to_listener->closed);
}

TEST_F(LazyNegotiation, ReaderAndCloserShareTheAnswer) {
    for (bool reader_first : {true, false}) {
        make();
        int done = 0;
        auto read = [&]() -> awaitable<void> {
            Bytes into(4);
            EXPECT_TRUE(co_await read_exactly(*lazy_, into));
            EXPECT_EQ(as_text(into), "data");
            ++done;
        };
        auto close = [&]() -> awaitable<void> {
            EXPECT_TRUE(co_await lazy_->close_write());
            ++done;
        };
        if (reader_first) {
            EXPECT_FALSE(run_both(context_, read, close));
        } else {
            EXPECT_FALSE(run_both(context_, close, read));
        }
        answer({encode_message("/echo/1.0.0"), "data"});
        EXPECT_EQ(done, 2);
        EXPECT_EQ(received(), proposal_);
    }
}

TEST_F(LazyNegotiation, ReaderAndCloserShareARefusal) {
    std::vector<Error> errors;
    auto read = [&]() -> awaitable<void> {
        Bytes into(4);
        auto got = co_await lazy_->read_some(into);
        errors.push_back(got.error());
    };
    auto close = [&]() -> awaitable<void> {
        auto closed = co_await lazy_->close_write();
        errors.push_back(closed.error());
    };
    EXPECT_FALSE(run_both(context_, read, close));
    answer({encode_message("na")});
    ASSERT_EQ(errors.size(), 2U);
    EXPECT_EQ(errors[0], Errc::no_common_protocol);
    EXPECT_EQ(errors[1], Errc::no_common_protocol);
}

TEST_F(LazyNegotiation, AWriterWaitsForTheProposalThatAReaderSends) {
    pair_.to_listener->capacity = 10;
    int done = 0;
    auto read = [&]() -> awaitable<void> {
        Bytes into(4);
        EXPECT_TRUE(co_await read_exactly(*lazy_, into));
        ++done;
    };
    auto send = [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await write(*lazy_, as_bytes("data")));
        ++done;
    };
    EXPECT_FALSE(run_both(context_, read, send));
    EXPECT_EQ(as_text(rest(*pair_.listener, proposal_.size() + 4)), proposal_ + "data");
    EXPECT_EQ(done, 1);
    answer({encode_message("/echo/1.0.0"), "data"});
    EXPECT_EQ(done, 2);
}

TEST_F(LazyNegotiation, AWriteThatWaitsLearnsOfTheRefusal) {
    pair_.to_listener->capacity = 10;
    std::vector<Error> errors;
    auto send = [&]() -> awaitable<void> {
        auto written = co_await write(*lazy_, as_bytes("data"));
        errors.push_back(written.error());
    };
    auto read = [&]() -> awaitable<void> {
        Bytes into(4);
        auto got = co_await lazy_->read_some(into);
        errors.push_back(got.error());
    };
    EXPECT_FALSE(run_both(context_, send, read));
    answer({encode_message("na")});
    ASSERT_EQ(errors.size(), 2U);
    EXPECT_EQ(errors[0], Errc::no_common_protocol);
    EXPECT_EQ(errors[1], Errc::no_common_protocol);
}

TEST_F(LazyNegotiation, TheAnswerMayComeInPieces) {
    const auto bytes = join({kHello, encode_message("/echo/1.0.0"), "data"});
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        make();
        provide(*pair_.listener, ByteView(bytes).first(cut));
        provide(*pair_.listener, ByteView(bytes).subspan(cut));
        EXPECT_EQ(as_text(rest(*lazy_, 4)), "data");
    }
    make();
    pair_.dialer_meter->max_read = 1;
    provide(*pair_.listener, bytes);
    EXPECT_EQ(as_text(rest(*lazy_, 4)), "data");
}

TEST_F(LazyNegotiation, CanBeDestroyedAtAnyTime) {
    make();  // before anything
    auto send = [&]() -> awaitable<void> { EXPECT_TRUE(co_await write(*lazy_, as_bytes("data"))); };
    EXPECT_TRUE(go(send));
    make();  // with the answer outstanding
    EXPECT_FALSE(pair_.to_listener->broken);
}

TEST_F(LazyNegotiation, IsUnwrappedOnceItIsOver) {
    auto* before = lazy_.get();
    lazy_ = unwrap_negotiated(std::move(lazy_));
    EXPECT_EQ(lazy_.get(), before);
    answer({encode_message("/echo/1.0.0"), "data"});
    EXPECT_EQ(as_text(rest(*lazy_, 1)), "d");
    lazy_ = unwrap_negotiated(std::move(lazy_));
    EXPECT_NE(dynamic_cast<test::MemoryStream*>(lazy_.get()), nullptr);
    EXPECT_EQ(as_text(rest(*lazy_, 3)), "ata");
}

TEST_F(LazyNegotiation, ANameThatCannotBeOneFailsHere) {
    pair_ = make_pair_of(context_.get_executor());
    lazy_ = negotiate_lazily(std::move(pair_.dialer), "bad\nname");
    auto task = [&]() -> awaitable<void> {
        auto written = co_await write(*lazy_, as_bytes("data"));
        EXPECT_EQ(written.error(), Errc::no_common_protocol);
        Bytes into(1);
        auto got = co_await lazy_->read_some(into);
        EXPECT_EQ(got.error(), Errc::no_common_protocol);
    };
    EXPECT_TRUE(go(task));
    EXPECT_EQ(received(), "");
}

TEST_F(LazyNegotiation, FailsAtEveryStep) {
    for (std::size_t at = 0;; ++at) {
        make();
        answer({encode_message("/echo/1.0.0"), "data"});
        pair_.dialer_meter->fail_at = at;
        bool complete = false;
        auto task = [&]() -> awaitable<void> {
            auto written = co_await write(*lazy_, as_bytes("data"));
            if (!written) {
                co_return;
            }
            auto closed = co_await lazy_->close_write();
            if (!closed) {
                co_return;
            }
            Bytes into(4);
            auto got = co_await read_exactly(*lazy_, into);
            complete = got.has_value();
        };
        ASSERT_TRUE(go(task)) << "hangs at " << at;
        if (pair_.dialer_meter->operations <= at) {
            EXPECT_TRUE(complete);
            break;
        }
        EXPECT_FALSE(complete);
    }
}

TEST_F(LazyNegotiation, CanBeCancelledAtEveryStep) {
    for (const bool closes : {true, false}) {
        bool unwound = false;
        for (std::size_t steps = 0; steps < 12; ++steps) {
            make();
            auto task = [&]() -> awaitable<void> {
                Bytes into(4);
                if (closes) {
                    auto closed = co_await lazy_->close_write();
                    EXPECT_FALSE(closed);
                } else {
                    auto got = co_await lazy_->read_some(into);
                    EXPECT_FALSE(got);
                }
            };
            EXPECT_TRUE(cancel_after(context_, steps, task, unwound));
            EXPECT_TRUE(unwound);
        }
    }
}

// --- a lazy stream ---

/// A stream with deadlines that a test moves by hand.
class TestStream final : public Stream {
public:
    TestStream(std::unique_ptr<ByteStream> bytes, std::shared_ptr<const ConnectionInfo> info)
        : Stream(Direction::outbound, std::move(info)), bytes_(std::move(bytes)), timer_(bytes_->executor()) {}

    awaitable<result<std::size_t>> read_some(MutableByteView into) override { return bytes_->read_some(into); }
    awaitable<result<void>> write(std::span<const ByteView> buffers) override { return bytes_->write(buffers); }
    awaitable<result<void>> close_write() override { return bytes_->close_write(); }
    using Stream::abort;
    void abort(StreamErrorCode code) noexcept override {
        aborted = code;
        bytes_->abort();
    }
    asio::any_io_executor executor() const noexcept override { return bytes_->executor(); }
    void expires_at(std::chrono::steady_clock::time_point time) noexcept override { deadlines.push_back(time); }
    std::optional<StreamErrorCode> remote_error() const noexcept override { return StreamErrorCode::gated; }
    std::uint64_t id() const noexcept override { return 17; }

    std::optional<StreamErrorCode> aborted;
    std::vector<std::chrono::steady_clock::time_point> deadlines;

private:
    std::unique_ptr<ByteStream> bytes_;
    Waiter timer_;
};

class LazyStreams : public LazyNegotiation {
protected:
    LazyStreams() { make_stream(); }

    void make_stream(std::chrono::milliseconds timeout = {}) {
        pair_ = make_pair_of(context_.get_executor());
        auto stream = std::make_unique<TestStream>(std::move(pair_.dialer), info_);
        inner_ = stream.get();
        stream_ = lazy_stream(std::move(stream), "/echo/1.0.0", timeout);
    }

    static constexpr auto kForever = std::chrono::steady_clock::time_point::max();

    Identity identity_ = Identity::generate();
    Multiaddr address_ = Multiaddr::parse("/memory/1").value();
    std::shared_ptr<const ConnectionInfo> info_ = std::make_shared<ConnectionInfo>(ConnectionInfo{
        ConnectionId{3},
        Direction::outbound,
        identity_.peer_id(),
        identity_.public_key(),
        address_,
        address_,
        "memory",
        "/noise",
        "/yamux/1.0.0",
        false,
        {}
    });
    TestStream* inner_ = nullptr;
    std::unique_ptr<Stream> stream_;
};

TEST_F(LazyStreams, IsTheStreamBeneath) {
    EXPECT_EQ(stream_->protocol(), "/echo/1.0.0");
    EXPECT_EQ(stream_->direction(), Direction::outbound);
    EXPECT_EQ(&stream_->connection(), info_.get());
    EXPECT_EQ(stream_->remote_peer(), identity_.peer_id());
    EXPECT_EQ(stream_->id(), 17U);
    EXPECT_EQ(stream_->remote_error(), StreamErrorCode::gated);
    stream_->abort(StreamErrorCode::rate_limited);
    EXPECT_EQ(inner_->aborted, StreamErrorCode::rate_limited);
    const auto time = std::chrono::steady_clock::now();
    stream_->expires_at(time);
    EXPECT_EQ(inner_->deadlines.back(), time);
}

TEST_F(LazyStreams, ARefusalResetsTheStream) {
    answer({encode_message("na")});
    auto task = [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await write(*stream_, as_bytes("data")));
        auto closed = co_await stream_->close_write();
        EXPECT_EQ(closed.error(), Errc::no_common_protocol);
    };
    EXPECT_TRUE(go(task));
    EXPECT_EQ(inner_->aborted, StreamErrorCode::protocol_negotiation_failed);
}

TEST_F(LazyStreams, TheAnswerHasADeadlineOfItsOwnWhileSomebodyWaits) {
    using namespace std::chrono_literals;
    make_stream(10s);
    auto send = [&]() -> awaitable<void> { EXPECT_TRUE(co_await write(*stream_, as_bytes("data"))); };
    EXPECT_TRUE(go(send));
    EXPECT_TRUE(inner_->deadlines.empty());
    answer({encode_message("/echo/1.0.0"), "data"});
    EXPECT_EQ(as_text(rest(*stream_, 4)), "data");
    ASSERT_EQ(inner_->deadlines.size(), 2U);
    EXPECT_LE(inner_->deadlines[0], std::chrono::steady_clock::now() + 10s);
    EXPECT_EQ(inner_->deadlines[1], kForever);
}

TEST_F(LazyStreams, AnEarlierDeadlineOfTheApplicationStays) {
    using namespace std::chrono_literals;
    make_stream(10s);
    const auto soon = std::chrono::steady_clock::now() + 1s;
    stream_->expires_at(soon);
    answer({encode_message("/echo/1.0.0"), "data"});
    EXPECT_EQ(as_text(rest(*stream_, 4)), "data");
    for (auto deadline : inner_->deadlines) {
        EXPECT_EQ(deadline, soon);
    }
}

}  // namespace
}  // namespace libp2p
