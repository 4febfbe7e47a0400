// SPDX-License-Identifier: MIT OR Apache-2.0
// Noise_XX_25519_ChaChaPoly_SHA256 with libp2p's payloads, both roles, and the stream that it secures.
import { ByteStream } from './byte_stream.js'
import { concat, field, fields, utf8 } from './bytes.js'
import { P2pError } from './errors.js'
import { isSignedBy, newExchange, peerOf } from './identity.js'
import { chacha20poly1305, hmac, sha256 } from './vendor/noble.js'

const STATIC = utf8('noise-libp2p-static-key:')
const TAG = 16
const MAX_PLAINTEXT = 65535 - TAG
const NOTHING = new Uint8Array(0)

/** One direction: a key and a counter. A page does not live for 2^53 messages. */
class Cipher {
  #nonce = 0
  constructor (key) { this.key = key }

  seal (octets, ad = NOTHING) { return chacha20poly1305(this.key, this.#next(), ad).encrypt(octets) }

  unseal (sealed, ad = NOTHING) {
    try {
      return chacha20poly1305(this.key, this.#next(), ad).decrypt(sealed)
    } catch {
      throw new P2pError('protocol_violation', 'Noise failed: somebody may be in the middle.')
    }
  }

  #next () {
    const nonce = new Uint8Array(12)
    new DataView(nonce.buffer).setBigUint64(4, BigInt(this.#nonce++), true)
    return nonce
  }
}

/** The messages of one handshake. `write` and `read` follow each other; after the third message `finish` splits. */
export class NoiseHandshake {
  #hash = utf8('Noise_XX_25519_ChaChaPoly_SHA256') // has 32 octets, so it is its own hash
  #chain = this.#hash
  #cipher = null

  /** Makes the keys, and all that does not need the remote: it is done while the connection comes up. */
  static async prepare (identity, prologue = NOTHING) {
    const noise = new NoiseHandshake()
    noise.ephemeral = await newExchange()
    noise.static = await newExchange()
    const signature = await identity.sign(concat(STATIC, noise.static.publicKey))
    noise.proof = concat(field(1, identity.publicKey), field(2, signature))
    noise.#mixHash(prologue)
    return noise
  }

  /** -> e */
  writeFirst () {
    this.#mixHash(this.ephemeral.publicKey)
    this.#mixHash(NOTHING)
    return this.ephemeral.publicKey
  }

  readFirst (message) {
    if (message.length < 32) throw new P2pError('protocol_violation', 'The first Noise message is too short.')
    this.remote = message.subarray(0, 32)
    this.#mixHash(this.remote)
    this.#mixHash(message.subarray(32))
  }

  /** <- e, ee, s, es */
  async writeSecond () {
    this.#mixHash(this.ephemeral.publicKey)
    this.#mixKey(await this.ephemeral.agree(this.remote))
    const sealed = this.#encrypt(this.static.publicKey)
    this.#mixKey(await this.static.agree(this.remote))
    return concat(this.ephemeral.publicKey, sealed, this.#encrypt(this.proof))
  }

  /** Resolves to the remote's peer id, proven. */
  async readSecond (message) {
    if (message.length < 96) throw new P2pError('protocol_violation', 'The second Noise message is too short.')
    this.remote = message.subarray(0, 32)
    this.#mixHash(this.remote)
    this.#mixKey(await this.ephemeral.agree(this.remote))
    const key = this.#decrypt(message.subarray(32, 80))
    this.#mixKey(await this.ephemeral.agree(key))
    return provenPeer(key, this.#decrypt(message.subarray(80)))
  }

  /** -> s, se */
  async writeThird () {
    const sealed = this.#encrypt(this.static.publicKey)
    this.#mixKey(await this.static.agree(this.remote))
    return concat(sealed, this.#encrypt(this.proof))
  }

  /** Resolves to the remote's peer id, proven. */
  async readThird (message) {
    if (message.length < 64) throw new P2pError('protocol_violation', 'The last Noise message is too short.')
    const key = this.#decrypt(message.subarray(0, 48))
    this.#mixKey(await this.ephemeral.agree(key))
    return provenPeer(key, this.#decrypt(message.subarray(48)))
  }

  /** The ciphers of the initiator's octets and of the responder's. */
  split () { return this.#derive(NOTHING).map(key => new Cipher(key)) }

  #mixHash (octets) { this.#hash = sha256(concat(this.#hash, octets)) }

  #mixKey (secret) {
    const [chain, key] = this.#derive(secret)
    this.#chain = chain
    this.#cipher = new Cipher(key)
  }

  #derive (secret) {
    const temporary = hmac(sha256, this.#chain, secret)
    const first = hmac(sha256, temporary, Uint8Array.of(1))
    return [first, hmac(sha256, temporary, concat(first, [2]))]
  }

  #encrypt (octets) {
    const sealed = this.#cipher.seal(octets, this.#hash)
    this.#mixHash(sealed)
    return sealed
  }

  #decrypt (sealed) {
    const octets = this.#cipher.unseal(sealed, this.#hash)
    this.#mixHash(sealed)
    return octets
  }
}

async function provenPeer (staticKey, payload) {
  const parts = fields(payload)
  const [key, signature] = [parts?.get(1)?.[0], parts?.get(2)?.[0]]
  if (!(key instanceof Uint8Array && signature instanceof Uint8Array) ||
      !await isSignedBy(key, concat(STATIC, staticKey), signature)) {
    throw new P2pError('protocol_violation', 'The remote could not prove who it is.')
  }
  return peerOf(key)
}

const framed = message => concat([message.length >> 8, message.length & 255], message)

/** One message with its two octets of length in front; null at the end. */
export async function readNoiseMessage (stream) {
  const length = await stream.readExactly(2)
  if (length === null) return null
  const size = length[0] * 256 + length[1]
  const octets = size === 0 ? NOTHING : await stream.readExactly(size)
  if (octets === null) throw new P2pError('protocol_violation', 'The stream ended in the middle of a message.')
  return octets
}

async function expect (stream) {
  const message = await readNoiseMessage(stream)
  if (message === null) throw new P2pError('connection_closed', 'The remote has closed the connection during the handshake.')
  return message
}

/**
 * Resolves to { peer, send, receive }: the proven peer id and the ciphers. Rejects with `peer_mismatch`, before the remote
 * learns who we are, where an initiator finds somebody else than `expected`.
 */
export async function shakeHandsAsInitiator (stream, noise, expected) {
  await stream.write(framed(noise.writeFirst()))
  const peer = await noise.readSecond(await expect(stream))
  checkPeer(peer, expected)
  await stream.write(framed(await noise.writeThird()))
  const [send, receive] = noise.split()
  return { peer, send, receive }
}

export async function shakeHandsAsResponder (stream, noise, expected) {
  noise.readFirst(await expect(stream))
  await stream.write(framed(await noise.writeSecond()))
  const peer = await noise.readThird(await expect(stream))
  checkPeer(peer, expected)
  const [receive, send] = noise.split()
  return { peer, send, receive }
}

function checkPeer (peer, expected) {
  if (expected && peer !== expected) throw new P2pError('peer_mismatch', `It is ${peer} who answers, not ${expected}.`)
}

/** What flows over `pipe` once hands were shaken. */
export class SecureStream extends ByteStream {
  constructor (pipe, { send, receive }) {
    super()
    Object.assign(this, { pipe, send, receive })
    pipe.finished.then(() => this.finish())
  }

  async more () {
    const message = await readNoiseMessage(this.pipe)
    if (message === null) this.deliverEnd()
    else this.deliver(this.receive.unseal(message))
  }

  async write (octets) {
    for (let at = 0; at < octets.length; at += MAX_PLAINTEXT) {
      await this.pipe.write(framed(this.send.seal(octets.subarray(at, at + MAX_PLAINTEXT))))
    }
  }

  closeWrite () { return this.pipe.closeWrite() }
  abort () { this.pipe.abort() }
}
