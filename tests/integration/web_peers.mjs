// SPDX-License-Identifier: MIT OR Apache-2.0
// The page's modules for other peers, without a browser: Noise and yamux, relays, signalling, files. Hostile remotes, too.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { ByteStream } from '../../tools/web/byte_stream.js'
import { concat, delimited, field, fields, fromBase58, text, utf8, varint } from '../../tools/web/bytes.js'
import { Connection } from '../../tools/web/connection.js'
import { Identity } from '../../tools/web/identity.js'
import { behindRelay, addressText, parseCircuit, parseWebSocket, peerOctets } from '../../tools/web/multiaddr.js'
import { isPrivateAddress, kindOf, selectedPair } from '../../tools/web/path.js'
import { acceptCircuit, connectThrough, reserve } from '../../tools/web/relay.js'
import { Reservation } from '../../tools/web/reservation.js'
import { Incoming, checkHeader, digestOf, receiveFile, sendFile } from '../../tools/web/send_file.js'
import { Signalling, parseCandidate, parseSignal, signal } from '../../tools/web/signalling.js'
import { upgrade } from '../../tools/web/upgrade.js'
import { Yamux, yamuxHeader } from '../../tools/web/yamux.js'

const tick = () => new Promise(resolve => setImmediate(resolve))
const ticks = async count => { for (let i = 0; i < count; i++) await tick() }
const random = count => new Uint8Array(randomBytes(count))

/** One end of a pipe in memory; `change` may alter what passes. */
class End extends ByteStream {
  isHeld = false // nothing is taken
  buffered = 0

  static pair () {
    const [a, b] = [new End(), new End()]
    a.other = b
    b.other = a
    return [a, b]
  }

  async write (octets) {
    if (this.error) throw this.error
    while (this.isHeld) await this.changed()
    await tick()
    this.other.deliver(this.change?.(octets.slice()) ?? octets.slice())
  }

  async closeWrite () {
    await tick()
    this.other.deliverEnd()
  }

  abort () {
    const failed = Object.assign(new Error('reset'), { code: 'stream_reset' })
    this.fail(failed)
    this.other.fail(failed)
  }
}

const all = async stream => {
  const parts = []
  for (let part; (part = await stream.read()) !== null;) parts.push(part)
  return concat(...parts)
}

const ALICE = new Identity()
const BOB = new Identity()

/** Two connections over a pipe; the second one has an echo. */
async function connected (options = {}) {
  const [a, b] = End.pair()
  const [dialed, accepted] = await Promise.all([
    upgrade(a, ALICE, { isDialer: true, peer: options.expected }), upgrade(b, BOB, { isDialer: false })
  ])
  const handlers = new Map([['/echo/1.0.0', async stream => {
    for (let part; (part = await stream.read()) !== null;) await stream.write(part)
    await stream.closeWrite()
  }], ['/deaf/1.0.0', () => {}]])
  const make = ({ muxer, peer }, isDialer) => new Connection(muxer, handlers, { peer, transport: 'relay', isDialer, limited: options.limited }).begin()
  return [make(dialed, true), make(accepted, false), a, b]
}

// ---- Noise and yamux ------------------------------------------------------------------------------------------------------

test('two that shake hands know each other, and streams carry what they are given', async () => {
  const [alice, bob] = await connected()
  assert.deepEqual([alice.peer, bob.peer], [BOB.peer, ALICE.peer])
  const octets = random(1_000_000) // more than a window
  const streams = await Promise.all([alice.open('/echo/1.0.0'), bob.open('/echo/1.0.0')])
  await Promise.all(streams.map(async stream => {
    const back = all(stream)
    await stream.write(octets)
    await stream.closeWrite()
    assert.deepEqual(await back, octets)
  }))
  await ticks(20)
  assert.deepEqual([alice.streams, bob.streams], [0, 0])
  await assert.rejects(alice.open('/other/1.0.0'), { code: 'no_common_protocol' })
  alice.close()
  assert.match(await bob.closed, /remote|lost/)
})

test('who is somebody else is not told who we are', async () => {
  const [a, b] = End.pair()
  const bob = upgrade(b, BOB, { isDialer: false }).catch(error => error)
  await assert.rejects(upgrade(a, ALICE, { isDialer: true, peer: ALICE.peer }), { code: 'peer_mismatch' })
  assert.equal((await bob).code, 'stream_reset')
})

