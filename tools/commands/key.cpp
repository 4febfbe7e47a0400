// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/commands/commands.hpp"
#include "tools/options.hpp"

#include <libp2p/key_file.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <memory>

namespace libp2p::tools {
namespace {

struct KeyOptions {
    CommonOptions common;
    std::string type = "ed25519";
    bool force = false;
};

void print_key(const CommonOptions& options, const Identity& identity) {
    const auto peer = identity.peer_id().to_string();
    const auto type = to_string(identity.public_key().type());
    nlohmann::ordered_json json;
    json["peer"] = peer;
    json["type"] = type;
    Output(options.json).print(json, peer + " (" + std::string(type) + ")");
}

int make_key(const KeyOptions& options) {
    const auto type = key_type_of(options.type);
    if (!type) {
        return kWrongUsage;  // the parser lets none through
    }
    const auto identity = Identity::generate(*type);
    const auto existing = options.force ? ExistingFile::replace : ExistingFile::refuse;
    auto saved = save_identity(identity, options.common.key_file, existing);
    if (!saved && saved.error() == Errc::already_exists) {
        return fail(options.common, saved.error().with_context("use --force to replace the key"));
    }
    if (!saved) {
        return fail(options.common, saved.error());
    }
    print_key(options.common, identity);
    return kSuccess;
}

int show_key(const KeyOptions& options) {
    auto identity = identity_for(options.common);
    if (!identity) {
        return fail(options.common, identity.error());
    }
    print_key(options.common, *identity);
    return kSuccess;
}

}  // namespace

void add_key_command(CLI::App& program, Action& chosen) {
    auto options = std::make_shared<KeyOptions>();
    auto* key = program.add_subcommand("key", "Make and show identity keys");
    key->require_subcommand(1);

    auto* make = key->add_subcommand("new", "Make a key, write it to FILE (mode 0600) and print its peer id");
    make->add_option("FILE", options->common.key_file, "File to write")->required()->type_name(" ");
    make->add_option("--type", options->type, "Type of the key (default ed25519)")
        ->check(CLI::IsMember({"ed25519", "secp256k1", "ecdsa", "rsa"}))
        ->type_name("TYPE");
    make->add_flag("--force", options->force, "Replace the key that FILE holds");
    add_json_option(*make, options->common);
    make->callback([options, &chosen] { chosen = [options] { return make_key(*options); }; });

    auto* show = key->add_subcommand("show", "Print the peer id of the key in FILE");
    show->add_option("FILE", options->common.key_file, "A key file of any libp2p implementation")
        ->required()
        ->type_name(" ");
    add_json_option(*show, options->common);
    show->callback([options, &chosen] { chosen = [options] { return show_key(*options); }; });
}

}  // namespace libp2p::tools
