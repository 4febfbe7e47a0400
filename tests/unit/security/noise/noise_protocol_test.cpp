// SPDX-License-Identifier: MIT OR Apache-2.0
#include "security/noise/noise_protocol.hpp"

#include "proto/multistream.hpp"
#include "proto/noise_payload.hpp"
#include "security/noise/noise_channel.hpp"
#include "tests/unit/security/memory_pair.hpp"
#include "tests/unit/security/noise/vectors.hpp"

#include <libp2p/negotiate.hpp>
#include <libp2p/security_protocols.hpp>

#include <gtest/gtest.h>

namespace libp2p::noise {
namespace {

using libp2p::test::cancel_after;
using libp2p::test::from_hex;
using libp2p::test::make_pair_of;
using libp2p::test::Meter;
using libp2p::test::Pair;
using libp2p::test::run;
using libp2p::test::run_both;
using libp2p::test::to_hex;

using Secured = result<std::unique_ptr<SecureChannel>>;
using Names = std::vector<ProtocolId>;

const error_code kEof = asio::error::make_error_code(asio::error::eof);

crypto::X25519KeyPair key_pair(std::string_view hex) {
    const auto bytes = from_hex(hex);
    return crypto::X25519KeyPair::from_private(std::span<const std::uint8_t, 32>(bytes));
}

/// The identity whose Ed25519 seed is 32 times `octet`, as a key file would hold it.
Identity identity_of(std::uint8_t octet, std::string_view public_key_hex) {
    Bytes message{0x08, 0x01, 0x12, 0x40};
    message.insert(message.end(), 32, octet);
    const auto public_key = from_hex(public_key_hex);
    message.insert(message.end(), public_key.begin(), public_key.end());
    return Identity(PrivateKey::decode(message).value());
}

class NoiseHandshake : public testing::Test {
protected:
    void connect() { pair_ = make_pair_of(context_.get_executor()); }

    SecurityOptions outbound() const { return {Direction::outbound, listener_id_.peer_id(), muxers_}; }
    SecurityOptions inbound() const { return {Direction::inbound, std::nullopt, listener_muxers_}; }

    /// Runs the handshake on both ends. False when one of them hangs.
    bool shake_hands(SecurityOptions dialer_options, SecurityOptions listener_options) {
        auto dial = [&]() -> awaitable<void> {
            dialled_ = co_await dialer_->secure(std::move(pair_.dialer), std::move(dialer_options));
        };
        auto listen = [&]() -> awaitable<void> {
            accepted_ = co_await listener_->secure(std::move(pair_.listener), std::move(listener_options));
        };
        return run_both(context_, dial, listen);
    }

    bool shake_hands() { return shake_hands(outbound(), inbound()); }

    /// A listener that says whatever a test wants: runs the machine by hand, with `payload` in its message.
    void fake_listener(const crypto::X25519KeyPair& static_key, Bytes payload) {
        auto dial = [&]() -> awaitable<void> {
            dialled_ = co_await dialer_->secure(std::move(pair_.dialer), outbound());
        };
        auto listen = [&]() -> awaitable<void> {
            auto machine = HandshakeState::responder(static_key, crypto::X25519KeyPair::generate(), {});
            Bytes first(2 + 32);
            LIBP2P_CO_ASSERT_TRUE(co_await read_exactly(*pair_.listener, first));
            LIBP2P_CO_ASSERT_TRUE(machine.read_message(MutableByteView(first).subspan(2)));
            Bytes second(2);
            LIBP2P_CO_ASSERT_TRUE(machine.write_message(payload, second));
            second[0] = static_cast<std::uint8_t>((second.size() - 2) / 256);
            second[1] = static_cast<std::uint8_t>((second.size() - 2) % 256);
            LIBP2P_CO_ASSERT_TRUE(co_await write(*pair_.listener, second));
        };
        ASSERT_TRUE(run_both(context_, dial, listen));
        // Nothing of who we are was told to somebody who is not whom we dialled.
        EXPECT_EQ(pair_.dialer_meter->written, 2U + 32U);
        EXPECT_FALSE(pair_.dialer_meter->alive);
    }

