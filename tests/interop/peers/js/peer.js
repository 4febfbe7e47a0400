// SPDX-License-Identifier: MIT OR Apache-2.0

// A small peer on js-libp2p: TCP, Noise, yamux; or WebRTC-Direct, version 1. It has
// the command line and the output of our own program, so that one harness can drive both.
import './polyfill.js'
import { randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { createClient } from 'redis'

const AGENT = 'interop-js/3.3.11'
const PING = '/ipfs/ping/1.0.0'
const ECHO = '/echo/1.0.0'
const PERF = '/perf/1.0.0'
const RESET = '/interop/reset/1.0.0'
const BLOCK = 64 * 1024
const MANY = 1_000_000

class Failure extends Error {
  constructor (code, message) {
    super(message)
    this.code = code
  }
}

function emit (value) {
  // Written at once: the process may end right after.
  let line = Buffer.from(JSON.stringify(value) + '\n')
  while (line.length > 0) {
    try {
      line = line.subarray(writeSync(1, line))
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

function allErrors (error) {
  if (error == null) return []
  // A wait for an event that is cut short rejects with the close event, not with an error.
  const inner = [...(error.errors ?? []), error.cause, error.error].filter(e => e != null)
  return [error, ...inner.flatMap(allErrors)]
}

const nameOf = error => error.name ?? `${error.type} event`

function codeOf (error) {
  if (error instanceof Failure) return error.code
  const all = allErrors(error)
  const text = all.map(e => `${nameOf(e)} ${e.code ?? ''} ${e.message ?? ''}`).join('\n')
  const has = pattern => pattern.test(text)
  if (has(/UnexpectedPeer|does not match expected|Unexpected peer|peer ?id.*match/i)) return 'peer_mismatch'
  if (has(/ECONNREFUSED/)) return 'connection_refused'
  if (has(/EADDRINUSE/)) return 'address_in_use'
  if (has(/EHOSTUNREACH|ENETUNREACH/)) return 'unreachable'
  if (has(/InvalidMultiaddr|invalid multiaddr/i)) return 'invalid_address'
  if (has(/UnsupportedProtocol|Protocol selection failed/i)) return 'no_common_protocol'
  if (has(/StreamReset|StreamAborted|stream has been reset/i)) return 'stream_reset'
  if (has(/Timeout|timed out/i)) return 'timed_out'
  if (has(/ConnectionClosed|StreamClosed|close|UnexpectedEOF/i)) return 'connection_closed'
  return 'io_error'
}

function newNode (listen) {
  return createLibp2p({
    addresses: { listen },
    nodeInfo: { userAgent: AGENT },
    transports: [tcp(), webSockets(), webRTCDirect()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: {
      maxConnections: MANY,
      inboundConnectionThreshold: MANY,
      maxIncomingPendingConnections: MANY
    },
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify(), ping: ping() }
  })
}

// The test pattern repeats every 251 bytes, so one table serves every offset.
const pattern = Buffer.alloc(2 * BLOCK + 251)
for (let i = 0; i < pattern.length; i++) pattern[i] = (i * 31 + 7) % 251

function patternAt (offset, n) {
  const start = offset % 251
  return pattern.subarray(start, start + n)
}

async function send (stream, bytes) {
  if (!stream.send(bytes)) await stream.onDrain()
}

async function writeZeros (stream, n) {
  const block = new Uint8Array(BLOCK)
  while (n > 0) {
    const part = Math.min(n, BLOCK)
    await send(stream, part === BLOCK ? block : block.subarray(0, part))
    n -= part
  }
}

const u64 = n => {
  const out = Buffer.alloc(8)
  out.writeBigUInt64BE(BigInt(n))
  return out
}

// ---- Serving ----------------------------------------------------------------

async function serve (node, events) {
  const options = { maxInboundStreams: MANY, maxOutboundStreams: MANY }
  await node.handle(ECHO, async stream => {
    let reason = 'eof'
    try {
      for await (const bytes of stream) await send(stream, bytes)
      await stream.close()
    } catch (error) {
      stream.abort(error)
      reason = 'reset'
    }
    if (events) emit({ event: 'echo_ended', reason })
  }, options)
  await node.handle(PERF, async stream => {
    try {
      const head = Buffer.alloc(8)
      let got = 0
      for await (const bytes of stream) {
        if (got < 8) head.set(bytes.subarray(0, 8 - got), got)
        got += bytes.byteLength
      }
      if (got < 8) throw new Error('the count is missing')
      await writeZeros(stream, Number(head.readBigUInt64BE()))
      await stream.close()
    } catch (error) {
      stream.abort(error)
    }
  }, options)
  await node.handle(RESET, async stream => {
    try {
      for await (const _ of stream) break
    } catch {}
    stream.abort(new Error('as asked'))
  }, options)
}

function stopped () {
  return new Promise(resolve => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
}

async function listen (args) {
  const wanted = []
  let events = false
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--listen' && i + 1 < args.length) wanted.push(args[++i])
    else if (args[i] === '--events') events = true
    else if (args[i] !== '--json') throw new Failure('usage', args[i])
  }
  const stop = stopped()
  const node = await newNode(wanted.length > 0 ? wanted : ['/ip4/127.0.0.1/tcp/0'])
  await serve(node, events)
  emit({
    event: 'listening',
    peer: node.peerId.toString(),
    addresses: node.getMultiaddrs().map(String),
    agent: AGENT,
    protocols: node.getProtocols()
  })
  await stop
}

// ---- Clients ----------------------------------------------------------------

function parse (text) {
  let address
  try {
    address = multiaddr(text)
  } catch (error) {
    throw new Failure('invalid_address', error.message)
  }
  if (address.getComponents().at(-1)?.name !== 'p2p') {
    throw new Failure('invalid_address', 'the address does not end in /p2p/<peer id>')
  }
  return address
}

async function dial (text) {
  const address = parse(text)
  const node = await newNode([])
  const connection = await node.dial(address, { signal: AbortSignal.timeout(30_000) })
  return { node, connection, open: protocol => connection.newStream(protocol, { maxOutboundStreams: MANY }) }
}

// Tells how the reading of a stream ended.
async function readAll (stream, each, deadline = 60_000) {
  const timer = setTimeout(() => stream.abort(new Failure('timed_out', 'the end did not come')), deadline)
  try {
    for await (const bytes of stream) each(bytes)
    // An end that was a reset may look like a plain end to an iterator.
    if (stream.status === 'reset') throw new Failure('stream_reset', 'the stream was reset')
  } finally {
    clearTimeout(timer)
  }
}

const now = () => performance.now()
const quantile = (sorted, q) => sorted[Math.min(Math.floor(q * sorted.length), sorted.length - 1)] ?? 0

// One long-lived stream, a ping after the other: the answer arrives in full before the next is sent.
class Pinger {
  constructor (stream) {
    this.stream = stream
    this.parts = []
    this.length = 0
    stream.addEventListener('message', event => {
      const bytes = event.data.subarray()
      this.parts.push(bytes)
      this.length += bytes.length
      if (this.length >= 32) this.done?.resolve()
    })
    stream.addEventListener('close', event => {
      this.done?.reject(event.error ?? new Failure('connection_closed', 'the ping stream ended'))
    })
  }

  async once () {
    const sent = randomBytes(32)
    this.parts = []
    this.length = 0
    this.done = Promise.withResolvers()
    const start = now()
    this.stream.send(sent)
    await this.done.promise
    const took = now() - start
    if (!sent.equals(Buffer.concat(this.parts))) throw new Failure('protocol_violation', 'a ping came back with other bytes')
    return took
  }
}

async function pingCommand (address, count) {
  const { open } = await dial(address)
  const pinger = new Pinger(await open(PING))
  const times = []
  for (let i = 0; i < count; i++) {
    const took = await pinger.once()
    times.push(took)
    emit({ event: 'ping', rtt_ms: took })
  }
  times.sort((a, b) => a - b)
  emit({ event: 'summary', sent: count, received: times.length, min_ms: quantile(times, 0), median_ms: quantile(times, 0.5), max_ms: quantile(times, 1) })
}

async function identifyCommand (text) {
  const address = parse(text)
  const node = await newNode([])
  const seen = new Promise(resolve => node.addEventListener('peer:identify', resolve, { once: true }))
  const connection = await node.dial(address, { signal: AbortSignal.timeout(30_000) })
  const event = await Promise.race([seen, sleep(10_000)])
  if (event == null) throw new Failure('timed_out', 'identify did not complete')
  const known = event.detail
  emit({
    peer: known.peerId.toString(),
    agent: known.agentVersion,
    protocols: known.protocols,
    addresses: known.listenAddrs.map(String),
    observed: known.observedAddr?.toString() ?? '',
    signed_record: known.signedPeerRecord != null,
    transport: text.includes('/webrtc-direct') ? 'webrtc-direct' : text.includes('/ws/') ? 'websocket' : 'tcp',
    security: connection.encryption ?? 'noise',
    muxer: connection.multiplexer ?? 'webrtc-direct'
  })
}

async function perf (address, upload, download) {
  const { open } = await dial(address)
  const start = now()
  const stream = await open(PERF)
  let got = 0
  let uploaded
  const reading = readAll(stream, bytes => {
    uploaded ??= now()
    got += bytes.byteLength
  }, 300_000)
  reading.catch(() => {})
  await send(stream, u64(download))
  await writeZeros(stream, upload)
  await stream.close()
  await reading
  const end = now()
  uploaded ??= end
  if (got !== download) throw new Failure('protocol_violation', `asked for ${download} bytes, got ${got}`)
  emit({ upload_bytes: upload, upload_seconds: (uploaded - start) / 1000, download_bytes: got, download_seconds: (end - uploaded) / 1000 })
}

async function echo (address) {
  const { open } = await dial(address)
  const stream = await open(ECHO)
  const up = (async () => {
    for await (const bytes of process.stdin) await send(stream, bytes)
    await stream.close()
  })()
  up.catch(error => stream.abort(error))
  for await (const bytes of stream) {
    const chunk = bytes.subarray()
    if (!process.stdout.write(chunk)) await new Promise(resolve => process.stdout.once('drain', resolve))
  }
  await up
  await new Promise(resolve => process.stdout.write('', resolve))
}

async function timed (name, count, parallel, work, after = async () => {}) {
  const times = []
  let next = 0
  let failed = 0
  let first
  const begin = now()
  await Promise.all(Array.from({ length: parallel }, async (_, worker) => {
    while (next++ < count) {
      const start = now()
      try {
        await work(worker)
        times.push(now() - start)
      } catch (error) {
        failed++
        first ??= error
      }
      await after(worker)
    }
  }))
  const seconds = (now() - begin) / 1000
  if (times.length === 0 && first != null) throw first
  times.sort((a, b) => a - b)
  const summary = { event: 'summary', [name]: times.length, failed, median_ms: quantile(times, 0.5), p99_ms: quantile(times, 0.99), per_second: times.length / seconds }
  if (first != null) summary.first_failure = `${codeOf(first)}: ${first.message}`
  emit(summary)
  if (failed > 0) process.exit(1)
}

async function connect (text, count, parallel) {
  const address = parse(text)
  // Parallel dials of one node to one peer are joined, so each worker is a node.
  const nodes = await Promise.all(Array.from({ length: parallel }, () => newNode([])))
  const connections = []
  await timed('connections', count, parallel, async worker => {
    connections[worker] = await nodes[worker].dial(address, { signal: AbortSignal.timeout(30_000) })
  }, async worker => { await connections[worker]?.close().catch(() => {}) })
}

async function streams (address, count, parallel) {
  const { open } = await dial(address)
  const sent = Buffer.from(patternAt(0, 1024))
  await timed('streams', count, parallel, async () => {
    const stream = await open(ECHO)
    const parts = []
    const reading = readAll(stream, bytes => parts.push(bytes.subarray()))
    reading.catch(() => {})
    stream.send(sent)
    await stream.close()
    await reading
    if (!sent.equals(Buffer.concat(parts))) throw new Failure('protocol_violation', 'other bytes than were sent')
  })
}

async function perfEcho (address, total) {
  const { open } = await dial(address)
  const start = now()
  const stream = await open(ECHO)
  let got = 0
  const reading = readAll(stream, bytes => {
    const chunks = bytes instanceof Uint8Array ? [bytes] : [...bytes]
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += BLOCK) {
        const part = chunk.subarray(at, at + BLOCK)
        if (!patternAt(got, part.length).equals(part)) throw new Failure('protocol_violation', `wrong bytes after ${got}`)
        got += part.length
      }
    }
  }, 300_000)
  reading.catch(() => {})
  for (let at = 0; at < total;) {
    const part = patternAt(at, Math.min(BLOCK, total - at))
    await send(stream, part)
    at += part.length
  }
  await stream.close()
  await reading
  if (got !== total) throw new Failure('protocol_violation', `sent ${total} bytes, got ${got}`)
  emit({ event: 'perf_echo', bytes: got, ok: true, seconds: (now() - start) / 1000 })
}

async function reset (address) {
  const { open } = await dial(address)
  let stream = await open(RESET)
  const closed = new Promise(resolve => stream.addEventListener('close', resolve, { once: true }))
  stream.send(Buffer.from([1]))
  const event = await Promise.race([closed, sleep(10_000)])
  emit({ event: 'reset', seen: event?.error != null && event.local !== true, how: event?.error?.name ?? 'no error' })

  stream = await open(ECHO)
  const text = Buffer.from('to be reset')
  const parts = []
  const back = new Promise((resolve, reject) => {
    stream.addEventListener('message', e => {
      parts.push(e.data.subarray())
      if (Buffer.concat(parts).length >= text.length) resolve()
    })
    stream.addEventListener('close', () => reject(new Failure('connection_closed', 'the echo ended early')))
  })
  back.catch(() => {})
  stream.send(text)
  await back
  if (!text.equals(Buffer.concat(parts))) throw new Failure('protocol_violation', 'other bytes than were sent')
  stream.abort(new Error('as asked'))
  await sleep(300) // the reset shall arrive before the connection ends
}

async function halfClose (address) {
  const { open } = await dial(address)
  const stream = await open(ECHO)
  const sent = Buffer.from(patternAt(0, 100_000))
  const parts = []
  const reading = readAll(stream, bytes => parts.push(bytes.subarray()), 15_000)
  reading.catch(() => {})
  await send(stream, sent)
  await stream.close()
  await reading
  emit({ event: 'half_close', ok: sent.equals(Buffer.concat(parts)) })
}

// ---- unified-testing ----------------------------------------------------------

async function unified () {
  const env = process.env
  const overNoise = env.SECURE_CHANNEL === 'noise' && env.MUXER === 'yamux'
  const listenOn = new Map([
    ['tcp', overNoise && 'tcp/0'],
    ['ws', overNoise && 'tcp/0/ws'],
    ['webrtc-direct', 'udp/0/webrtc-direct'] // brings its own security and streams
  ]).get(env.TRANSPORT)
  if (!listenOn) {
    throw new Failure('unsupported', `${env.TRANSPORT} ${env.SECURE_CHANNEL} ${env.MUXER}`)
  }
  const store = createClient({ url: `redis://${env.REDIS_ADDR}` })
  await store.connect()
  const key = `${env.TEST_KEY}_listener_multiaddr`

  if (env.IS_DIALER !== 'true') {
    const stop = stopped()
    const node = await newNode([`/ip4/${env.LISTENER_IP || '0.0.0.0'}/${listenOn}`])
    const addresses = node.getMultiaddrs().map(String)
    const address = addresses.find(a => !a.startsWith('/ip4/127.')) ?? addresses[0]
    await store.del(key)
    await store.rPush(key, address)
    await stop
    return
  }

  let text
  try {
    text = (await store.blPop(key, 60))?.element
  } catch (error) {
    if (!error.message.includes('WRONGTYPE')) throw error
    text = await store.get(key)
  }
  if (text == null) throw new Failure('timed_out', 'no listener showed up')
  const start = now()
  const { open } = await dial(text)
  const pinger = new Pinger(await open(PING))
  await pinger.once()
  const whole = now() - start
  const rtt = await pinger.once()
  writeSync(1, `latency:\n  handshake_plus_one_rtt: ${whole.toFixed(2)}\n  ping_rtt: ${rtt.toFixed(2)}\n  unit: ms\n`)
}

// ---- Command line ---------------------------------------------------------------

const USAGE = `usage: node peer.js COMMAND
  listen [--listen MULTIADDR]... [--events]
  ping|connect|streams ADDR [--count N] [--parallel M]
  identify|echo|reset|half-close ADDR
  perf ADDR [--upload BYTES] [--download BYTES]
  perf-echo ADDR --bytes N
`

async function client (command, args) {
  const options = { count: 10, parallel: 1, upload: 0, download: 0, bytes: 1 << 20 }
  let address
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--json') continue
    if (args[i].startsWith('--')) {
      const name = args[i].slice(2)
      const value = Number(args[++i])
      if (!(name in options) || !Number.isSafeInteger(value) || value < 0) throw new Failure('usage', `--${name}`)
      options[name] = value
    } else if (address == null) {
      address = args[i]
    } else {
      throw new Failure('usage', args[i])
    }
  }
  if (address == null) throw new Failure('usage', 'an address is missing')
  const { count, parallel, upload, download, bytes } = options
  switch (command) {
    case 'ping': return pingCommand(address, count)
    case 'identify': return identifyCommand(address)
    case 'perf': return perf(address, upload, download)
    case 'echo': return echo(address)
    case 'connect': return connect(address, count, Math.max(parallel, 1))
    case 'streams': return streams(address, count, Math.max(parallel, 1))
    case 'perf-echo': return perfEcho(address, bytes)
    case 'reset': return reset(address)
    case 'half-close': return halfClose(address)
    default: throw new Failure('usage', command)
  }
}

async function main () {
  const [command, ...args] = process.argv.slice(2)
  if (process.env.IS_DIALER != null) return unified()
  if (command == null) throw new Failure('usage', 'a command is missing')
  return command === 'listen' ? listen(args) : client(command, args)
}

main().then(() => process.exit(0), error => {
  if (error.code === 'usage') {
    process.stderr.write(`${error.message}\n${USAGE}`)
    process.exit(2)
  }
  if (process.env.IS_DIALER != null) process.stderr.write(`${error.stack}\n`)
  else emit({ event: 'error', code: codeOf(error), message: allErrors(error).map(e => `${nameOf(e)}: ${e.message ?? ''}`).join('; ') })
  process.exit(1)
})
