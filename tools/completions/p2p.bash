# SPDX-License-Identifier: MIT OR Apache-2.0
# bash completion for p2p

_p2p()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local commands="key listen relay signal-server ping identify perf echo connect streams addr cert"
    local common="--json --key --log --timeout --security --muxer --webrtc-version --no-gso --tls-ca --stun --turn --loopback --help"
    COMPREPLY=()

    case $previous in
        --key | --config | --tls-ca | --tls-cert | --tls-key) compopt -o default; return ;;
        --type) COMPREPLY=($(compgen -W "ed25519 secp256k1 ecdsa rsa" -- "$current")); return ;;
        --log) COMPREPLY=($(compgen -W "trace debug info warning error" -- "$current")); return ;;
        --security) COMPREPLY=($(compgen -W "noise" -- "$current")); return ;;
        --muxer) COMPREPLY=($(compgen -W "yamux" -- "$current")); return ;;
        --preset) COMPREPLY=($(compgen -W "introduce-only carry-traffic" -- "$current")); return ;;
        --webrtc-version) COMPREPLY=($(compgen -W "1 2" -- "$current")); return ;;
        --count | -n | --parallel | --streams | --upload | --download | --timeout | --interval | --limit | --drain | --table | --stun | --turn) return ;;
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "$commands --help --version" -- "$current"))
        return
    fi

    local options
    case ${COMP_WORDS[1]} in
        key)
            if [ "$COMP_CWORD" -eq 2 ]; then
                COMPREPLY=($(compgen -W "new show --help" -- "$current"))
                return
            fi
            options="--json --help"
            [ "${COMP_WORDS[2]}" = new ] && options+=" --type --force"
            [[ $current == -* ]] || { compopt -o default; return; }
            ;;
        listen) options="--listen --http --tls-cert --tls-key $common" ;;
        relay) options="--listen --http --config --preset --limit --announce --drain --table --tls-cert --tls-key $common" ;;
        signal-server) options="--listen --clients --clients-per-address --json --help" ;;
        ping) options="--count --interval $common" ;;
        perf) options="--upload --download --streams $common" ;;
        connect) options="--count --parallel --identify --verbose $common" ;;
        streams) options="--count --parallel $common" ;;
        identify | echo) options=$common ;;
        addr) options="--json --help" ;;
        cert) options="--key --listen --json --help" ;;
        *) return ;;
    esac
    COMPREPLY=($(compgen -W "$options" -- "$current"))
}

complete -F _p2p p2p