test('an octet that is changed on its way ends it', async () => {
  for (const at of [3, 4, 5, 6]) { // the three of the handshake, and the first behind it
    const [a, b] = End.pair()
    let messages = 0
    const spoil = octets => {
      if (messages++ === at) octets[octets.length - 1] ^= 1
      return octets
    }
    a.change = spoil
    b.change = spoil
    const ends = await Promise.allSettled([upgrade(a, ALICE, { isDialer: true }), upgrade(b, BOB, { isDialer: false })])
    assert.ok(ends.some(({ reason }) => /^Noise failed/.test(reason?.message)), `message ${at}`)
  }
})

test('a limited connection carries streams for who agrees', async () => {
  const [alice] = await connected({ limited: { seconds: 120, octets: 131072 } })
  await assert.rejects(alice.open('/echo/1.0.0'), { code: 'limited_connection' })
  const stream = await alice.open('/echo/1.0.0', { limited: true })
  await stream.write(utf8('x'))
  assert.deepEqual(await stream.readExactly(1), utf8('x'))
})

test('a stream that nobody reads stops its writer, not the others', async () => {
  const [alice] = await connected()
  const deaf = await alice.open('/deaf/1.0.0')
  let isWritten = false
  deaf.write(new Uint8Array(300 * 1024)).then(() => { isWritten = true }, () => {})
  const echo = await alice.open('/echo/1.0.0')
  await echo.write(utf8('still here'))
  assert.deepEqual(await echo.readExactly(10), utf8('still here'))
  await ticks(100)
  assert.equal(isWritten, false)
  await echo.write(utf8('and here'))
  assert.deepEqual(await echo.readExactly(8), utf8('and here'))
  deaf.abort()
})

/** A session, and the raw pipe of its remote. */
function session () {
  const [a, raw] = End.pair()
  const yamux = new Yamux(a, false)
  const streams = []
  yamux.begin(stream => streams.push(stream))
  const frames = []
  const listen = async () => {
    for (let head; (head = await raw.readExactly(12)) !== null;) {
      const view = new DataView(head.buffer, head.byteOffset)
      const [type, flags, id, length] = [view.getUint8(1), view.getUint16(2), view.getUint32(4), view.getUint32(8)]
      frames.push({ type, flags, id, length })
      if (type === 0 && length > 0) await raw.readExactly(length)
    }
  }
  listen().catch(() => {})
  return { yamux, raw, streams, frames }
}

test('yamux ends a session whose remote does what it may not', async () => {
  const SYN = 1
  for (const [what, frame] of [
    ['another version', concat([1], yamuxHeader(0, SYN, 1, 0).subarray(1))],
    ['an unknown type', yamuxHeader(4, 0, 0, 0)],
    ['a stream with our numbers', yamuxHeader(1, SYN, 2, 0)],
    ['stream 0', yamuxHeader(1, SYN, 0, 0)],
    ['a stream twice', concat(yamuxHeader(1, SYN, 1, 0), yamuxHeader(1, SYN, 1, 0))],
    ['more than its window', concat(yamuxHeader(0, SYN, 1, 256 * 1024), new Uint8Array(256 * 1024), yamuxHeader(0, 0, 1, 1), [0])],
    ['a frame longer than any window', yamuxHeader(0, SYN, 1, 2 ** 31)],
    ['a window without an end', concat(yamuxHeader(1, SYN, 1, 2 ** 32 - 1), yamuxHeader(1, 0, 1, 2 ** 32 - 1))]
  ]) {
    const { yamux, raw, frames } = session()
    await raw.write(frame)
    assert.match(await yamux.closed, /^yamux: /, what)
    await ticks(5)
    assert.ok(frames.some(({ type, length }) => type === 3 && length === 1), what)
  }
})

