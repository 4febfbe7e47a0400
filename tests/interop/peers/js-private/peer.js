// SPDX-License-Identifier: MIT OR Apache-2.0

// Private WebRTC on js-libp2p: a relay, a listener behind it, and a dialer. The command line and the output are those of
// ../js-relay.
import './polyfill.js'
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webRTC } from '@libp2p/webrtc'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const ECHO = '/echo/1.0.0'
const PATIENCE = 20_000

function emit (value) {
  writeSync(1, JSON.stringify(value) + '\n')
}

function node (listen, services = {}) {
  return createLibp2p({
    addresses: { listen },
    transports: [tcp(), circuitRelayTransport(), webRTC({ rtcConfiguration: { iceServers: [] } })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: { inboundConnectionThreshold: 1000 },
    services: { identify: identify(), ping: ping(), ...services }
  })
}

async function untilEnded () {
  await new Promise(resolve => {
    process.on('SIGTERM', resolve)
    process.on('SIGINT', resolve)
  })
  process.exit(0)
}

async function relay () {
  const reservations = { maxReservations: 1024 }
  const host = await node(['/ip4/127.0.0.1/tcp/0'], { relay: circuitRelayServer({ reservations }) })
  emit({ event: 'listening', peer: host.peerId.toString(), addresses: host.getMultiaddrs().map(String) })
  await untilEnded()
}

async function listen (relayAddress) {
  const host = await node([`${relayAddress}/p2p-circuit`, '/webrtc'])
  await host.handle(ECHO, async stream => {
    for await (const chunk of stream) {
      if (!stream.send(chunk)) await stream.onDrain()
    }
    await stream.close()
  })
  const addresses = () => host.getMultiaddrs().map(String).filter(text => text.includes('/webrtc/'))
  for (let waited = 0; addresses().length === 0 && waited < PATIENCE; waited += 50) await sleep(50)
  if (addresses().length === 0) throw new Error('the relay gave no reservation')
  emit({ event: 'listening', peer: host.peerId.toString(), addresses: addresses() })
  await untilEnded()
}

async function dial (address) {
  const host = await node([])
  const signal = AbortSignal.timeout(PATIENCE)
  const start = performance.now()
  const connection = await host.dial(multiaddr(address), { signal })
  const dialled = performance.now() - start
  const rtt = await host.services.ping.ping(connection.remotePeer, { signal })
  const stream = await connection.newStream(ECHO, { signal })
  const sent = Buffer.from('direct! '.repeat(50_000))
  const received = []
  const reading = (async () => {
    for await (const chunk of stream) received.push(Buffer.from(chunk.subarray()))
  })()
  for (let at = 0; at < sent.length; at += 10_000) {
    if (!stream.send(sent.subarray(at, at + 10_000))) await stream.onDrain({ signal })
  }
  await stream.close({ signal })
  await reading
  const echoed = Buffer.concat(received)
  if (!echoed.equals(sent)) throw new Error(`echo differs: ${echoed.length} octets`)
  if (connection.limits != null) throw new Error('the connection is limited')
  emit({ event: 'summary', rtt_ms: rtt, dial_ms: dialled, echoed: echoed.length })
  process.exit(0)
}

const [command, argument] = process.argv.slice(2)
try {
  if (command === 'relay') await relay()
  else if (command === 'listen') await listen(argument)
  else if (command === 'ping') await dial(argument)
  else throw new Error('usage: peer.js relay | listen RELAY | ping MULTIADDR')
} catch (error) {
  const inner = (error.errors ?? []).map(e => e.message).join('; ')
  emit({ event: 'error', code: 'io_error', message: `${error.message} ${inner}`.trim() })
  process.exit(1)
}
