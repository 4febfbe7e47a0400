// SPDX-License-Identifier: MIT OR Apache-2.0
// The page's modules that need no browser: addresses, octets, and streams on a channel that is none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base58, concat, delimited, field, fields, fromBase64url, readVarint, toBase64url, utf8, varint } from '../../tools/web/bytes.js'
import { Identity } from '../../tools/web/identity.js'
import { Stream } from '../../tools/web/libp2p.js'
import { addressText, parseDirect } from '../../tools/web/multiaddr.js'

const HASH = 'uEiBKszEdDOp6hwDW032lkq9meBd-9MXzXMoOiBGRwBRxGw'
const hex = text => Uint8Array.from(text.match(/../g) ?? [], pair => parseInt(pair, 16))
const tick = () => new Promise(resolve => setImmediate(resolve))

test('IPv6 addresses are written as RFC 5952 says', () => {
  const written = groups => addressText(concat([41], hex(groups.replaceAll(' ', ''))))
  for (const [octets, text] of [
    ['0000 0000 0000 0000 0000 0000 0000 0001', '::1'], ['0000 0000 0000 0000 0000 0000 0000 0000', '::'],
    ['fe80 0000 0000 0000 0000 0000 0000 0000', 'fe80::'], ['2001 0db8 0000 0000 0001 0000 0000 0001', '2001:db8::1:0:0:1'],
    ['2001 0db8 0000 0001 0000 0000 0000 0001', '2001:db8:0:1::1'], ['0001 0002 0003 0004 0005 0006 0007 0008', '1:2:3:4:5:6:7:8'],
    ['0010 0100 0000 0000 0000 0000 0020 0200', '10:100::20:200'], ['0001 0000 0002 0000 0003 0000 0004 0000', '1:0:2:0:3:0:4:0']
  ]) assert.equal(written(octets), '/ip6/' + text)
})

test('an address of identify', () => {
  const octets = hex('0401020304910204d29802d203221220e2929e4a5548242ed6b512350df8829b1e4f9d50183c5732a07f99d7c4b2b8eb')
  assert.equal(addressText(octets), '/ip4/1.2.3.4/udp/1234/webrtc-direct/certhash/uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w')
  for (let end = 1; end < octets.length; end++) {
    const text = addressText(octets.subarray(0, end))
    assert.ok(text === null || ['/ip4/1.2.3.4', '/ip4/1.2.3.4/udp/1234', '/ip4/1.2.3.4/udp/1234/webrtc-direct'].includes(text), text)
  }
  assert.equal(addressText(hex('ff7f')), null)
})

test('addresses to dial', () => {
  const parsed = parseDirect(` /ip6/::1/udp/4001/webrtc-direct/certhash/${HASH}/p2p/12D3KooWx \n`)
  assert.deepEqual([parsed.family, parsed.host, parsed.port, parsed.peer], ['ip6', '::1', 4001, '12D3KooWx'])
  assert.equal('uEi' + toBase64url(concat([0x12, 0x20], parsed.fingerprint)).slice(2), HASH)
  assert.equal(parseDirect(`/ip4/1.2.3.4/udp/1/webrtc-direct/certhash/zQm/certhash/${HASH}`).peer, undefined)
  for (const bad of ['', '/', '/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/udp/1/webrtc-direct', '/ip4/1.2.3.4/udp/1/webrtc-direct/p2p/x',
    `/ip4/1.2.3.4/udp/0/webrtc-direct/certhash/${HASH}`, `/ip4/1.2.3.4/udp/65536/webrtc-direct/certhash/${HASH}`,
    '/ip4/1.2.3.4/udp/1/webrtc-direct/certhash/uAAAA', `/ip4/1.2.3.4/udp/1/webrtc-direct/certhash/${HASH}A`,
    `/ip4/1.2.3.4/udp/1/webrtc-direct/certhash/${HASH}/x`, `/dns4/a/udp/1/webrtc-direct/certhash/${HASH}`]) {
    assert.throws(() => parseDirect(bad), Error, bad)
  }
})

test('varints, protobuf and base58', () => {
  for (const number of [0, 1, 127, 128, 300, 2 ** 31, 2 ** 40, 2 ** 53 - 1]) assert.equal(readVarint(varint(number))[0], number)
  assert.equal(readVarint(hex('80')), undefined)
  assert.equal(readVarint(new Uint8Array(9).fill(0x80)), null)
  const message = concat(field(1, 300), field(2, utf8('a')), field(2, utf8('')), hex('1d00000000'))
  assert.deepEqual([...fields(message)], [[1, [300]], [2, [utf8('a'), new Uint8Array(0)]]])
  for (const bad of ['0a', '0a05', '0a0501', '08', '0b', '0d0000', '0f']) assert.equal(fields(hex(bad)), null, bad)
  assert.equal(base58(hex('0000287fb4cd')), '11233QC4')
  assert.equal(base58(new Uint8Array(0)), '')
  assert.equal(fromBase64url('a+b'), null)
})

test('nothing that is read can throw', () => {
  let state = 1
  const random = () => (state = state * 48271 % 2147483647)
  for (let i = 0; i < 20000; i++) {
    const octets = Uint8Array.from({ length: random() % 40 }, () => random() & 255)
    fields(octets)
    addressText(octets)
    readVarint(octets)
  }
})