test('yamux bounds what a remote opens, and forgets what is over', async () => {
  const { yamux, raw, streams, frames } = session()
  for (let i = 0; i < 80; i++) await raw.write(yamuxHeader(1, 1, 2 * i + 1, 0))
  await ticks(200)
  assert.equal(streams.length, 64)
  assert.equal(frames.filter(({ flags }) => flags & 8).length, 16)
  for (const stream of streams) stream.abort()
  await raw.write(concat(yamuxHeader(0, 0, 1, 3), utf8('old'), yamuxHeader(1, 0, 3, 7), yamuxHeader(0, 4, 5, 0)))
  await raw.write(yamuxHeader(1, 1, 201, 0))
  await ticks(200)
  assert.equal(streams.length, 65)
  yamux.close()
})

test('yamux does not answer without end who does not read', async () => {
  const { yamux, raw } = session()
  yamux.pipe.isHeld = true
  const pings = concat(...Array.from({ length: 1000 }, (_, i) => yamuxHeader(2, 1, 0, i)))
  await raw.write(pings)
  assert.match(await yamux.closed, /does not read/)
})

// ---- Relays ---------------------------------------------------------------------------------------------------------------

const RELAY = new Identity()
const octetsOf = identity => peerOctets(identity.peer)

async function sealed (signer, payload, domain = 'libp2p-relay-rsvp', type = Uint8Array.of(3, 2)) {
  const signature = await signer.sign(concat(...[utf8(domain), type, payload].flatMap(part => [varint(part.length), part])))
  return concat(field(1, signer.publicKey), field(2, type), field(3, payload), field(5, signature))
}

/** A connection with a relay, which answers the one message of a stream that is opened with `answer`. */
function relayThat (answer) {
  const asked = []
  const open = async () => {
    const [ours, theirs] = End.pair()
    theirs.readDelimited(4096).then(async message => {
      asked.push(message)
      await theirs.write(delimited(await answer(message)))
    })
    return ours
  }
  return { connection: { peer: RELAY.peer, open }, asked }
}

const LATER = Math.floor(Date.now() / 1000) + 3600

test('a place at a relay', async () => {
  const voucher = await sealed(RELAY, concat(field(1, octetsOf(RELAY)), field(2, octetsOf(ALICE)), field(3, LATER)))
  const relayAddress = concat([4, 127, 0, 0, 1, 6, 0x10, 0x01, 0xa5, 0x03, 38], octetsOf(RELAY))
  const reservation = concat(field(1, LATER), field(2, relayAddress), field(3, voucher))
  const limit = concat(field(1, 120), field(2, 131072))
  const { connection, asked } = relayThat(() => concat(field(1, 2), field(3, reservation), field(4, limit), field(5, 100)))
  const place = await reserve(connection, ALICE.peer)
  assert.deepEqual(asked, [Uint8Array.of(8, 0)])
  assert.deepEqual([place.expires, place.limited], [LATER * 1000, { seconds: 120, octets: 131072 }])
  assert.equal(addressText(behindRelay(place.addresses[0], ALICE.peer)), `/ip4/127.0.0.1/tcp/4097/p2p/${RELAY.peer}/p2p-circuit/webrtc/p2p/${ALICE.peer}`)
})

test('a voucher that is not what it should be', async () => {
  const payload = (relay, peer, until) => concat(field(1, octetsOf(relay)), field(2, octetsOf(peer)), field(3, until))
  const good = await sealed(RELAY, payload(RELAY, ALICE, LATER))
  const forged = good.slice()
  forged[forged.length - 1] ^= 1
  for (const [what, voucher] of [
    ['of another signer', await sealed(BOB, payload(RELAY, ALICE, LATER))], ['for another peer', await sealed(RELAY, payload(RELAY, BOB, LATER))],
    ['of another relay', await sealed(RELAY, payload(BOB, ALICE, LATER))], ['expired', await sealed(RELAY, payload(RELAY, ALICE, 1))],
    ['of another type', await sealed(RELAY, payload(RELAY, ALICE, LATER), 'libp2p-relay-rsvp', Uint8Array.of(3, 1))],
    ['of another kind', await sealed(RELAY, payload(RELAY, ALICE, LATER), 'libp2p-peer-record')], ['forged', forged], ['none', utf8('x')]
  ]) {
    const { connection } = relayThat(() => concat(field(1, 2), field(3, concat(field(1, LATER), field(3, voucher))), field(5, 100)))
    await assert.rejects(reserve(connection, ALICE.peer), { code: 'protocol_violation' }, what)
  }
})

