// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/error.hpp>
#include <libp2p/keys.hpp>

#include <filesystem>

namespace libp2p {

/// Reads the key file that `save_identity`, or another libp2p implementation, wrote: the protobuf message `PrivateKey`
/// and nothing else. Fails with the system's error when the file cannot be read, and with `Errc::invalid_key` when it
/// is no regular file, is longer than `kMaxPrivateKeySize`, or holds no key; the message names the file. A file that
/// the group or others may read, write or run is read all the same, with a warning in the log (subsystem "key_file").
result<Identity> load_identity(const std::filesystem::path& file);

/// What `save_identity` does when the file exists.
enum class ExistingFile {
    refuse,   ///< fail with `Errc::already_exists`: a lost key is a lost peer id
    replace,  ///< put the new key in its place, in one step
};

/// Writes the private key to `file`, readable by its owner alone (mode 0600). The file appears in one step: it is
/// written under another name in the same folder, brought to the disk, then given its name; whatever happens, `file`
/// holds the old content or the new one. Fails with the system's error or `Errc::already_exists`, and then leaves
/// nothing behind.
result<void> save_identity(
    const Identity& identity, const std::filesystem::path& file, ExistingFile existing = ExistingFile::refuse
);

}  // namespace libp2p
