// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/dns/resolve_multiaddr.hpp"

#include "tests/unit/libp2p/dns/dns_server.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace libp2p::dns {
namespace {

using namespace std::chrono_literals;
using test::DnsMessage;
using test::DnsQuestion;
using test::DnsServer;

using Texts = std::vector<std::string>;

constexpr auto kAlice = "/p2p/12D3KooWB1b3qZxWJanuhtseF3DmPggHCtG36KZ9ixkqHtdKH9fh";
constexpr auto kBob = "/p2p/12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq";

class ResolveTest : public testing::Test {
protected:
    /// What `address` becomes, as text.
    result<Texts> resolve_text(std::string_view address, std::size_t limit = 100) {
        DnsServer server(io_, [this](const DnsQuestion& question) { return answer(question); });
        Resolver resolver(io_.get_executor(), 30s, server.address());  // long: nothing is asked twice
        result<Texts> texts = Errc::shut_down;
        auto parsed = Multiaddr::parse(address).value();
        auto body = [&]() -> awaitable<void> {
            auto found = co_await resolve(resolver, parsed, limit);
            if (!found) {
                texts = found.error();
                co_return;
            }
            Texts list;
            for (const auto& one : *found) {
                list.push_back(one.to_string());
            }
            texts = std::move(list);
        };
        test::run(io_, body());
        asked_ = server.asked();
        return texts;
    }

    std::vector<Bytes> answer(const DnsQuestion& question) {
        DnsMessage message(question.message);
        const auto texts = texts_.find(question.name);
        const auto host = hosts_.find(question.name);
        if (question.type == DnsMessage::kTxt && texts != texts_.end()) {
            for (const auto& text : texts->second) {
                message.txt(text);
            }
            if (message.bytes().size() > 512 && !question.is_tcp) {
                return {DnsMessage(question.message).truncated().bytes()};
            }
        } else if (question.type == DnsMessage::kA && host != hosts_.end()) {
            message.a(host->second);
        } else if (question.type == DnsMessage::kAaaa && host != hosts_.end()) {
            message.aaaa(host->second);
        } else if (host == hosts_.end()) {
            message.error(3);
        }
        return {message.bytes()};
    }