test('what a relay refuses, and how', async () => {
  for (const [status, code] of [[200, 'refused'], [201, 'limit_exceeded'], [203, 'unreachable'], [204, 'unreachable'], [400, 'protocol_violation'], [999, 'refused']]) {
    const { connection, asked } = relayThat(() => concat(field(1, 2), field(5, status)))
    await assert.rejects(connectThrough(connection, BOB.peer), { code }, status)
    assert.deepEqual(asked, [concat(field(1, 1), field(2, field(1, octetsOf(BOB))))])
  }
  for (const answer of [utf8('\xff\xff'), field(1, 1), concat(field(1, 2)), new Uint8Array(0)]) {
    await assert.rejects(connectThrough(relayThat(() => answer).connection, BOB.peer))
    await assert.rejects(reserve(relayThat(() => answer).connection, ALICE.peer))
  }
  const limited = relayThat(() => concat(field(1, 2), field(5, 100), field(4, field(1, 60))))
  assert.deepEqual((await connectThrough(limited.connection, BOB.peer)).limited, { seconds: 60, octets: 0 })
  const free = relayThat(() => concat(field(1, 2), field(5, 100)))
  assert.equal((await connectThrough(free.connection, BOB.peer)).limited, null)
})

test('circuits of others are taken where they are expected', async () => {
  const stop = concat(field(1, 0), field(2, field(1, octetsOf(BOB))), field(3, field(2, 1000)))
  for (const [message, isExpected, status] of [
    [stop, true, 100], [stop, false, 202], [field(1, 1), true, 400], [concat(field(1, 0), field(2, field(1, utf8('nobody')))), true, 400]
  ]) {
    const [ours, relays] = End.pair()
    const accepting = acceptCircuit(ours, peer => {
      assert.equal(peer, BOB.peer)
      return isExpected
    })
    await relays.write(delimited(message))
    assert.deepEqual(fields(await relays.readDelimited(100)).get(4), [status])
    if (status === 100) assert.deepEqual((({ peer, limited }) => [peer, limited])(await accepting), [BOB.peer, { seconds: 0, octets: 1000 }])
    else await assert.rejects(accepting, { code: 'refused' })
  }
})

test('a place is renewed in time, and taken again when the relay was lost', async context => {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() })
  const relay = { asked: 0, pings: 0, isGone: false, isSilent: false }
  const connect = async () => {
    if (relay.isGone) throw new Error('nobody answers')
    const connection = { peer: RELAY.peer }
    connection.closed = new Promise(resolve => { connection.close = resolve })
    connection.open = async protocol => {
      const [ours, theirs] = End.pair()
      if (protocol === '/ipfs/ping/1.0.0') {
        relay.pings++
        if (!relay.isSilent) theirs.readExactly(32).then(sent => theirs.write(sent))
      } else {
        relay.asked++
        const expires = Math.floor(Date.now() / 1000) + 100
        theirs.readDelimited(4096).then(() => theirs.write(delimited(concat(field(1, 2), field(3, field(1, expires)), field(5, 100)))))
      }
      return ours
    }
    return connection
  }
  const states = []
  const place = new Reservation('/ip4/192.0.2.7/tcp/1/ws/p2p/R', ALICE.peer, connect, ({ state }) => states.push(state))
  const pass = async seconds => {
    for (let i = 0; i < seconds; i++) {
      context.mock.timers.tick(1000)
      await ticks(8)
    }
  }
  await place.begin()
  assert.deepEqual([states, place.reachedAt], [['standing'], `/ip4/192.0.2.7/tcp/1/ws/p2p/R/p2p-circuit/webrtc/p2p/${ALICE.peer}`])
  await pass(60)
  assert.deepEqual([relay.asked, relay.pings >= 4], [1, true])
  await pass(20) // three quarters are over
  assert.equal(relay.asked, 2)
  relay.isGone = true
  place.connection.close('cut off')
  await pass(4)
  assert.deepEqual([place.state, place.error.message], ['lost', 'nobody answers'])
  relay.isGone = false
  await pass(6)
  assert.deepEqual([place.state, place.error, relay.asked], ['standing', null, 3])
  relay.isSilent = true // and says no goodbye
  await pass(21)
  assert.ok(states.filter(state => state === 'lost').length >= 3, states)
  place.end()
  const { asked } = relay
  await pass(200)
  assert.deepEqual([relay.asked, states.at(-1)], [asked, 'ended'])
})

