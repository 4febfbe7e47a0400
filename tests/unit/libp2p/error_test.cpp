// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/error.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace libp2p {
namespace {

namespace asio = boost::asio;

constexpr int kFirst = static_cast<int>(Errc::invalid_address);
constexpr int kLast = static_cast<int>(Errc::limited_connection);

TEST(Error, EveryCodeHasItsOwnWords) {
    std::set<std::string> texts;
    for (int value = kFirst; value <= kLast; ++value) {
        const auto text = make_error_code(static_cast<Errc>(value)).message();
        EXPECT_FALSE(text.empty());
        EXPECT_EQ(text.find("unlisted"), std::string::npos) << text;
        EXPECT_TRUE(texts.insert(text).second) << text << " stands for two codes";
    }
    EXPECT_EQ(texts.size(), static_cast<std::size_t>(kLast));
}

TEST(Error, ANumberThatIsNoCodeHasWordsToo) {
    const error_code unlisted(4711, libp2p_category());
    EXPECT_EQ(unlisted.message(), "unlisted libp2p error 4711");
    EXPECT_EQ(
        make_error_code(static_cast<Errc>(kLast + 1)).message(), "unlisted libp2p error " + std::to_string(kLast + 1)
    );
}

TEST(Error, OurCodesAreFailuresOfOurCategory) {
    const error_code code = Errc::shut_down;
    EXPECT_TRUE(code.failed());
    EXPECT_STREQ(code.category().name(), "libp2p");
    EXPECT_EQ(code, make_error_code(Errc::shut_down));
    EXPECT_NE(code, make_error_code(Errc::gated));
}

TEST(Error, TheDefaultIsNoError) {
    const Error error;
    EXPECT_FALSE(error.code().failed());
    EXPECT_TRUE(error.detail().empty());
    EXPECT_TRUE(error.causes().empty());
}

TEST(Error, ForeignCodesKeepTheirCategory) {
    const Error error(asio::error::make_error_code(asio::error::connection_refused));
    EXPECT_EQ(error.code().category(), boost::system::system_category());
    EXPECT_TRUE(error == asio::error::make_error_code(asio::error::connection_refused));
    EXPECT_FALSE(error == Errc::refused_by_remote);
}

TEST(Error, TheMessageIsTheCodesWordsAndThenTheDetail) {
    EXPECT_EQ(Error(Errc::shut_down).message(), "shut down");
    EXPECT_EQ(Error(Errc::shut_down, "listener /memory/1").message(), "shut down: listener /memory/1");
    std::ostringstream out;
    out << Error(Errc::shut_down, "listener /memory/1");
    EXPECT_EQ(out.str(), "shut down: listener /memory/1");
}

TEST(Error, ContextGoesInFrontOfTheDetail) {
    const Error bare = Errc::shut_down;
    const auto once = bare.with_context("accepting");
    const auto twice = once.with_context("serving");
    EXPECT_EQ(once.detail(), "accepting");
    EXPECT_EQ(twice.detail(), "serving: accepting");
    EXPECT_TRUE(bare.detail().empty());
    EXPECT_TRUE(twice == Errc::shut_down);
}

TEST(Error, ContextKeepsTheCauses) {
    std::vector<Error::Cause> causes{{"/memory/1", Errc::gated}, {"/memory/2", Error(Errc::peer_mismatch, "other")}};
    const Error error(Errc::dial_failed, "two addresses", std::move(causes));
    const auto wrapped = error.with_context("connect");
    ASSERT_EQ(wrapped.causes().size(), 2U);
    EXPECT_EQ(wrapped.causes()[0].subject, "/memory/1");
    EXPECT_TRUE(wrapped.causes()[0].error == Errc::gated);
    EXPECT_EQ(wrapped.causes()[1].error.detail(), "other");
}

TEST(Error, EqualityLooksAtTheCodeAlone) {
    EXPECT_TRUE(Error(Errc::gated, "here") == Error(Errc::gated, "there"));
    EXPECT_FALSE(Error(Errc::gated) == Error(Errc::shut_down));
    EXPECT_TRUE(Error(Errc::gated, "here") == make_error_code(Errc::gated));
}

TEST(Error, CopiesShareTheirDetails) {
    const Error error(Errc::gated, "a detail that is longer than any small string");
    const auto copy = error;  // NOLINT(performance-unnecessary-copy-initialization): what is tested
    EXPECT_EQ(copy.detail().data(), error.detail().data());
}

TEST(Result, HoldsAValueOrAnError) {
    const result<int> value = 5;
    const result<int> coded = Errc::gated;
    const result<int> foreign = asio::error::make_error_code(asio::error::eof);
    const result<int> worded = Error(Errc::gated, "by name");
    EXPECT_TRUE(value.has_value());
    EXPECT_TRUE(coded.error() == Errc::gated);
    EXPECT_TRUE(foreign.error() == asio::error::make_error_code(asio::error::eof));
    EXPECT_EQ(worded.error().detail(), "by name");
    EXPECT_TRUE(ok().has_value());
}

TEST(Result, ItsValueThrowsASystemErrorWithCodeAndWords) {
    const result<int> failed = Error(Errc::limit_exceeded, "peer: streams");
    try {
        (void)failed.value();
        FAIL() << "nothing was thrown";
    } catch (const boost::system::system_error& error) {
        EXPECT_EQ(error.code(), make_error_code(Errc::limit_exceeded));
        EXPECT_NE(std::string(error.what()).find("peer: streams"), std::string::npos);
    }
}

TEST(Error, ThrowsWithoutThePlaceThatACodeCarries) {
    static constexpr boost::source_location kPlace = BOOST_CURRENT_LOCATION;
    const error_code code(ECONNREFUSED, boost::system::system_category(), &kPlace);
    const result<int> refused = Error(code, "/ip4/127.0.0.1/tcp/1");
    try {
        (void)refused.value();
        FAIL() << "nothing was thrown";
    } catch (const boost::system::system_error& error) {
        EXPECT_EQ(error.code(), code);
        EXPECT_STREQ(error.what(), "/ip4/127.0.0.1/tcp/1: Connection refused [system:111]");
    }
}

}  // namespace
}  // namespace libp2p