    asio::io_context io_{1};
    std::map<std::string, Texts> texts_;
    std::map<std::string, std::uint8_t> hosts_{{"a.test", 1}, {"b.test", 2}};
    Texts asked_;
};

TEST_F(ResolveTest, LeavesAddressesWithoutANameAsTheyAre) {
    for (const auto* text :
         {"/ip4/127.0.0.1/tcp/1",
          "/memory/7",
          "/ip6/::1/udp/1/quic-v1",
          "/ip4/127.0.0.1/tcp/1/p2p-circuit/dns4/a.test/tcp/2",
          "/ip4/127.0.0.1/tcp/1/tls/sni/a.test/ws"}) {
        EXPECT_EQ(resolve_text(text).value(), (Texts{text}));
        EXPECT_TRUE(asked_.empty());
        EXPECT_FALSE(has_name(Multiaddr::parse(text).value()));
    }
}

TEST_F(ResolveTest, ReplacesANameByItsAddressesAndKeepsTheRest) {
    EXPECT_EQ(resolve_text("/dns4/a.test/tcp/1").value(), (Texts{"/ip4/192.0.2.1/tcp/1"}));
    EXPECT_EQ(resolve_text("/dns6/a.test/udp/1/quic-v1").value(), (Texts{"/ip6/2001:db8::1/udp/1/quic-v1"}));
    auto both = resolve_text("/dns/a.test/tcp/1/ws").value();
    EXPECT_EQ(
        std::set<std::string>(both.begin(), both.end()),
        (std::set<std::string>{"/ip4/192.0.2.1/tcp/1/ws", "/ip6/2001:db8::1/tcp/1/ws"})
    );
    EXPECT_EQ(
        resolve_text(std::string("/dns4/a.test/tcp/1") + kAlice).value(),
        (Texts{std::string("/ip4/192.0.2.1/tcp/1") + kAlice})
    );
    EXPECT_EQ(
        resolve_text(std::string("/dns4/a.test/tcp/1") + kAlice + "/p2p-circuit" + kBob).value(),
        (Texts{std::string("/ip4/192.0.2.1/tcp/1") + kAlice + "/p2p-circuit" + kBob})
    );
}

TEST_F(ResolveTest, KeepsTheNameThatTlsHasToKnow) {
    const std::pair<std::string, std::string> cases[] = {
        {"/wss", "/tls/sni/a.test/ws"},
        {"/tls/ws", "/tls/sni/a.test/ws"},
        {"/tls/sni/b.test/ws", "/tls/sni/b.test/ws"},
        {"/wss/http-path/x", "/tls/sni/a.test/ws/http-path/x"},
        {std::string("/wss") + kAlice + "/p2p-circuit" + kBob,
         std::string("/tls/sni/a.test/ws") + kAlice + "/p2p-circuit" + kBob},
        {"/ws/p2p-circuit/ip4/127.0.0.1/tcp/1/wss", "/ws/p2p-circuit/ip4/127.0.0.1/tcp/1/wss"},
    };
    for (const auto& [behind_port, kept] : cases) {
        EXPECT_EQ(resolve_text("/dns4/a.test/tcp/443" + behind_port).value(), (Texts{"/ip4/192.0.2.1/tcp/443" + kept}));
    }
}

TEST_F(ResolveTest, TellsWhyANameCannotBeResolved) {
    EXPECT_EQ(resolve_text("/dns4/nobody.test/tcp/1").error(), make_error_code(asio::error::host_not_found));
    EXPECT_EQ(resolve_text("/dnsaddr/nobody.test").error(), make_error_code(asio::error::host_not_found));
}

TEST_F(ResolveTest, ReadsTheRecordsOfADnsaddr) {
    texts_["_dnsaddr.net.test"] = {
        std::string("dnsaddr=/ip4/198.51.100.1/tcp/1") + kAlice,
        "dnsaddr=/ip6/2001:db8::9/tcp/2",
        "something else",
        "dnsaddr=nonsense",
        "dnsaddr=",
        "DNSADDR=/ip4/198.51.100.2/tcp/1",
        std::string("dnsaddr=/dns4/a.test/tcp/3") + kBob
    };
    EXPECT_EQ(
        resolve_text("/dnsaddr/net.test").value(),
        (Texts{
            std::string("/ip4/198.51.100.1/tcp/1") + kAlice,
            "/ip6/2001:db8::9/tcp/2",
            std::string("/ip4/192.0.2.1/tcp/3") + kBob
        })
    );
}

TEST_F(ResolveTest, KeepsOnlyRecordsThatEndInWhatFollows) {
    texts_["_dnsaddr.net.test"] = {
        std::string("dnsaddr=/ip4/198.51.100.1/tcp/1") + kAlice,
        std::string("dnsaddr=/ip4/198.51.100.2/tcp/1") + kBob,
        std::string("dnsaddr=") + kAlice,
        "dnsaddr=/ip4/198.51.100.3/tcp/1"
    };
    EXPECT_EQ(
        resolve_text(std::string("/dnsaddr/net.test") + kBob).value(),
        (Texts{std::string("/ip4/198.51.100.2/tcp/1") + kBob})
    );
    texts_["_dnsaddr.net.test"].erase(texts_["_dnsaddr.net.test"].begin() + 1);
    auto none = resolve_text(std::string("/dnsaddr/net.test") + kBob);
    EXPECT_EQ(none.error(), Errc::no_addresses);
    EXPECT_NE(none.error().detail().find("net.test"), std::string_view::npos);
}

TEST_F(ResolveTest, FollowsDnsaddrFourTimesAndNoMore) {
    for (int i = 0; i < 10; ++i) {
        texts_["_dnsaddr.n" + std::to_string(i) + ".test"] = {"dnsaddr=/dnsaddr/n" + std::to_string(i + 1) + ".test"};
    }
    texts_["_dnsaddr.n3.test"] = {"dnsaddr=/dns4/a.test/tcp/1"};
    EXPECT_EQ(resolve_text("/dnsaddr/n0.test").value(), (Texts{"/ip4/192.0.2.1/tcp/1"}));
    texts_["_dnsaddr.n3.test"] = {"dnsaddr=/dnsaddr/n4.test"};
    texts_["_dnsaddr.n4.test"] = {"dnsaddr=/ip4/198.51.100.1/tcp/1"};
    auto deep = resolve_text("/dnsaddr/n0.test");
    ASSERT_FALSE(deep);
    EXPECT_EQ(deep.error(), Errc::no_addresses);
    EXPECT_EQ(asked_.size(), 4u);
}

TEST_F(ResolveTest, ACircleOfDnsaddrsEnds) {
    texts_["_dnsaddr.a.test"] = {
        "dnsaddr=/dnsaddr/a.test", "dnsaddr=/dnsaddr/a.test", "dnsaddr=/ip4/198.51.100.1/tcp/1"
    };
    auto found = resolve_text("/dnsaddr/a.test");
    EXPECT_EQ(found.value(), (Texts{"/ip4/198.51.100.1/tcp/1"})) << "each address once";
    EXPECT_LE(asked_.size(), 15u);
}

TEST_F(ResolveTest, BoundsAddressesAndQuestionsOverall) {
    Texts& fan = texts_["_dnsaddr.fan.test"];
    for (int i = 0; i < 90; ++i) {
        fan.push_back("dnsaddr=/dnsaddr/fan.test");
    }
    auto nothing = resolve_text("/dnsaddr/fan.test");
    EXPECT_FALSE(nothing);
    EXPECT_LE(asked_.size(), 2 * 101u) << "each over UDP, then TCP";
    fan.clear();
    for (int i = 0; i < 99; ++i) {
        fan.push_back("dnsaddr=/ip4/198.51.100.1/tcp/" + std::to_string(i + 1));
    }
    for (std::size_t limit : {std::size_t{1}, std::size_t{98}, std::size_t{99}, std::size_t{100}}) {
        EXPECT_EQ(resolve_text("/dnsaddr/fan.test", limit)->size(), std::min<std::size_t>(limit, 99)) << limit;
    }
    EXPECT_FALSE(resolve_text("/dnsaddr/fan.test", 0));
}

TEST_F(ResolveTest, OneNameThatFailsDoesNotSpoilTheOthers) {
    texts_["_dnsaddr.net.test"] = {
        "dnsaddr=/dns4/nobody.test/tcp/1", "dnsaddr=/dns4/b.test/tcp/1", "dnsaddr=/dnsaddr/nobody.test"
    };
    EXPECT_EQ(resolve_text("/dnsaddr/net.test").value(), (Texts{"/ip4/192.0.2.2/tcp/1"}));
}

TEST_F(ResolveTest, FindsLocalhostWithoutAServer) {
    EXPECT_EQ(resolve_text("/dns4/localhost/tcp/4001").value(), (Texts{"/ip4/127.0.0.1/tcp/4001"}));
    EXPECT_TRUE(asked_.empty());
}

}  // namespace
}  // namespace libp2p::dns