// ---- Addresses and paths ----------------------------------------------------------------------------------------------------

test('addresses that lead over a relay', () => {
  const relay = `/ip4/192.0.2.7/tcp/4001/ws/p2p/${RELAY.peer}`
  assert.deepEqual(parseCircuit(` ${relay}/p2p-circuit/webrtc/p2p/${BOB.peer}\n`), { relay, isPrivate: true, peer: BOB.peer })
  assert.equal(parseCircuit(`${relay}/p2p-circuit/p2p/${BOB.peer}`).isPrivate, false)
  assert.equal(parseCircuit(relay), null)
  for (const bad of [`${relay}/p2p-circuit/webrtc`, `${relay}/p2p-circuit/webrtc/p2p/12D3KooW`, `/ip4/1.2.3.4/tcp/1/p2p-circuit/p2p/${BOB.peer}`]) {
    assert.throws(() => parseCircuit(bad), Error, bad)
  }
  assert.equal(parseWebSocket(`/ip6/::1/tcp/80/ws/p2p/${BOB.peer}`).url, 'ws://[::1]:80/')
  assert.equal(parseWebSocket('/dns4/example.org/tcp/443/tls/ws').url, 'wss://example.org:443/')
  assert.throws(() => parseWebSocket('/ip4/1.2.3.4/tcp/80'))
  assert.equal(peerOctets('QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC').length, 34)
  for (const bad of ['', '0', 'Qm', 'l'.repeat(50), 'z'.repeat(200), undefined]) assert.equal(peerOctets(bad), null, bad)
  assert.deepEqual(fromBase58('11'), new Uint8Array(2))
})

test('which path it is', () => {
  const end = (type, address = '') => ({ type, address, port: 1 })
  for (const [local, remote, kind] of [
    [end('host', '192.168.1.2'), end('host', '192.168.1.3'), 'host'], [end('host'), end('host'), 'host'],
    [end('host'), end('prflx'), 'host'], [end('host'), end('prflx', '192.168.1.3'), 'host'], [end('host'), end('prflx', 'fd00::3'), 'host'],
    [end('host'), end('prflx', '198.51.100.1'), 'nat'], [end('srflx'), end('host', '198.51.100.1'), 'nat'], [end('prflx'), end('host'), 'nat'],
    [end('host'), end('srflx', '198.51.100.1'), 'nat'], [end('relay'), end('host'), 'turn'], [end('host'), end('relay'), 'turn']
  ]) assert.equal(kindOf(local, remote), kind, JSON.stringify([local, remote]))
  for (const address of ['10.1.2.3', '172.31.0.1', '100.64.0.1', '127.0.0.1', '169.254.1.1', 'fe80::1', '::1']) assert.ok(isPrivateAddress(address), address)
  for (const address of ['172.32.0.1', '100.128.0.1', '192.0.2.1', '2001:db8::1', 'x.local']) assert.ok(!isPrivateAddress(address), address)
  const stats = new Map([
    ['T', { type: 'transport', selectedCandidatePairId: 'P' }], ['P', { type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'R', currentRoundTripTime: 0.002 }],
    ['L', { type: 'local-candidate', candidateType: 'host', address: '192.0.2.1', port: 9, protocol: 'udp' }],
    ['R', { type: 'remote-candidate', candidateType: 'prflx', port: 8 }]
  ])
  assert.deepEqual(selectedPair(stats), {
    kind: 'host', local: { type: 'host', address: '192.0.2.1', port: 9 }, remote: { type: 'prflx', address: '', port: 8 }, protocol: 'udp', roundTrip: 2
  })
  stats.delete('T')
  assert.equal(selectedPair(stats), null)
})

// ---- Signalling -------------------------------------------------------------------------------------------------------------

