// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/key_file.hpp"

#include "tests/unit/hex.hpp"

#include <libp2p/log.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace libp2p {
namespace {

namespace fs = std::filesystem;

const error_code kMissing(ENOENT, boost::system::system_category());

class KeyFile : public testing::Test {
protected:
    KeyFile() {
        std::string name = (fs::temp_directory_path() / "libp2p-key-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~KeyFile() override {
        fs::permissions(folder_, fs::perms::owner_all);
        fs::remove_all(folder_);
    }

    fs::path path(std::string_view name = "key") const { return folder_ / name; }

    void write(std::string_view content, std::string_view name = "key") const {
        std::ofstream(path(name), std::ios::binary) << content;
    }

    std::string read(std::string_view name = "key") const {
        std::ifstream in(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    std::size_t files() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
    }

    fs::path folder_;
};

TEST_F(KeyFile, KeepsAnIdentityOfEveryType) {
    for (const auto type : {KeyType::ed25519, KeyType::secp256k1, KeyType::ecdsa, KeyType::rsa}) {
        const auto identity = Identity::generate(type);
        const auto name = to_string(type);
        ASSERT_TRUE(save_identity(identity, path(name)));
        const auto loaded = load_identity(path(name));
        ASSERT_TRUE(loaded) << loaded.error();
        EXPECT_EQ(loaded->peer_id(), identity.peer_id());
        EXPECT_EQ(
            tests::hex(loaded->private_key().encode().view()), tests::hex(identity.private_key().encode().view())
        );
    }
    EXPECT_EQ(files(), 4U);
}

TEST_F(KeyFile, HoldsTheProtobufMessageAndNothingElse) {
    const auto identity = Identity::generate();
    ASSERT_TRUE(save_identity(identity, path()));
    EXPECT_EQ(tests::hex(as_bytes(read())), tests::hex(identity.private_key().encode().view()));
}

TEST_F(KeyFile, IsForItsOwnerAloneWhateverTheUmask) {
    for (const mode_t mask : {0U, 0777U}) {
        const auto before = ::umask(mask);
        const auto saved = save_identity(Identity::generate(), path(std::to_string(mask)));
        ::umask(before);
        ASSERT_TRUE(saved) << saved.error();
        struct stat status = {};
        ASSERT_EQ(::stat(path(std::to_string(mask)).c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 07777U, 0600U);
    }
}

TEST_F(KeyFile, DoesNotReplaceAKeyUnlessTold) {
    const auto first = Identity::generate();
    ASSERT_TRUE(save_identity(first, path()));
    const auto refused = save_identity(Identity::generate(), path());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Errc::already_exists);
    EXPECT_NE(refused.error().detail().find(path().string()), std::string_view::npos);
    EXPECT_EQ(load_identity(path()).value().peer_id(), first.peer_id());
    EXPECT_EQ(files(), 1U);
}

TEST_F(KeyFile, ReplacesAKeyInOneStep) {
    ASSERT_TRUE(save_identity(Identity::generate(), path()));
    const fs::path other = path("other");
    fs::create_hard_link(path(), other);  // shows that the old file was not written to
    const auto old = read();
    const auto second = Identity::generate();
    ASSERT_TRUE(save_identity(second, path(), ExistingFile::replace));
    EXPECT_EQ(load_identity(path()).value().peer_id(), second.peer_id());
    EXPECT_EQ(read("other"), old);
    EXPECT_EQ(files(), 2U);
    ASSERT_TRUE(save_identity(second, path("new"), ExistingFile::replace));
}

TEST_F(KeyFile, LeavesNothingBehindWhenItCannotBeWritten) {
    fs::create_directory(path("folder"));
    write("x", "folder/inside");
    const auto onto_folder = save_identity(Identity::generate(), path("folder"), ExistingFile::replace);
    ASSERT_FALSE(onto_folder);
    EXPECT_EQ(files(), 1U);
    const auto nowhere = save_identity(Identity::generate(), path("missing/key"));
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error(), kMissing);
    EXPECT_NE(nowhere.error().message().find("missing/key"), std::string::npos);
    EXPECT_EQ(files(), 1U);
}

TEST_F(KeyFile, IsSavedInTheCurrentFolderByABareName) {
    const auto before = fs::current_path();
    fs::current_path(folder_);
    const auto saved = save_identity(Identity::generate(), "bare");
    fs::current_path(before);
    EXPECT_TRUE(saved) << saved.error();
    EXPECT_TRUE(load_identity(path("bare")));
}

TEST_F(KeyFile, SaysWhichFileCannotBeReadAndWhy) {
    const auto missing = load_identity(path("missing"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error(), kMissing);
    EXPECT_NE(missing.error().message().find("missing"), std::string::npos);

    for (const auto* content : {"", "hello", "-----BEGIN PRIVATE KEY-----\n"}) {
        write(content);
        const auto loaded = load_identity(path());
        ASSERT_FALSE(loaded) << content;
        EXPECT_EQ(loaded.error(), Errc::invalid_key);
        EXPECT_NE(loaded.error().message().find(path().string()), std::string::npos);
    }
}

TEST_F(KeyFile, RefusesWhatIsNoRegularFile) {
    EXPECT_EQ(load_identity(folder_).error(), Errc::invalid_key);
    EXPECT_EQ(load_identity("/dev/zero").error(), Errc::invalid_key);
    ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
    EXPECT_EQ(load_identity(path("pipe")).error(), Errc::invalid_key);
}

TEST_F(KeyFile, RefusesAFileThatIsTooLong) {
    write(std::string(kMaxPrivateKeySize, '\0'));
    EXPECT_EQ(load_identity(path()).error().message().find("longer"), std::string::npos);
    write(std::string(kMaxPrivateKeySize + 1, '\0'));
    const auto loaded = load_identity(path());
    EXPECT_EQ(loaded.error(), Errc::invalid_key);
    EXPECT_NE(loaded.error().message().find("longer than a private key can be, 4800 octets"), std::string::npos);
}

TEST_F(KeyFile, FollowsALinkWhenItReads) {
    const auto identity = Identity::generate();
    ASSERT_TRUE(save_identity(identity, path()));
    fs::create_symlink(path(), path("link"));
    EXPECT_EQ(load_identity(path("link")).value().peer_id(), identity.peer_id());
}

TEST_F(KeyFile, WarnsOfAFileThatOthersMayUse) {
    ASSERT_TRUE(save_identity(Identity::generate(), path()));
    std::vector<std::string> lines;
    set_log_sink([&](const LogEvent& event) { lines.push_back(to_line(event)); });
    const auto loaded_with = [&](mode_t mode) {
        EXPECT_EQ(::chmod(path().c_str(), mode), 0);
        lines.clear();
        EXPECT_TRUE(load_identity(path()));
        return lines;
    };
    for (const mode_t mode : {0600U, 0400U, 0700U}) {
        EXPECT_EQ(loaded_with(mode), std::vector<std::string>()) << mode;
    }
    for (const auto& [mode, text] : {std::pair(0644U, "0644"), {0640U, "0640"}, {0604U, "0604"}, {0620U, "0620"}}) {
        const auto warnings = loaded_with(mode);
        EXPECT_EQ(warnings.size(), 1U) << text;
        const auto line = warnings.empty() ? std::string() : warnings.front();
        EXPECT_NE(line.find(" warning key_file open_to_others file=" + path().string()), std::string::npos) << line;
        EXPECT_NE(line.find(std::string(" mode=") + text), std::string::npos) << line;
    }
    set_log_sink({});
}

TEST_F(KeyFile, DoesNotWarnOfAFileThatHoldsNoKey) {
    write("no key");
    ASSERT_EQ(::chmod(path().c_str(), 0644), 0);
    int warnings = 0;
    set_log_sink([&](const LogEvent&) { ++warnings; });
    EXPECT_FALSE(load_identity(path()));
    set_log_sink({});
    EXPECT_EQ(warnings, 0);
}

}  // namespace
}  // namespace libp2p