    /// The payload of `identity` for `static_key`.
    static Payload proof_of(const Identity& identity, const crypto::X25519KeyPair& static_key) {
        auto text = as_bytes("noise-libp2p-static-key:");
        Bytes signed_text(text.begin(), text.end());
        signed_text.insert(signed_text.end(), static_key.public_key().begin(), static_key.public_key().end());
        const auto key = identity.public_key().encoded();
        Payload payload;
        payload.identity_key.assign(key.begin(), key.end());
        payload.identity_signature = identity.sign(signed_text);
        return payload;
    }

    /// Each end says something to the other.
    void expect_conversation() {
        ASSERT_TRUE(dialled_) << dialled_.error();
        ASSERT_TRUE(accepted_) << accepted_.error();
        auto talk = [](SecureChannel& channel) -> awaitable<void> {
            EXPECT_TRUE(co_await write(channel, as_bytes("over to you")));
            Bytes into(11);
            EXPECT_TRUE(co_await read_exactly(channel, into));
            EXPECT_EQ(as_text(into), "over to you");
        };
        EXPECT_TRUE(run_both(context_, [&] { return talk(**dialled_); }, [&] { return talk(**accepted_); }));
    }

    asio::io_context context_;
    Identity dialer_id_ = Identity::generate();
    Identity listener_id_ = Identity::generate();
    std::unique_ptr<SecurityProtocol> dialer_ = make_noise(dialer_id_);
    std::unique_ptr<SecurityProtocol> listener_ = make_noise(listener_id_);
    Names muxers_{"/yamux/1.0.0"};
    Names listener_muxers_{"/yamux/1.0.0"};
    Pair pair_ = make_pair_of(context_.get_executor());
    Secured dialled_ = Errc::shut_down;
    Secured accepted_ = Errc::shut_down;
};

TEST_F(NoiseHandshake, ProvesBothSides) {
    ASSERT_TRUE(shake_hands());
    expect_conversation();
    EXPECT_EQ((*dialled_)->remote_peer(), listener_id_.peer_id());
    EXPECT_EQ((*dialled_)->remote_public_key(), listener_id_.public_key());
    EXPECT_EQ((*accepted_)->remote_peer(), dialer_id_.peer_id());
    EXPECT_EQ((*accepted_)->remote_public_key(), dialer_id_.public_key());
    EXPECT_EQ((*dialled_)->early_muxer(), "/yamux/1.0.0");
    EXPECT_EQ((*accepted_)->early_muxer(), "/yamux/1.0.0");
    EXPECT_EQ(dialer_->id(), "/noise");
}

TEST_F(NoiseHandshake, TakesOneWriteAMessage) {
    ASSERT_TRUE(shake_hands());
    EXPECT_EQ(pair_.dialer_meter->writes, 2U);
    EXPECT_EQ(pair_.listener_meter->writes, 1U);
    EXPECT_EQ(pair_.dialer_meter->reads, 1U);
    EXPECT_EQ(pair_.listener_meter->reads, 2U);
}

TEST_F(NoiseHandshake, KeysOfAllTypesWork) {
    for (auto type : {KeyType::rsa, KeyType::secp256k1, KeyType::ecdsa}) {
        connect();
        listener_id_ = Identity::generate(type);
        listener_ = make_noise(listener_id_);
        ASSERT_TRUE(shake_hands());
        expect_conversation();
        EXPECT_EQ((*dialled_)->remote_peer(), listener_id_.peer_id());
    }
}

awaitable<void> secure_into(
    Secured& channel, SecurityProtocol& protocol, std::unique_ptr<ByteStream> raw, SecurityOptions options
) {
    channel = co_await protocol.secure(std::move(raw), std::move(options));
    EXPECT_TRUE(channel);
}

TEST_F(NoiseHandshake, OneObjectServesManyAtTheSameTime) {
    int done = 0;
    auto count = [&](const std::exception_ptr&) { ++done; };
    listener_id_ = dialer_id_;
    std::array<Secured, 20> channels;
    for (std::size_t i = 0; i < channels.size(); i += 2) {
        connect();
        asio::co_spawn(context_, secure_into(channels[i], *dialer_, std::move(pair_.dialer), outbound()), count);
        asio::co_spawn(context_, secure_into(channels[i + 1], *dialer_, std::move(pair_.listener), inbound()), count);
    }
    context_.poll();
    EXPECT_EQ(done, 20);
}

TEST_F(NoiseHandshake, NobodyInParticularCanBeDialled) {
    ASSERT_TRUE(shake_hands({Direction::outbound, std::nullopt, {}}, inbound()));
    expect_conversation();
}

TEST_F(NoiseHandshake, ADialerRefusesAnotherPeerBeforeItTellsWhoItIs) {
    auto options = outbound();
    options.expected_peer = dialer_id_.peer_id();
    ASSERT_TRUE(shake_hands(std::move(options), inbound()));
    EXPECT_EQ(dialled_.error(), Errc::peer_mismatch);
    EXPECT_FALSE(accepted_);
    EXPECT_EQ(pair_.dialer_meter->written, 2U + 32U);
    EXPECT_FALSE(pair_.dialer_meter->alive);
    EXPECT_FALSE(pair_.listener_meter->alive);
}

TEST_F(NoiseHandshake, AListenerCanExpectAPeerToo) {
    auto options = inbound();
    options.expected_peer = listener_id_.peer_id();
    ASSERT_TRUE(shake_hands(outbound(), std::move(options)));
    EXPECT_EQ(accepted_.error(), Errc::peer_mismatch);
}

TEST_F(NoiseHandshake, ARecordedProofIsOfNoUseWithAnotherStaticKey) {
    const auto theirs = crypto::X25519KeyPair::generate();
    const auto ours = crypto::X25519KeyPair::generate();
    fake_listener(ours, encode(proof_of(listener_id_, theirs)));
    EXPECT_EQ(dialled_.error(), Errc::authentication_failed);
}

TEST_F(NoiseHandshake, AProofMadeByHandWorks) {
    const auto key = crypto::X25519KeyPair::generate();
    auto payload = proof_of(listener_id_, key);
    auto dial = [&]() -> awaitable<void> {
        dialled_ = co_await dialer_->secure(std::move(pair_.dialer), outbound());
        EXPECT_TRUE(dialled_);
    };
    auto listen = [&]() -> awaitable<void> {
        auto machine = HandshakeState::responder(key, crypto::X25519KeyPair::generate(), {});
        Bytes first(2 + 32);
        LIBP2P_CO_ASSERT_TRUE(co_await read_exactly(*pair_.listener, first));
        LIBP2P_CO_ASSERT_TRUE(machine.read_message(MutableByteView(first).subspan(2)));
        Bytes second(2);
        LIBP2P_CO_ASSERT_TRUE(machine.write_message(encode(payload), second));
        second[1] = static_cast<std::uint8_t>(second.size() - 2);
        LIBP2P_CO_ASSERT_TRUE(co_await write(*pair_.listener, second));
    };
    EXPECT_TRUE(run_both(context_, dial, listen));
}

TEST_F(NoiseHandshake, ASpoiltSignatureIsRefused) {
    const auto key = crypto::X25519KeyPair::generate();
    for (std::size_t at : {0U, 31U, 63U}) {
        connect();
        auto payload = proof_of(listener_id_, key);
        payload.identity_signature[at] ^= 1U;
        fake_listener(key, encode(payload));
        EXPECT_EQ(dialled_.error(), Errc::authentication_failed);
    }
    connect();
    auto payload = proof_of(listener_id_, key);
    payload.identity_signature.pop_back();
    fake_listener(key, encode(payload));
    EXPECT_EQ(dialled_.error(), Errc::authentication_failed);
}

TEST(VerifiedProofs, RememberOnlyWhatWasRight) {
    const auto identity = Identity::generate();
    const auto other = Identity::generate();
    const auto text = as_bytes("text");
    const auto signature = identity.sign(text);
    auto wrong = signature;
    wrong[3] ^= 1U;
    VerifiedProofs proofs;
    for (int i = 0; i < 200; ++i) {
        const auto number = std::to_string(i);
        const auto another = identity.sign(as_bytes(number));
        EXPECT_TRUE(proofs.verify(identity.public_key(), text, signature));
        EXPECT_FALSE(proofs.verify(identity.public_key(), text, wrong));
        EXPECT_FALSE(proofs.verify(other.public_key(), text, signature));
        EXPECT_FALSE(proofs.verify(identity.public_key(), as_bytes("texT"), signature));
        EXPECT_TRUE(proofs.verify(identity.public_key(), as_bytes(number), another));
    }
}

TEST_F(NoiseHandshake, AnIdentityKeyMustBeCanonical) {
    const auto key = crypto::X25519KeyPair::generate();
    auto payload = proof_of(listener_id_, key);
    payload.identity_key.insert(payload.identity_key.end(), {0x18, 0x01});  // an unknown field
    fake_listener(key, encode(payload));
    EXPECT_EQ(dialled_.error(), Errc::authentication_failed);
}

TEST_F(NoiseHandshake, PayloadsThatCannotBeReadAreRefused) {
    const auto key = crypto::X25519KeyPair::generate();
    const auto whole = encode(proof_of(listener_id_, key));
    for (std::size_t length : {std::size_t{0}, std::size_t{1}, whole.size() / 2, whole.size() - 1}) {
        connect();
        fake_listener(key, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
        EXPECT_EQ(dialled_.error(), Errc::authentication_failed);
    }
    connect();
    fake_listener(key, Bytes(3000, 0xff));
    EXPECT_EQ(dialled_.error(), Errc::authentication_failed);
}

TEST_F(NoiseHandshake, AMessageThatIsTooLongIsRefusedByItsLength) {
    for (auto length : {kMaxHandshakeMessage + 1, std::size_t{0xffff}}) {
        connect();
        const Bytes prefix{static_cast<std::uint8_t>(length / 256), static_cast<std::uint8_t>(length % 256)};
        auto dial = [&]() -> awaitable<void> { EXPECT_TRUE(co_await write(*pair_.dialer, prefix)); };
        auto listen = [&]() -> awaitable<void> {
            accepted_ = co_await listener_->secure(std::move(pair_.listener), inbound());
        };
        EXPECT_TRUE(run_both(context_, dial, listen));
        EXPECT_EQ(accepted_.error(), Errc::protocol_violation);
    }
}

TEST_F(NoiseHandshake, AMessageThatIsTooShortIsRefused) {
    for (std::uint8_t length : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{31}}) {  // a public key takes 32
        for (std::size_t more : {std::size_t{0}, 2 * kMaxHandshakeMessage}) {           // it does not wait for more
            connect();
            Bytes message(2U + length + more, 0x55);
            message[0] = 0;
            message[1] = length;
            auto dial = [&]() -> awaitable<void> { EXPECT_TRUE(co_await write(*pair_.dialer, message)); };
            auto listen = [&]() -> awaitable<void> {
                accepted_ = co_await listener_->secure(std::move(pair_.listener), inbound());
            };
            EXPECT_TRUE(run_both(context_, dial, listen)) << int{length};
            EXPECT_FALSE(accepted_) << int{length};
        }
    }
}

TEST_F(NoiseHandshake, AFirstMessageMayBeLongAndComeInPieces) {
    // What is in its payload is ignored.
    connect();
    pair_.dialer_meter->tamper = [first = true](Bytes& bytes) mutable {
        if (std::exchange(first, false)) {
            bytes.resize(2 + kMaxHandshakeMessage, 0x55);
            bytes[0] = static_cast<std::uint8_t>(kMaxHandshakeMessage / 256);
            bytes[1] = static_cast<std::uint8_t>(kMaxHandshakeMessage % 256);
        }
    };
    pair_.listener_meter->max_read = 100;
    ASSERT_TRUE(shake_hands());
    EXPECT_EQ(dialled_.error(), Errc::authentication_failed);  // the two did not say the same
}

TEST_F(NoiseHandshake, EveryMessageIsProtected) {
    for (int message = 1; message <= 3; ++message) {
        for (std::size_t at : {std::size_t{2}, std::size_t{20}, std::size_t{33}, libp2p::test::kNever}) {
            connect();
            auto spoil = [&, number = message == 3 ? 2 : 1, count = 0](Bytes& bytes) mutable {
                if (++count == number) {
                    bytes[std::min(at, bytes.size() - 1)] ^= 0x01U;
                }
            };
            auto& meter = message == 2 ? *pair_.listener_meter : *pair_.dialer_meter;
            meter.tamper = spoil;
            ASSERT_TRUE(shake_hands());
            if (message == 3) {
                EXPECT_EQ(accepted_.error(), Errc::authentication_failed);
            } else {
                EXPECT_EQ(dialled_.error(), Errc::authentication_failed);
                EXPECT_FALSE(accepted_);
            }
        }
    }
}

TEST_F(NoiseHandshake, ARepeatedMessageIsRefused) {
    Bytes first;
    pair_.dialer_meter->tamper = [&](Bytes& bytes) {
        if (first.empty()) {
            first = bytes;
        } else {
            bytes = first;
        }
    };
    ASSERT_TRUE(shake_hands());
    EXPECT_EQ(accepted_.error(), Errc::authentication_failed);
}

TEST_F(NoiseHandshake, GarbageIsRefused) {
    for (const auto* text : {"GET / HTTP/1.1\r\n", "\x16\x03\x01\x02\x00\x01", "\x13/multistream/1.0.0\n"}) {
        connect();
        auto dial = [&]() -> awaitable<void> {
            EXPECT_TRUE(co_await write(*pair_.dialer, as_bytes(text)));
            EXPECT_TRUE(co_await pair_.dialer->close_write());
        };
        auto listen = [&]() -> awaitable<void> {
            accepted_ = co_await listener_->secure(std::move(pair_.listener), inbound());
        };
        EXPECT_TRUE(run_both(context_, dial, listen));
        EXPECT_FALSE(accepted_);
    }
}

TEST_F(NoiseHandshake, AnAllZeroKeyIsRefused) {
    auto dial = [&]() -> awaitable<void> {
        Bytes first(2 + 32);
        first[1] = 32;
        EXPECT_TRUE(co_await write(*pair_.dialer, first));
    };
    auto listen = [&]() -> awaitable<void> {
        accepted_ = co_await listener_->secure(std::move(pair_.listener), inbound());
    };
    EXPECT_TRUE(run_both(context_, dial, listen));
    EXPECT_EQ(accepted_.error(), Errc::authentication_failed);
}

TEST_F(NoiseHandshake, PrologueMustBeTheSame) {
    auto dialer_options = outbound();
    auto listener_options = inbound();
    dialer_options.prologue = from_hex("0102");
    listener_options.prologue = from_hex("0102");
    ASSERT_TRUE(shake_hands(dialer_options, listener_options));
    expect_conversation();
    connect();
    listener_options.prologue = from_hex("0103");
    ASSERT_TRUE(shake_hands(dialer_options, listener_options));
    EXPECT_EQ(dialled_.error(), Errc::authentication_failed);
    EXPECT_FALSE(accepted_);
}

// --- early muxers ---

struct MuxerCase {
    std::string_view name;
    Names dialer;
    Names listener;
    std::optional<ProtocolId> agreed;  ///< nothing: the handshake fails
};

class EarlyMuxers : public NoiseHandshake, public testing::WithParamInterface<MuxerCase> {};

TEST_P(EarlyMuxers, AreAgreedOnAsTheDialerPrefers) {
    muxers_ = GetParam().dialer;
    listener_muxers_ = GetParam().listener;
    ASSERT_TRUE(shake_hands());
    if (GetParam().agreed) {
        expect_conversation();
        EXPECT_EQ((*dialled_)->early_muxer(), *GetParam().agreed);
        EXPECT_EQ((*accepted_)->early_muxer(), *GetParam().agreed);
    } else {
        EXPECT_EQ(dialled_.error(), Errc::no_common_protocol);
        EXPECT_FALSE(accepted_);
    }
}

INSTANTIATE_TEST_SUITE_P(
    All,
    EarlyMuxers,
    testing::Values(
        MuxerCase{"same", {"/y"}, {"/y"}, "/y"},
        MuxerCase{"order", {"/m", "/y"}, {"/y", "/m"}, "/m"},
        MuxerCase{"second", {"/q", "/y"}, {"/z", "/y"}, "/y"},
        MuxerCase{"none_here", {}, {"/y"}, ""},
        MuxerCase{"none_there", {"/y"}, {}, ""},
        MuxerCase{"none_at_all", {}, {}, ""},
        MuxerCase{"no_overlap", {"/y"}, {"/m"}, std::nullopt}
    ),
    [](const auto& parameter) { return std::string(parameter.param.name); }
);

// --- vectors ---

class Libp2pVectors : public NoiseHandshake, public testing::WithParamInterface<test::Libp2pVector> {};

TEST_P(Libp2pVectors, AreReproducedOctetForOctet) {
    const auto& vector = GetParam();
    const auto& keys = test::kVectors.front();
    dialer_id_ = identity_of(0xa1, vector.initiator_payload.substr(12, 64));
    listener_id_ = identity_of(0xb2, vector.responder_payload.substr(12, 64));
    EXPECT_EQ(dialer_id_.peer_id().to_string(), test::kInitiatorPeer);
    EXPECT_EQ(listener_id_.peer_id().to_string(), test::kResponderPeer);
    auto dialer = std::make_unique<NoiseProtocol>(dialer_id_, key_pair(keys.initiator_static));
    auto listener = std::make_unique<NoiseProtocol>(listener_id_, key_pair(keys.responder_static));
    dialer->use_next(key_pair(keys.initiator_ephemeral));
    listener->use_next(key_pair(keys.responder_ephemeral));
    dialer_ = std::move(dialer);
    listener_ = std::move(listener);
    muxers_ = vector.initiator_muxers;
    listener_muxers_ = vector.responder_muxers;
    std::vector<std::string> sent;
    auto record = [&](Bytes& bytes) { sent.push_back(to_hex(bytes)); };
    pair_.dialer_meter->tamper = record;
    pair_.listener_meter->tamper = record;
    ASSERT_TRUE(shake_hands());
    ASSERT_TRUE(dialled_) << dialled_.error();
    ASSERT_TRUE(accepted_) << accepted_.error();
    EXPECT_EQ((*dialled_)->early_muxer(), muxers_.empty() ? "" : "/yamux/1.0.0");
    auto talk = [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await write(**dialled_, as_bytes("hello from initiator")));
        Bytes into(20);
        EXPECT_TRUE(co_await read_exactly(**accepted_, into));
        EXPECT_EQ(as_text(into), "hello from initiator");
        EXPECT_TRUE(co_await write(**accepted_, as_bytes("hello from responder")));
        EXPECT_TRUE(co_await read_exactly(**dialled_, into));
        EXPECT_EQ(as_text(into), "hello from responder");
    };
    EXPECT_TRUE(run(context_, talk));
    ASSERT_EQ(sent.size(), 5U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(sent[i], vector.handshake[i]);
    }
    EXPECT_EQ(sent[3], vector.transport[0]);
    EXPECT_EQ(sent[4], vector.transport[1]);
}

INSTANTIATE_TEST_SUITE_P(All, Libp2pVectors, testing::ValuesIn(test::kLibp2pVectors), [](const auto& parameter) {
    return std::string(parameter.param.name);
});

TEST(Libp2pVectorKeys, AreThoseOfTheHandshake) {
    for (const auto& vector : test::kLibp2pVectors) {
        const auto& keys = test::kVectors.front();
        const auto ours = key_pair(keys.initiator_static);
        const auto theirs = key_pair(keys.responder_static);
        auto initiator = HandshakeState::initiator(ours, key_pair(keys.initiator_ephemeral), {});
        auto responder = HandshakeState::responder(theirs, key_pair(keys.responder_ephemeral), {});
        const std::string_view payloads[] = {"", vector.responder_payload, vector.initiator_payload};
        for (std::size_t i = 0; i < 3; ++i) {
            Bytes message;
            ASSERT_TRUE((i == 1 ? responder : initiator).write_message(from_hex(payloads[i]), message));
            EXPECT_EQ(to_hex(message), vector.handshake[i].substr(4));
            auto payload = (i == 1 ? initiator : responder).read_message(message);
            ASSERT_TRUE(payload);
            EXPECT_EQ(to_hex(*payload), payloads[i]);
        }
        EXPECT_EQ(to_hex(initiator.session_keys().handshake_hash), vector.handshake_hash);
        EXPECT_EQ(to_hex(initiator.session_keys().send.view()), vector.initiator_key);
        EXPECT_EQ(to_hex(responder.session_keys().send.view()), vector.responder_key);
    }
}

// --- faults ---

TEST_F(NoiseHandshake, FailsAtEveryStep) {
    for (bool fail_dialer : {true, false}) {
        for (std::size_t at = 0;; ++at) {
            connect();
            auto meter = fail_dialer ? pair_.dialer_meter : pair_.listener_meter;
            meter->fail_at = at;
            ASSERT_TRUE(shake_hands()) << "hangs at " << at;
            if (meter->operations <= at) {
                EXPECT_TRUE(dialled_);
                EXPECT_TRUE(accepted_);
                break;
            }
            EXPECT_FALSE(accepted_) << at;
            dialled_ = Errc::shut_down;
            EXPECT_FALSE(pair_.dialer_meter->alive);
            EXPECT_FALSE(pair_.listener_meter->alive);
        }
    }
}

TEST_F(NoiseHandshake, CanBeCancelledAtEveryStep) {
    for (const bool cancel_dialer : {true, false}) {
        for (std::size_t steps = 0;; ++steps) {
            connect();
            bool unwound = false;
            // The other side is done as soon as its end is.
            auto other = [&]() -> awaitable<void> {
                if (cancel_dialer) {
                    accepted_ = co_await listener_->secure(std::move(pair_.listener), inbound());
                } else {
                    dialled_ = co_await dialer_->secure(std::move(pair_.dialer), outbound());
                }
            };
            bool other_done = false;
            asio::co_spawn(context_, other, [&](const std::exception_ptr&) { other_done = true; });
            Secured mine = Errc::shut_down;
            auto task = [&]() -> awaitable<void> {
                if (cancel_dialer) {
                    mine = co_await dialer_->secure(std::move(pair_.dialer), outbound());
                } else {
                    mine = co_await listener_->secure(std::move(pair_.listener), inbound());
                }
            };
            const bool cancelled = cancel_after(context_, steps, task, unwound);
            EXPECT_TRUE(unwound);
            EXPECT_TRUE(other_done);
            if (!cancelled) {
                EXPECT_TRUE(mine);
                break;
            }
        }
    }
}

TEST_F(NoiseHandshake, EveryCutOfTheStreamIsTheSame) {
    for (std::size_t max_read : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{31}, std::size_t{34}}) {
        connect();
        pair_.dialer_meter->max_read = max_read;
        pair_.listener_meter->max_read = max_read;
        ASSERT_TRUE(shake_hands());
        expect_conversation();
    }
}