test('signalling messages', () => {
  assert.deepEqual(signal(0, 'a'), Uint8Array.of(8, 0, 0x12, 1, 97)) // the type is told even where it is 0
  assert.deepEqual(parseSignal(Uint8Array.of(0x12, 1, 97)), { type: 0, data: 'a' })
  assert.throws(() => parseSignal(Uint8Array.of(0x0a, 5)), { code: 'protocol_violation' })
  for (const end of ['null', '""', '{"candidate":""}']) assert.equal(parseCandidate(end), null)
  assert.deepEqual(parseCandidate('{"candidate":"a=candidate:1","sdpMid":null,"usernameFragment":null}'), { candidate: 'a=candidate:1', sdpMid: '0', sdpMLineIndex: 0 })
  for (const bad of ['', '{', '{}', '{"candidate":7}', '7', '[]']) assert.throws(() => parseCandidate(bad), { code: 'protocol_violation' }, bad)
})

/** An RTCPeerConnection that takes everything, and is connected when it is told. */
class FakePc extends EventTarget {
  connectionState = 'new'
  taken = []
  async createOffer () { return { type: 'offer', sdp: 'OFFER' } }
  async createAnswer () { return { type: 'answer', sdp: 'ANSWER' } }
  async setLocalDescription () { this.onicecandidate({ candidate: { candidate: 'candidate:ours' } }) }
  async setRemoteDescription ({ sdp }) { if (sdp === 'bad') throw new Error('no SDP') }
  async addIceCandidate ({ candidate }) {
    this.taken.push(candidate)
    if (candidate === 'useless') throw new Error('cannot')
  }

  become (state) {
    this.connectionState = state
    this.dispatchEvent(new Event('connectionstatechange'))
  }
}

const OFFER = 0; const ANSWER = 1; const CANDIDATE = 2
const candidate = text => signal(CANDIDATE, JSON.stringify({ candidate: text }))

/** An attempt, and its remote's end of the stream. */
function attempt (role) {
  const [ours, remote] = End.pair()
  const pc = new FakePc()
  const signalling = new Signalling(ours, pc)
  const done = signalling[role]()
  done.catch(() => {})
  const say = (...messages) => remote.write(concat(...messages.map(delimited)))
  const hear = async () => parseSignal(await remote.readDelimited(70000))
  return { pc, signalling, done, remote, say, hear }
}

test('the offer goes first, candidates may overtake the answer, ours follow', async () => {
  const { pc, signalling, done, say, hear, remote } = attempt('offer')
  assert.deepEqual(await hear(), { type: OFFER, data: 'OFFER' })
  assert.deepEqual(await hear(), { type: CANDIDATE, data: '{"candidate":"candidate:ours"}' })
  await say(candidate('early'), signal(ANSWER, 'ANSWER'), candidate('useless'), candidate('late'), signal(CANDIDATE, '""'), signal(3, ''))
  await remote.closeWrite() // which is no failure
  await ticks(20)
  assert.deepEqual(pc.taken, ['early', 'useless', 'late'])
  pc.become('connecting')
  pc.become('connected')
  await done
  assert.deepEqual([signalling.sent, signalling.heard], [['candidate:ours'], ['early', 'useless', 'late']])
})

test('the answer goes before our candidates', async () => {
  const { pc, done, say, hear } = attempt('answer')
  await say(signal(OFFER, 'OFFER'), candidate('theirs'))
  assert.deepEqual((await hear()).type, ANSWER)
  assert.deepEqual((await hear()).type, CANDIDATE)
  pc.become('connected')
  await done
})

test('signalling that is none ends the attempt with its own error', async () => {
  for (const [what, role, messages, code] of [
    ['a candidate first', 'answer', [candidate('x')], 'protocol_violation'], ['an answer first', 'answer', [signal(ANSWER, 'x')], 'protocol_violation'],
    ['an offer for an answer', 'offer', [signal(OFFER, 'x')], 'protocol_violation'], ['no SDP', 'offer', [signal(ANSWER, 'bad')], 'protocol_violation'],
    ['a second answer', 'offer', [signal(ANSWER, 'x'), signal(ANSWER, 'x')], 'protocol_violation'],
    ['no JSON', 'offer', [signal(ANSWER, 'x'), signal(CANDIDATE, '{')], 'protocol_violation'],
    ['too long', 'offer', [signal(ANSWER, 'x'.repeat(70000))], 'protocol_violation'],
    ['too early and too many', 'offer', Array.from({ length: 33 }, () => candidate('x')), 'limit_exceeded'],
    ['endless', 'answer', [signal(OFFER, 'x'), ...Array.from({ length: 256 }, () => candidate('x'))], 'limit_exceeded']
  ]) {
    const { done, say, pc } = attempt(role)
    await say(...messages)
    await assert.rejects(done, { code }, what)
    assert.ok(pc.taken.length <= 32, what)
  }
})