test('an identity is an Ed25519 peer, and signs', async () => {
  const identity = new Identity()
  assert.match(identity.peer, /^12D3KooW\w{44}$/)
  assert.equal((await identity.sign(utf8('x'))).length, 64)
})

class Channel extends EventTarget {
  constructor () {
    super()
    Object.assign(this, { sent: [], readyState: 'open', bufferedAmount: 0 })
  }

  send (octets) {
    this.sent.push(octets.slice())
    this.bufferedAmount += octets.length
  }

  close () { this.readyState = 'closed' }
  deliver (octets) { this.onmessage({ data: octets.slice().buffer }) }
  drain () {
    this.bufferedAmount = 0
    this.onbufferedamountlow()
  }
}

const open = () => {
  const channel = new Channel()
  return [channel, new Stream(channel)]
}
const FIN = hex('020800'); const STOP_SENDING = hex('020801'); const RESET = hex('020802'); const FIN_ACK = hex('020803')
const payload = text => delimited(field(2, utf8(text)))

test('frames may come in any pieces', async () => {
  const all = concat(payload('hel'), payload('lo'), FIN)
  for (let size = 1; size <= all.length; size++) {
    const [channel, stream] = open()
    for (let at = 0; at < all.length; at += size) channel.deliver(all.subarray(at, at + size))
    assert.deepEqual(await stream.readExactly(5), utf8('hello'))
    assert.equal(await stream.read(), null)
    assert.deepEqual(channel.sent, [FIN_ACK])
  }
})

test('a frame has its payload before its flag', async () => {
  const [channel, stream] = open()
  channel.deliver(delimited(concat(field(1, 0), field(2, utf8('x')))))
  assert.deepEqual(await stream.read(), utf8('x'))
  assert.equal(await stream.read(), null)
})

test('long writes are cut, and wait for the browser', async () => {
  const [channel, stream] = open()
  const octets = new Uint8Array(3 * 1024 * 1024).fill(7)
  let written = false
  const writing = stream.write(octets).then(() => { written = true })
  for (let i = 0; i < 1000 && !written; i++) {
    await tick()
    if (channel.bufferedAmount >= 1024 * 1024) {
      assert.ok(channel.bufferedAmount < 1024 * 1024 + 16384)
      channel.drain()
    }
  }
  await writing
  assert.ok(channel.sent.every(message => message.length <= 16384))
  const received = concat(...channel.sent.map(message => fields(message.subarray(readVarint(message)[1])).get(2)[0]))
  assert.deepEqual(received, octets)
})

test('the end of writing waits for its answer, then the channel is closed', async () => {
  const [channel, stream] = open()
  let closed = false
  const closing = stream.closeWrite().then(() => { closed = true })
  await tick()
  assert.deepEqual(channel.sent, [FIN])
  channel.deliver(FIN)
  await tick()
  assert.deepEqual([closed, channel.readyState], [false, 'open'])
  channel.deliver(FIN_ACK)
  await closing
  assert.equal(channel.readyState, 'closed')
  await assert.rejects(stream.write(utf8('x')), { code: 'write_closed' })
})

test('a reset ends both halves and what had arrived', async () => {
  const [channel, stream] = open()
  channel.deliver(concat(payload('x'), RESET))
  await assert.rejects(stream.read(), { code: 'stream_reset' })
  await assert.rejects(stream.write(utf8('x')), { code: 'stream_reset' })
})

test('a channel that closes without FIN is a reset, behind it an end', async () => {
  for (const [before, isReset] of [[payload('x'), true], [concat(payload('x'), FIN), false]]) {
    const [channel, stream] = open()
    channel.deliver(before)
    if (!isReset) assert.deepEqual(await stream.read(), utf8('x'))
    const reading = stream.read()
    channel.readyState = 'closed'
    channel.onclose()
    if (isReset) await assert.rejects(reading.then(() => stream.read()), { code: 'stream_reset' })
    else assert.equal(await reading, null)
  }
})

test('a remote that reads no more can still be told the end', async () => {
  const [channel, stream] = open()
  channel.deliver(STOP_SENDING)
  await assert.rejects(stream.write(utf8('x')), { code: 'write_closed' })
  const closing = stream.closeWrite()
  await tick()
  channel.deliver(FIN_ACK)
  await closing
})

test('what is no frame resets the stream', async () => {
  for (const bad of [concat(varint(300 * 1024), new Uint8Array(10)), new Uint8Array(12).fill(0x80), hex('020a05')]) {
    const [channel, stream] = open()
    channel.deliver(bad)
    assert.deepEqual(channel.sent, [RESET])
    await assert.rejects(stream.read(), { code: 'stream_reset' })
  }
})

test('messages with a length', async () => {
  const [channel, stream] = open()
  channel.deliver(delimited(field(2, concat(delimited(utf8('one')), delimited(utf8('')), delimited(new Uint8Array(200))))))
  channel.deliver(FIN)
  assert.deepEqual(await stream.readDelimited(10), utf8('one'))
  assert.deepEqual(await stream.readDelimited(10), utf8(''))
  await assert.rejects(stream.readDelimited(100), { code: 'protocol_violation' })
})
