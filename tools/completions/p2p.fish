# SPDX-License-Identifier: MIT OR Apache-2.0
# fish completion for p2p

set -l commands key listen relay ping identify perf echo connect streams addr cert
set -l hosts listen relay ping identify perf echo connect streams

complete -c p2p -f
complete -c p2p -n "not __fish_seen_subcommand_from $commands" -l help -d "Explain the program"
complete -c p2p -n "not __fish_seen_subcommand_from $commands" -l version -d "Print the version"
complete -c p2p -n "not __fish_seen_subcommand_from $commands" -a key -d "Make and show identity keys"
complete -c p2p -n "not __fish_seen_subcommand_from $commands" -a listen -d "Be a peer"
complete -c p2p -n "not __fish_seen_subcommand_from $commands" -a relay -d "Relay for others"
complete -c p2p -n "not __fish_seen_subcommand_from $commands" -a ping -d "Measure round trips"
complete -c p2p -n "not __fish_seen_subcommand_from $commands" -a identify -d "Show what a peer tells of itself"
complete -c p2p -n "not __fish_seen_subcommand_from $commands" -a perf -d "Measure throughput"
complete -c p2p -n "not __fish_seen_subcommand_from $commands" -a echo -d "Copy stdin through a peer to stdout"
complete -c p2p -n "not __fish_seen_subcommand_from $commands" -a connect -d "Measure connection set-up"
complete -c p2p -n "not __fish_seen_subcommand_from $commands" -a streams -d "Measure streams"
complete -c p2p -n "not __fish_seen_subcommand_from $commands" -a addr -d "Explain an address"
complete -c p2p -n "not __fish_seen_subcommand_from $commands" -a cert -d "Show the WebRTC certificate of a key"

complete -c p2p -n "__fish_seen_subcommand_from $commands" -l json -d "One JSON object a line on stdout"
complete -c p2p -n "__fish_seen_subcommand_from $commands" -l help -d "Explain the command"
complete -c p2p -n "__fish_seen_subcommand_from $hosts cert" -l key -r -F -d "Be the peer whose key is in FILE"
complete -c p2p -n "__fish_seen_subcommand_from $hosts" -l log -x -a "trace debug info warning error" -d "Log levels, to stderr"
complete -c p2p -n "__fish_seen_subcommand_from $hosts" -l timeout -x -d "Give up after so many silent seconds"
complete -c p2p -n "__fish_seen_subcommand_from $hosts" -l security -x -a noise -d "Security protocol"
complete -c p2p -n "__fish_seen_subcommand_from $hosts" -l muxer -x -a yamux -d "Stream multiplexer"
complete -c p2p -n "__fish_seen_subcommand_from $hosts" -l stun -x -d "STUN server for private WebRTC"
complete -c p2p -n "__fish_seen_subcommand_from $hosts" -l turn -x -d "TURN server for private WebRTC"
complete -c p2p -n "__fish_seen_subcommand_from $hosts" -l loopback -d "Private WebRTC within this machine, too"
complete -c p2p -n "__fish_seen_subcommand_from $hosts" -l no-gso -d "Send and receive UDP datagrams one by one"
complete -c p2p -n "__fish_seen_subcommand_from $hosts" -l webrtc-version -x -a "1 2" -d "WebRTC-Direct version to dial with"

complete -c p2p -n "__fish_seen_subcommand_from key; and not __fish_seen_subcommand_from new show" -a "new show"
complete -c p2p -n "__fish_seen_subcommand_from new show" -F
complete -c p2p -n "__fish_seen_subcommand_from new" -l type -x -a "ed25519 secp256k1 ecdsa rsa" -d "Kind of key"
complete -c p2p -n "__fish_seen_subcommand_from new" -l force -d "Replace the key that is there"
complete -c p2p -n "__fish_seen_subcommand_from listen relay cert" -l listen -x -d "Where to, may be repeated"
complete -c p2p -n "__fish_seen_subcommand_from relay" -l config -r -d "A JSON file"
complete -c p2p -n "__fish_seen_subcommand_from relay" -l preset -x -a "introduce-only carry-traffic" -d "Limits to begin with"
complete -c p2p -n "__fish_seen_subcommand_from relay" -l limit -x -d "One limit, NAME=VALUE"
complete -c p2p -n "__fish_seen_subcommand_from relay" -l announce -x -d "What clients are told"
complete -c p2p -n "__fish_seen_subcommand_from relay" -l drain -x -d "Time for circuits to end"
complete -c p2p -n "__fish_seen_subcommand_from relay" -l table -x -d "Print the table so often"
complete -c p2p -n "__fish_seen_subcommand_from listen" -l http -x -d "Serve a page for browsers there"
complete -c p2p -n "__fish_seen_subcommand_from ping connect streams" -s n -l count -x -d "How many"
complete -c p2p -n "__fish_seen_subcommand_from ping" -l interval -x -d "Pause between two"
complete -c p2p -n "__fish_seen_subcommand_from connect streams" -l parallel -x -d "So many at once"
complete -c p2p -n "__fish_seen_subcommand_from connect" -l identify -d "Until identify is done"
complete -c p2p -n "__fish_seen_subcommand_from perf" -l upload -x -d "Send so much"
complete -c p2p -n "__fish_seen_subcommand_from perf" -l download -x -d "Receive so much"
complete -c p2p -n "__fish_seen_subcommand_from perf" -l streams -x -d "So many streams at once"
