// SPDX-License-Identifier: MIT OR Apache-2.0

// A relay on js-libp2p, and its two kinds of clients, over TCP, WebSocket and WebRTC-Direct. The command line and the output are
// those of ../go/relay; with --private a listener is to be reached over private WebRTC, too,
// and with --silent a dialer only pings.
import './polyfill.js'
import { writeSync } from 'node:fs'
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { tcp } from '@libp2p/tcp'
import { dialBehind, endHost, failure, listenBehind, newHost } from './relayed.js'

const USAGE = 'usage: relay.js relay [--limited] | listen RELAY [--private] | ping MULTIADDR [--silent]'
const EVERYWHERE = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/udp/0/webrtc-direct']

const emit = value => writeSync(1, JSON.stringify(value) + '\n')

async function untilEnded (host) {
  await new Promise(resolve => {
    process.on('SIGTERM', resolve)
    process.on('SIGINT', resolve)
  })
  await endHost(host)
}

async function relay (isLimited) {
  const reservations = { maxReservations: 1024, applyDefaultLimit: isLimited }
  const host = await newHost(EVERYWHERE, [tcp()], { relay: circuitRelayServer({ reservations }) })
  emit({ event: 'listening', peer: host.peerId.toString(), addresses: host.getMultiaddrs().map(String) })
  await untilEnded(host)
}

async function listen (address, isPrivate) {
  const { host, event } = await listenBehind(address, isPrivate, [tcp()])
  emit(event)
  await untilEnded(host)
}

async function dial (address, isSilent) {
  const { host, event } = await dialBehind(address, isSilent, [tcp()])
  emit(event)
  await endHost(host)
}

const [command, ...words] = process.argv.slice(2)
try {
  if (command === 'relay') await relay(words.includes('--limited'))
  else if (command === 'listen') await listen(words[0], words.includes('--private'))
  else if (command === 'ping') await dial(words[0], words.includes('--silent'))
  else throw new Error(USAGE)
  process.exit(0)
} catch (error) {
  emit(failure(error))
  process.exit(1)
}