TEST_F(NoiseHandshake, AnEndInTheHandshakeIsAnError) {
    auto dial = [&]() -> awaitable<void> { EXPECT_TRUE(co_await pair_.dialer->close_write()); };
    auto listen = [&]() -> awaitable<void> {
        accepted_ = co_await listener_->secure(std::move(pair_.listener), inbound());
    };
    EXPECT_TRUE(run_both(context_, dial, listen));
    EXPECT_EQ(accepted_.error(), kEof);
}

// --- the whole upgrade ---

/// What the upgrader does with one security protocol, then one octet there and back.
class Upgrade : public NoiseHandshake {
protected:
    static awaitable<void> echo(ByteStream& stream) {
        Bytes octet(1);
        EXPECT_TRUE(co_await read_exactly(stream, octet));
        EXPECT_TRUE(co_await write(stream, octet));
    }

    awaitable<void> dial(bool lazy_muxer) {
        auto raw = negotiate_lazily(std::move(pair_.dialer), "/noise");
        auto secured = co_await dialer_->secure(std::move(raw), outbound());
        LIBP2P_CO_ASSERT_TRUE(secured);
        auto channel = std::move(*secured);
        if (lazy_muxer) {
            EXPECT_EQ(channel->early_muxer(), "");
            channel = negotiate_lazily(std::move(channel), "/yamux/1.0.0");
        }
        EXPECT_EQ(channel->remote_peer(), listener_id_.peer_id());
        EXPECT_TRUE(co_await write(*channel, as_bytes("x")));
        auto chunk = co_await channel->read_chunk();
        LIBP2P_CO_ASSERT_TRUE(chunk);
        EXPECT_EQ(as_text(*chunk), "x");
        dialled_ = std::move(channel);
    }

