// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/multiaddr.hpp"

#include "tests/unit/hex.hpp"

#include <libp2p/keys.hpp>

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <unordered_set>

namespace libp2p {
namespace {

using tests::hex;
using tests::unhex;

struct TextAndBytes {
    const char* text;
    const char* octets;
};

constexpr TextAndBytes kTextAndBytes[] = {
#include "tests/unit/libp2p/vectors/multiaddr_text_and_bytes.inc"
};

constexpr const char* kGood[] = {
#include "tests/unit/libp2p/vectors/multiaddr_good.inc"
};

constexpr const char* kBad[] = {
#include "tests/unit/libp2p/vectors/multiaddr_bad.inc"
};

struct Decapsulation {
    const char* address;
    const char* inner;
    const char* left;
};

constexpr Decapsulation kDecapsulations[] = {
#include "tests/unit/libp2p/vectors/multiaddr_decapsulate.inc"
};

constexpr const char* kPeer = "12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV";
constexpr const char* kOtherPeer = "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC";

Multiaddr address(std::string_view text) {
    auto parsed = Multiaddr::parse(text);
    EXPECT_TRUE(parsed) << text << ": " << parsed.error();
    return std::move(parsed).value();
}

/// Why `text` is no address; empty when it is one.
std::string problem(std::string_view text) {
    const auto parsed = Multiaddr::parse(text);
    EXPECT_TRUE(parsed || parsed.error() == Errc::invalid_address);
    return parsed ? "" : std::string(parsed.error().detail());
}

std::string problem_of_bytes(std::string_view octets) {
    const auto read = Multiaddr::from_bytes(unhex(octets));
    EXPECT_TRUE(read || read.error() == Errc::invalid_address);
    return read ? "" : std::string(read.error().detail());
}

std::string text_or_empty(const std::optional<Multiaddr>& found) {
    return found ? found->to_string() : "";
}

TEST(Multiaddr, FollowsTheVectorsOfTextAndOctets) {
    ASSERT_EQ(std::size(kTextAndBytes), 49U);
    for (const auto& vector : kTextAndBytes) {
        const auto parsed = Multiaddr::parse(vector.text);
        ASSERT_TRUE(parsed) << parsed.error();
        EXPECT_EQ(hex(parsed->bytes()), vector.octets) << vector.text;
        const auto read = Multiaddr::from_bytes(unhex(vector.octets));
        ASSERT_TRUE(read) << read.error();
        EXPECT_EQ(read->to_string(), vector.text);
        EXPECT_EQ(*read, *parsed);
    }
}

TEST(Multiaddr, ReadsEverythingThatGoReadsAndGivesItBack) {
    // Texts that change on the way, and into what.
    const std::map<std::string, std::string> spelled{
        {"k2k4r8oqamigqdo6o7hsbfwd45y70oyynp98usk7zmyfrzpqxh1pohl7", kOtherPeer},
        {"bafzbeigvf25ytwc3akrijfecaotc74udrhcxzh2cx3we5qqnw5vgrei4bm", kOtherPeer},
        {"k51qzi5uqu5dhb6l8spkdx7yxafegfkee5by8h7lmjh2ehc2sgg34z7c15vzqs", kPeer},
        {"bafzaajaiaejcalj543iwv2d7pkjt7ykvefrkfu7qjfi6sduakhso4lay6abn2d5u", kPeer},
        {"/ipfs/", "/p2p/"},
        {"/certhash/b2uaraocy6yrdblb4sfptaddgimjmmpy", "/certhash/u1QEQOFj2IjCsPJFfMAxmQxLGPw"},
        {"/certhash/zQmbWTwYGcmdyK9CYfNBcfs9nhZs17a6FQ4Y8oea278xx41",
         "/certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g"},
        {"oertzuqzwassw", "oertzuqzwassu"},  // the last character holds a bit too many
    };
    for (const auto* text : kGood) {
        auto expected = std::string(text);
        while (expected.ends_with('/')) {
            expected.pop_back();
        }
        for (const auto& [from, to] : spelled) {
            if (const auto at = expected.find(from); at != std::string::npos) {
                expected.replace(at, from.size(), to);
            }
        }
        const auto parsed = Multiaddr::parse(text);
        ASSERT_TRUE(parsed) << text << ": " << parsed.error();
        const auto printed = parsed->to_string();
        EXPECT_EQ(printed, expected);
        EXPECT_EQ(Multiaddr::parse(printed).value(), *parsed);
        EXPECT_EQ(Multiaddr::from_bytes(parsed->bytes()).value(), *parsed);
    }
}

TEST(Multiaddr, RefusesEverythingThatGoAndRustRefuse) {
    for (const auto* text : kBad) {
        EXPECT_NE(problem(text), "") << text;
    }
}

TEST(Multiaddr, RefusesOctetsThatAreNoAddress) {
    for (const auto* octets :
         {"",
          "04",
          "047f0000",
          "a503",
          "a50300",
          "0604",
          "ffffffffffffffff7f",
          "ffffffffffffffffff7f",
          "8400",
          "84007f000001",
          "047f000001ff",
          "047f00000106",
          "05",
          "00",
          "80",
          "29",
          "0909"}) {
        EXPECT_NE(problem_of_bytes(octets), "") << octets;
    }
}

TEST(Multiaddr, RefusesValuesThatTextCouldNotHold) {
    EXPECT_NE(problem_of_bytes("3500"), "");        // dns: empty
    EXPECT_NE(problem_of_bytes("3503612f62"), "");  // dns: a slash
    EXPECT_NE(
        problem_of_bytes("35036100"
                         "62"),
        ""
    );                                            // dns: a zero
    EXPECT_NE(problem_of_bytes("3502610a"), "");  // dns: a new line
    EXPECT_NE(problem_of_bytes("3502617f"), "");
    EXPECT_NE(problem_of_bytes("3502c280"), "");  // dns: a control character of two octets
    EXPECT_NE(problem_of_bytes("3501ff"), "");    // dns: not UTF-8
    EXPECT_NE(problem_of_bytes("3502c0af"), "");  // a slash in a long form
    EXPECT_NE(problem_of_bytes("3503e080af"), "");
    EXPECT_NE(problem_of_bytes("3503eda080"), "");    // a surrogate
    EXPECT_NE(problem_of_bytes("3504f4908080"), "");  // past the last character
    EXPECT_NE(problem_of_bytes("3502c3"), "");        // cut
    EXPECT_EQ(problem_of_bytes("3502c3a4"), "");
    EXPECT_EQ(problem_of_bytes("3504f09f9880"), "");
    EXPECT_NE(problem_of_bytes("2a00"), "");  // ip6zone: empty
    EXPECT_NE(
        problem_of_bytes("2a01"
                         "2f"),
        ""
    );                                                  // ip6zone: a slash
    EXPECT_NE(problem_of_bytes("e10300"), "");          // http-path: empty
    EXPECT_EQ(problem_of_bytes("e103020aff"), "");      // http-path: any octets
    EXPECT_NE(problem_of_bytes("d20300"), "");          // certhash: empty
    EXPECT_NE(problem_of_bytes("d203031202aa"), "");    // certhash: cut
    EXPECT_NE(problem_of_bytes("d203041201aaaa"), "");  // certhash: goes on
    EXPECT_NE(
        problem_of_bytes("bc03"
                         "10c0439831b4821848000000"),
        ""
    );  // onion: port 0
    EXPECT_NE(problem_of_bytes("bf031f" + std::string(62, 'a')), "");
    EXPECT_NE(problem_of_bytes("bf0321" + std::string(66, 'a')), "");
    EXPECT_NE(problem_of_bytes("be038103" + std::string(2 * 385, 'a')), "");
    EXPECT_EQ(problem_of_bytes("be038203" + std::string(2 * 386, 'a')), "");
    EXPECT_NE(problem_of_bytes("90030161"), "");      // unix: no slash in front
    EXPECT_NE(problem_of_bytes("9003012f"), "");      // unix: nothing but a slash
    EXPECT_NE(problem_of_bytes("9003032f612f"), "");  // unix: a slash at the end
    EXPECT_EQ(problem_of_bytes("9003022f61"), "");
    EXPECT_NE(
        problem_of_bytes("9003022f61"
                         "dd03"),
        ""
    );  // unix: something behind it
    EXPECT_NE(
        problem_of_bytes("a50302"
                         "1200"),
        ""
    );  // p2p: a digest of no octets
}

TEST(Multiaddr, RefusesLengthsInALongForm) {
    EXPECT_NE(
        problem_of_bytes("35820061"
                         "62"),
        ""
    );
    EXPECT_NE(
        problem_of_bytes("8400"
                         "7f000001"),
        ""
    );
    EXPECT_NE(problem_of_bytes("35ffffffffffffffff7f"), "");
}

TEST(Multiaddr, RefusesEveryBeginningThatEndsInsideOfAComponent) {
    for (const auto& vector : kTextAndBytes) {
        const auto whole = Multiaddr::parse(vector.text).value();
        std::unordered_set<std::size_t> boundaries;
        std::size_t at = 0;
        for (const auto& component : whole.components()) {
            boundaries.insert(at += component.bytes().size());
        }
        for (std::size_t size = 0; size < whole.bytes().size(); ++size) {
            EXPECT_EQ(Multiaddr::from_bytes(whole.bytes().first(size)).has_value(), boundaries.contains(size))
                << vector.text << " " << size;
        }
    }
}

TEST(Multiaddr, NormalisesItsText) {
    const std::pair<const char*, const char*> spellings[] = {
        {"/ip4/1.2.3.4/", "/ip4/1.2.3.4"},
        {"/ip4/1.2.3.4///", "/ip4/1.2.3.4"},
        {"/ip6/2001:0DB8:0:0:0:0:0:1", "/ip6/2001:db8::1"},
        {"/ip6/::ffff:102:304", "/ip6/::ffff:1.2.3.4"},
        {"/tcp/0080", "/tcp/80"},
        {"/onion/AAIMAQ4YGG2IEGCI:80", "/onion/aaimaq4ygg2iegci:80"},
        {"/http-path/%41%2f", "/http-path/A%2F"},
        {"/http-path/a+b%20c%2Bd", "/http-path/a%20b%20c%2Bd"},
        {"/http-path/~user-_.", "/http-path/~user-_."},
        {"/unix//a//b/", "/unix//a//b"},
        {"/certhash/f1201aa", "/certhash/uEgGq"},
        {"/memory/18446744073709551615", "/memory/18446744073709551615"},
        {"/ipcidr/255", "/ipcidr/255"},
    };
    for (const auto& [from, to] : spellings) {
        EXPECT_EQ(address(from).to_string(), to);
    }
}

TEST(Multiaddr, ReadsNumbersOfPlainDigitsOnly) {
    for (const auto* text : {"/tcp/65535", "/udp/0", "/memory/0", "/memory/18446744073709551615", "/ipcidr/0"}) {
        EXPECT_EQ(problem(text), "") << text;
    }
    for (const auto* text :
         {"/tcp/65536",
          "/tcp/-1",
          "/tcp/+1",
          "/tcp/ 1",
          "/tcp/1 ",
          "/tcp/0x10",
          "/tcp/1.0",
          "/tcp/1e3",
          "/tcp/",
          "/tcp/99999999999999999999999",
          "/memory/18446744073709551616",
          "/memory/-1",
          "/ipcidr/256",
          "/udp/65536"}) {
        EXPECT_NE(problem(text), "") << text;
    }
}

TEST(Multiaddr, ReadsStrictIpAddresses) {
    for (const auto* text :
         {"/ip4/1.2.3",
          "/ip4/1.2.3.4.5",
          "/ip4/256.1.1.1",
          "/ip4/01.2.3.4",
          "/ip4/1.2.3.4 ",
          "/ip4/0x1.2.3.4",
          "/ip4/1",
          "/ip4/::ffff:1.2.3.4",
          "/ip6/1.2.3.4",
          "/ip6/fe80::1%eth0",
          "/ip6/1::2::3",
          "/ip6/:1",
          "/ip6/12345::",
          "/ip6/[::1]",
          "/ip6/::g"}) {
        EXPECT_NE(problem(text), "") << text;
    }
    EXPECT_NE(problem(std::string_view("/ip4/1.2.3.4\0x", 14)), "");
    EXPECT_NE(problem(std::string_view("/dns/a\0b", 8)), "");
}

TEST(Multiaddr, RefusesEmptyComponents) {
    for (const auto* text :
         {"//",
          "//ip4/1.2.3.4",
          "/ip4/1.2.3.4//tcp/1",
          "/dns4//tcp/1",
          "ip4/1.2.3.4",
          "x",
          " /ip4/1.2.3.4",
          "/ip4/1.2.3.4\n"}) {
        EXPECT_NE(problem(text), "") << text;
    }
}

TEST(Multiaddr, SaysWhatIsWrongAndWhere) {
    EXPECT_EQ(
        problem("/ip4/1.2.3.400/tcp/1"),
        "'/ip4/1.2.3.400/tcp/1', at character 6: ip4: '1.2.3.400' is not an IPv4 address"
    );
    EXPECT_EQ(problem("/ip4/1.2.3.4/tpc/1"), "'/ip4/1.2.3.4/tpc/1', at character 14: no protocol is called 'tpc'");
    EXPECT_EQ(problem("/tcp"), "'/tcp', at character 5: tcp: the value is missing");
    EXPECT_EQ(problem("/tcp/99999"), "'/tcp/99999', at character 6: tcp: '99999' is more than 65535");
    EXPECT_EQ(problem("/\x1b[31m"), "'/\\x1b[31m', at character 2: no protocol is called '\\x1b[31m'");
}

TEST(Multiaddr, BoundsTheText) {
    EXPECT_EQ(problem("/dns/a" + std::string(kMaxMultiaddrTextSize - 6, '/')), "");
    const auto longer = problem("/dns/a" + std::string(kMaxMultiaddrTextSize - 5, '/'));
    EXPECT_NE(longer.find("more than 4096 characters"), std::string::npos) << longer;
}

TEST(Multiaddr, BoundsTheOctetsWithoutThePeer) {
    // Code, two octets of length, value.
    const auto largest = "/dns/" + std::string(kMaxMultiaddrSize - 3, 'a');
    EXPECT_EQ(address(largest).bytes().size(), kMaxMultiaddrSize);
    EXPECT_NE(problem(largest + "a").find("more than 1024 octets"), std::string::npos);
    EXPECT_NE(problem(largest + "/ws").find("more than 1024 octets"), std::string::npos);
    const auto with_peer = largest + "/p2p/" + kPeer;
    EXPECT_EQ(problem(with_peer), "");
    EXPECT_EQ(Multiaddr::from_bytes(address(with_peer).bytes()).value().to_string(), with_peer);
    EXPECT_NE(problem(with_peer + "/ws").find("more than 1024 octets"), std::string::npos);
    EXPECT_NE(problem(with_peer + "/p2p/" + kPeer).find("more than 1024 octets"), std::string::npos);

    const auto whole = address(largest);
    Bytes octets(whole.bytes().begin(), whole.bytes().end());
    octets.insert(octets.end(), {0xdd, 0x03});
    EXPECT_EQ(Multiaddr::from_bytes(octets).error(), Errc::invalid_address);
    EXPECT_EQ(Multiaddr::from_bytes(Bytes(100'000, 4)).error(), Errc::invalid_address);
}

TEST(Multiaddr, BoundsTheComponentsWithoutThePeer) {
    std::string most;
    for (std::size_t i = 0; i < kMaxMultiaddrComponents; ++i) {
        most += "/ws";
    }
    EXPECT_EQ(address(most).components().size(), kMaxMultiaddrComponents);
    EXPECT_NE(problem(most + "/ws").find("more than 32 components"), std::string::npos);
    EXPECT_EQ(problem(most + "/p2p/" + kPeer), "");
    EXPECT_NE(problem(most + "/p2p/" + kPeer + "/ws").find("more than 32 components"), std::string::npos);
    const auto whole = address(most).with_peer(PeerId::parse(kPeer).value());
    EXPECT_EQ(Multiaddr::from_bytes(whole.bytes()).value(), whole);
    EXPECT_EQ(Multiaddr::parse(whole.to_string()).value(), whole);
}

TEST(Multiaddr, GivesTheLongestTextBackThatOctetsCanMake) {
    Bytes octets{0xe1, 0x03, 0xfc, 0x07};
    octets.resize(kMaxMultiaddrSize, 0xff);
    const auto longest = Multiaddr::from_bytes(octets);
    ASSERT_TRUE(longest) << longest.error();
    EXPECT_EQ(
        Multiaddr::parse(longest->with_peer(PeerId::parse(kPeer).value()).to_string()).value().without_peer().value(),
        *longest
    );
}

TEST(Multiaddr, GoesThroughItsComponents) {
    const auto whole = address("/ip4/127.0.0.1/udp/1234/quic-v1/p2p/" + std::string(kPeer));
    std::vector<std::string> names;
    std::vector<std::string> values;
    Bytes joined;
    for (const auto& component : whole.components()) {
        names.emplace_back(component.name());
        values.push_back(component.value_text());
        joined.insert(joined.end(), component.bytes().begin(), component.bytes().end());
    }
    EXPECT_EQ(names, (std::vector<std::string>{"ip4", "udp", "quic-v1", "p2p"}));
    EXPECT_EQ(values, (std::vector<std::string>{"127.0.0.1", "1234", "", kPeer}));
    EXPECT_EQ(hex(joined), hex(whole.bytes()));
    auto component = whole.components().begin();
    EXPECT_EQ(component->protocol(), Protocol::ip4);
    EXPECT_EQ(hex(component->value()), "7f000001");
    component++;
    EXPECT_EQ(hex(component->value()), "04d2");
    ++component;
    EXPECT_TRUE(component->value().empty());
    EXPECT_EQ(++ ++component, whole.components().end());
}

TEST(Multiaddr, LendsItsComponentsForALoopOverATemporary) {
    std::string names;
    for (const auto& component : address("/ip4/1.2.3.4/tcp/5").components()) {
        names += component.name();
    }
    EXPECT_EQ(names, "ip4tcp");
}

TEST(Multiaddr, FindsTheFirstComponentOfAProtocol) {
    const auto whole = address("/ip4/1.2.3.4/tcp/5/ip4/6.7.8.9/tcp/10/ws");
    EXPECT_TRUE(whole.has(Protocol::tcp));
    EXPECT_FALSE(whole.has(Protocol::wss));
    EXPECT_EQ(whole.value_of(Protocol::ip4), "1.2.3.4");
    EXPECT_EQ(whole.value_of(Protocol::tcp), "5");
    EXPECT_EQ(whole.value_of(Protocol::ws), "");
    EXPECT_EQ(whole.value_of(Protocol::udp), std::nullopt);
    EXPECT_EQ(hex(whole.find(Protocol::tcp)->value()), "0005");
    EXPECT_FALSE(whole.find(Protocol::udp));
}

TEST(Multiaddr, ComparesByComponentsNotByText) {
    const auto wss = address("/ip4/1.2.3.4/tcp/5/wss");
    EXPECT_TRUE(wss.starts_with(address("/ip4/1.2.3.4")));
    EXPECT_TRUE(wss.starts_with(address("/ip4/1.2.3.4/tcp/5")));
    EXPECT_TRUE(wss.starts_with(wss));
    EXPECT_FALSE(wss.starts_with(address("/ip4/1.2.3.4/tcp/5/ws")));
    EXPECT_FALSE(wss.starts_with(address("/ip4/1.2.3.4/tcp/5/wss/ws")));
    EXPECT_FALSE(wss.starts_with(address("/tcp/5")));
    EXPECT_FALSE(address("/dns/ab").starts_with(address("/dns/a")));
}

TEST(Multiaddr, Encapsulates) {
    const auto outer = address("/ip4/1.2.3.4/tcp/5");
    const auto joined = outer.encapsulate(address("/ws"));
    ASSERT_TRUE(joined);
    EXPECT_EQ(joined->to_string(), "/ip4/1.2.3.4/tcp/5/ws");
    EXPECT_EQ(joined->decapsulate(address("/ws")), outer);
    EXPECT_EQ(address("/unix/a").encapsulate(address("/ws")).error(), Errc::invalid_address);
    EXPECT_EQ(address("/ws").encapsulate(address("/unix/a")).value().to_string(), "/ws/unix/a");
    auto grown = address("/ws");
    for (std::size_t i = 1; i < kMaxMultiaddrComponents; ++i) {
        grown = grown.encapsulate(address("/ws")).value();
    }
    EXPECT_EQ(grown.encapsulate(address("/ws")).error(), Errc::invalid_address);
}

TEST(Multiaddr, DecapsulatesAsGoDoes) {
    ASSERT_EQ(std::size(kDecapsulations), 11U);
    for (const auto& vector : kDecapsulations) {
        EXPECT_EQ(text_or_empty(address(vector.address).decapsulate(address(vector.inner))), vector.left)
            << vector.address << " " << vector.inner;
    }
}

TEST(Multiaddr, DecapsulatesAtTheLastPlace) {
    const auto whole = address("/ip4/1.2.3.4/tcp/5/ip4/1.2.3.4/tcp/6");
    EXPECT_EQ(text_or_empty(whole.decapsulate(address("/ip4/1.2.3.4"))), "/ip4/1.2.3.4/tcp/5");
    EXPECT_EQ(text_or_empty(whole.decapsulate(address("/ip4/1.2.3.4/tcp/5"))), "");
    EXPECT_EQ(whole.decapsulate(whole), std::nullopt);
    EXPECT_EQ(text_or_empty(whole.decapsulate(address("/tcp/5/ip4/1.2.3.4"))), "/ip4/1.2.3.4");
    // Octets that look like a component inside of a value are none.
    EXPECT_EQ(
        text_or_empty(address("/ip4/1.2.6.4/tcp/1540").decapsulate(address("/tcp/1030"))), "/ip4/1.2.6.4/tcp/1540"
    );
}

TEST(Multiaddr, NamesThePeerAtItsEnd) {
    const auto peer = PeerId::parse(kPeer).value();
    const auto other = PeerId::parse(kOtherPeer).value();
    const auto bare = address("/ip4/1.2.3.4/tcp/5");
    EXPECT_EQ(bare.peer(), std::nullopt);
    EXPECT_EQ(bare.without_peer(), bare);
    const auto named = bare.with_peer(peer);
    EXPECT_EQ(named.to_string(), "/ip4/1.2.3.4/tcp/5/p2p/" + std::string(kPeer));
    EXPECT_EQ(named.peer(), peer);
    EXPECT_EQ(named.without_peer(), bare);
    EXPECT_EQ(named.with_peer(peer), named);
    EXPECT_EQ(named.with_peer(other), bare.with_peer(other));
    EXPECT_EQ(bare.with_peer(other).peer(), other);

    const auto relayed = address("/ip4/1.2.3.4/tcp/5/p2p/" + std::string(kPeer) + "/p2p-circuit");
    EXPECT_EQ(relayed.peer(), std::nullopt);
    EXPECT_EQ(relayed.without_peer(), relayed);
    EXPECT_EQ(relayed.with_peer(other).peer(), other);
    EXPECT_EQ(relayed.with_peer(other).without_peer(), relayed);

    const auto only = address("/p2p/" + std::string(kPeer));
    EXPECT_EQ(only.peer(), peer);
    EXPECT_EQ(only.without_peer(), std::nullopt);
    EXPECT_EQ(only.with_peer(other).to_string(), "/p2p/" + std::string(kOtherPeer));
    EXPECT_EQ(address("/unix/a").with_peer(peer), address("/unix/a"));
}

TEST(Multiaddr, IsAValueThatIsComparedAndHashedByItsOctets) {
    const auto a = address("/ip4/1.2.3.4/tcp/5");
    const auto b = address("/ip4/1.2.3.4/tcp/6");
    EXPECT_NE(a, b);
    EXPECT_LT(a, b);
    EXPECT_GT(address("/udp/1"), a);
    auto copy = a;
    EXPECT_EQ(copy, a);
    EXPECT_EQ(copy.bytes().data(), a.bytes().data());  // copies share
    const auto moved = std::move(copy);
    EXPECT_EQ(copy, a);  // NOLINT(bugprone-use-after-move): an address stays one
    EXPECT_EQ(moved, a);
    copy = b;
    EXPECT_EQ(a.to_string(), "/ip4/1.2.3.4/tcp/5");
    const std::unordered_set<Multiaddr> set{a, b, address("/ip4/1.2.3.4/tcp/0005")};
    EXPECT_EQ(set.size(), 2U);
    std::ostringstream out;
    out << a;
    EXPECT_EQ(out.str(), "/ip4/1.2.3.4/tcp/5");
}

TEST(Explain, NamesEachComponentOfARightAddress) {
    const auto rows = explain("/ip4/127.0.0.1/tcp/0080/ws/ipfs/" + std::string(kPeer) + "/");
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_EQ(rows[0].protocol, "ip4");
    EXPECT_EQ(rows[0].value, "127.0.0.1");
    EXPECT_EQ(rows[0].offset, 0U);
    EXPECT_EQ(rows[1].protocol, "tcp");
    EXPECT_EQ(rows[1].value, "80");
    EXPECT_EQ(rows[1].offset, 14U);
    EXPECT_EQ(rows[2].protocol, "ws");
    EXPECT_EQ(rows[2].value, "");
    EXPECT_EQ(rows[3].protocol, "ipfs");
    EXPECT_EQ(rows[3].value, kPeer);
    for (const auto& row : rows) {
        EXPECT_EQ(row.problem, "");
    }
}

TEST(Explain, EndsAtTheFirstComponentThatIsWrong) {
    const auto rows = explain("/ip4/127.0.0.1/tcp/99999/ws");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].problem, "");
    EXPECT_EQ(rows[1].protocol, "tcp");
    EXPECT_EQ(rows[1].value, "99999");
    EXPECT_EQ(rows[1].problem, "'99999' is more than 65535");
    EXPECT_EQ(rows[1].problem_offset, 19U);
}

TEST(Explain, AgreesWithParse) {
    for (const auto* text : kBad) {
        const auto rows = explain(text);
        ASSERT_FALSE(rows.empty());
        for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
            EXPECT_EQ(rows[i].problem, "") << text;
        }
        EXPECT_NE(rows.back().problem, "") << text;
        EXPECT_LE(rows.back().problem_offset, std::string_view(text).size());
    }
    for (const auto* text : kGood) {
        const auto whole = address(text);
        const auto rows = explain(text);
        ASSERT_EQ(rows.size(), whole.components().size()) << text;
        std::size_t i = 0;
        for (const auto& component : whole.components()) {
            EXPECT_EQ(rows[i].problem, "");
            EXPECT_EQ(rows[i++].value, component.value_text());
        }
    }
}

TEST(Explain, HasSomethingToSayAboutNothing) {
    for (const auto* text : {"", "/", "////"}) {
        const auto rows = explain(text);
        ASSERT_EQ(rows.size(), 1U);
        EXPECT_EQ(rows[0].problem, "an address without components");
    }
    EXPECT_EQ(explain("ip4").at(0).problem, "an address starts with a slash");
    EXPECT_NE(explain(std::string(kMaxMultiaddrTextSize + 1, '/')).at(0).problem, "");
}

}  // namespace
}  // namespace libp2p
