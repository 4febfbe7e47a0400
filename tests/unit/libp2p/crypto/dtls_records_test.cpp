// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/dtls_records.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace libp2p::crypto {
namespace {

constexpr std::size_t kSize = 1191;

class DtlsRecordsTest : public testing::Test {
protected:
    DtlsRecordsTest() { std::iota(packet_.begin(), packet_.end(), std::uint8_t{0}); }

    Bytes seal(DtlsRecords& from, std::uint8_t type = DtlsRecords::kApplicationData) {
        Bytes record(packet_.size() + DtlsRecords::kOverhead);
        record.resize(from.seal(type, packet_, record));
        return record;
    }

    static std::optional<Bytes> open(DtlsRecords& by, ByteView record) {
        Bytes out(record.size());
        auto size = by.open(record, out);
        if (!size) {
            return std::nullopt;
        }
        out.resize(*size);
        return out;
    }

    static std::array<std::uint8_t, DtlsRecords::kKeyBlockSize> keys() {
        std::array<std::uint8_t, DtlsRecords::kKeyBlockSize> block{};
        std::iota(block.begin(), block.end(), std::uint8_t{100});
        return block;
    }

    Bytes packet_ = Bytes(kSize);
    DtlsRecords client_{keys(), true};
    DtlsRecords server_{keys(), false};
};

TEST_F(DtlsRecordsTest, WhatOneSealsTheOtherOpens) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(open(server_, seal(client_)), packet_);
        EXPECT_EQ(open(client_, seal(server_)), packet_);
    }
    EXPECT_FALSE(open(client_, seal(client_))) << "the keys of the two directions differ";
}

TEST_F(DtlsRecordsTest, ARecordHasTheFormOfDtls) {
    auto record = seal(client_);
    EXPECT_EQ(record.size(), kSize + DtlsRecords::kOverhead);
    const Bytes head(record.begin(), record.begin() + 13);
    EXPECT_EQ(head, (Bytes{23, 0xfe, 0xfd, 0, 1, 0, 1, 0, 0, 0, 0, 4, 0xbf}));
    EXPECT_TRUE(DtlsRecords::is_ours(record));
    record[0] = DtlsRecords::kAlert;
    EXPECT_FALSE(DtlsRecords::is_ours(record));
    record[0] = DtlsRecords::kApplicationData;
    record[4] = 2;
    EXPECT_FALSE(DtlsRecords::is_ours(record)) << "another epoch";
    EXPECT_FALSE(DtlsRecords::is_ours({record.data(), 12}));
}

TEST_F(DtlsRecordsTest, EveryChangedOctetIsNoticed) {
    const auto record = seal(client_);
    for (std::size_t i = 0; i < record.size(); ++i) {
        auto forged = record;
        forged[i] ^= 1;
        if (DtlsRecords::is_ours(forged)) {
            EXPECT_FALSE(open(server_, forged)) << "octet " << i;
        }
    }
    EXPECT_TRUE(open(server_, record)) << "what was forged has spoilt the number";
}

TEST_F(DtlsRecordsTest, CutRecordsAreDropped) {
    const auto record = seal(client_);
    for (std::size_t size = DtlsRecords::kHeaderSize; size < record.size(); ++size) {
        EXPECT_FALSE(open(server_, {record.data(), size})) << size;
    }
}

TEST_F(DtlsRecordsTest, ARecordCountsOnceInWhateverOrder) {
    std::vector<Bytes> records;
    for (int i = 0; i < 100; ++i) {
        records.push_back(seal(client_));
    }
    for (auto at = records.rbegin(); at != records.rend(); ++at) {
        EXPECT_TRUE(open(server_, *at));
    }
    for (const auto& record : records) {
        EXPECT_FALSE(open(server_, record));
    }
}

TEST_F(DtlsRecordsTest, WhatIsTooOldIsDropped) {
    const auto old = seal(client_);
    auto last = old;
    for (std::size_t i = 0; i < DtlsRecords::kReplayWindow; ++i) {
        last = seal(client_);
    }
    EXPECT_TRUE(open(server_, last));
    EXPECT_FALSE(open(server_, old));
}

TEST_F(DtlsRecordsTest, GapsLeaveTheirNumbersFree) {
    std::vector<Bytes> records;
    for (int i = 0; i < 3000; ++i) {
        records.push_back(seal(client_));
    }
    EXPECT_TRUE(open(server_, records[0]));
    EXPECT_TRUE(open(server_, records[1500]));
    EXPECT_TRUE(open(server_, records[2100]));
    EXPECT_TRUE(open(server_, records[1501]));
    EXPECT_TRUE(open(server_, records[2099]));
    EXPECT_FALSE(open(server_, records[1500]));
    EXPECT_FALSE(open(server_, records[2100]));
}

TEST_F(DtlsRecordsTest, TwoRecordsMayShareADatagram) {
    auto datagram = seal(client_);
    const auto second = seal(client_);
    datagram.insert(datagram.end(), second.begin(), second.end());
    ByteView rest = datagram;
    Bytes out(datagram.size());
    EXPECT_EQ(server_.open(rest, out), kSize);
    EXPECT_EQ(rest.size(), second.size());
    EXPECT_EQ(server_.open(rest, out), kSize);
    EXPECT_TRUE(rest.empty());
}

}  // namespace
}  // namespace libp2p::crypto