test('a connection that fails, and an offer that nobody answers', async () => {
  const failing = attempt('offer')
  failing.pc.become('failed')
  await failing.say(signal(ANSWER, 'x'))
  await assert.rejects(failing.done, { code: 'unreachable' })
  const silent = attempt('offer')
  await silent.remote.closeWrite()
  await assert.rejects(silent.done, { code: 'refused' })
})

// ---- Files ------------------------------------------------------------------------------------------------------------------

const octets = random(700_000)
const blob = new Blob([octets])
const digest = await digestOf(blob)

async function transfer ({ incoming = header => new Incoming(header), sent = blob, claimed = digest } = {}) {
  const [a, b] = End.pair()
  const progress = []
  const results = await Promise.allSettled([
    sendFile(a, sent, { name: 'a b.txt', digest: claimed, onprogress: count => progress.push(count) }), receiveFile(b, async header => incoming(header))
  ])
  return [...results, progress]
}

test('a file arrives whole', async () => {
  const [sent, received, progress] = await transfer()
  assert.equal(sent.value, 0)
  assert.deepEqual(new Uint8Array(await received.value.file.arrayBuffer()), octets)
  assert.equal(received.value.incoming.name, 'a b.txt')
  assert.deepEqual([progress[0], progress.at(-1)], [0, octets.length])
  assert.ok(progress.every((count, i) => i === 0 || count >= progress[i - 1]))
  const [empty] = await transfer({ sent: new Blob([]), claimed: await digestOf(new Blob([])) })
  assert.equal(empty.value, 0)
})

test('who has a part gets the rest, and who has all gets nothing', async () => {
  for (const have of [1, 262144, octets.length]) {
    const incoming = header => {
      const begun = new Incoming(header)
      begun.add(octets.slice(0, have))
      return begun
    }
    const [sent, received] = await transfer({ incoming })
    assert.equal(sent.value, have)
    assert.deepEqual(new Uint8Array(await received.value.file.arrayBuffer()), octets)
  }
})

test('a file that is refused, and one that is another', async () => {
  const [sent] = await transfer({ incoming: () => { throw new Error('no\x1b[31m room') } })
  assert.deepEqual([sent.reason.code, sent.reason.message], ['refused', 'Refused: no [31m room'])
  const [told, found] = await transfer({ claimed: '0'.repeat(64) })
  assert.equal(told.reason.code, 'remote_failed')
  assert.match(found.reason.message, /SHA-256/)
})

test('headers and answers that are none', async () => {
  const good = { name: 'a', size: 1, sha256: digest }
  assert.deepEqual(checkHeader(good), good)
  for (const bad of [{ name: '' }, { name: 'a/b' }, { name: '..' }, { name: 'x'.repeat(256) }, { name: 7 }, { name: '.x' }, { name: 'a\\b' }, { name: 'a\nb' }, { size: -1 }, { size: 1.5 }, { size: 2 ** 53 }, { size: '1' }, { sha256: 'x' }, { sha256: undefined }]) {
    assert.throws(() => checkHeader({ ...good, ...bad }), { code: 'protocol_violation' }, JSON.stringify(bad))
  }
  for (const answer of ['{"offset":-1}', '{"offset":700001}', '{"offset":"0"}', '{}', '[', 'null', 'x'.repeat(5000)]) {
    const [a, b] = End.pair()
    await b.write(delimited(utf8(answer)))
    await assert.rejects(sendFile(a, blob, { name: 'a', digest }), { code: 'protocol_violation' }, answer)
  }
  const [a, b] = End.pair()
  await a.write(concat(delimited(utf8(JSON.stringify({ ...good, size: 3 }))), utf8('four')))
  await assert.rejects(receiveFile(b, async header => new Incoming(header)), /more octets/)
  assert.equal(text(await a.readDelimited(100)), '{"offset":0}')
  assert.match(text(await a.readDelimited(100)), /more octets/)
})