    awaitable<void> listen(bool lazy_muxer) {
        const Names security{"/noise"};
        const Names muxers{"/yamux/1.0.0"};
        EXPECT_TRUE(co_await negotiate_inbound(*pair_.listener, security));
        auto secured = co_await listener_->secure(std::move(pair_.listener), inbound());
        LIBP2P_CO_ASSERT_TRUE(secured);
        if (lazy_muxer) {
            EXPECT_TRUE(co_await negotiate_inbound(**secured, muxers));
        }
        co_await echo(**secured);
        accepted_ = std::move(*secured);
    }
};

TEST_F(Upgrade, AnOctetIsBackTwoRoundTripsAfterTheConnectionStands) {
    ASSERT_TRUE(run_both(context_, [&] { return dial(false); }, [&] { return listen(false); }));
    EXPECT_EQ(pair_.dialer_meter->time, 4U);  // half round trips; TCP has taken two before
    EXPECT_LE(pair_.dialer_meter->writes, 3U);
    EXPECT_LE(pair_.listener_meter->writes, 3U);
}

TEST_F(Upgrade, ALazyMuxerCostsNoRoundTrip) {
    listener_muxers_.clear();
    ASSERT_TRUE(run_both(context_, [&] { return dial(true); }, [&] { return listen(true); }));
    EXPECT_EQ(pair_.dialer_meter->time, 4U);
    EXPECT_LE(pair_.dialer_meter->writes, 3U);
    EXPECT_LE(pair_.listener_meter->writes, 4U);
}

TEST_F(Upgrade, WorksOctetByOctet) {
    pair_.dialer_meter->max_read = 1;
    pair_.listener_meter->max_read = 1;
    listener_muxers_.clear();
    ASSERT_TRUE(run_both(context_, [&] { return dial(true); }, [&] { return listen(true); }));
}

TEST_F(Upgrade, ARefusedSecurityProtocolIsNamed) {
    auto dial = [&]() -> awaitable<void> {
        auto raw = negotiate_lazily(std::move(pair_.dialer), "/noise");
        dialled_ = co_await dialer_->secure(std::move(raw), outbound());
    };
    auto listen = [&]() -> awaitable<void> {
        const Names security{"/tls/1.0.0"};
        auto agreed = co_await negotiate_inbound(*pair_.listener, security);
        EXPECT_EQ(agreed.error(), Errc::no_common_protocol);
        EXPECT_TRUE(co_await pair_.listener->close_write());
        pair_.listener.reset();
    };
    ASSERT_TRUE(run_both(context_, dial, listen));
    EXPECT_EQ(dialled_.error(), Errc::no_common_protocol);
}

}  // namespace
}  // namespace libp2p::noise
