// SPDX-License-Identifier: MIT OR Apache-2.0
// Keys of peers, and what they sign. The browser's own primitives are fast but need a secure context, which a page at
// http://192.168.… is not, and not every browser has them: then noble's.
import { concat, equal, field, fields, base58, utf8, varint } from './bytes.js'
import { ed25519, p256, secp256k1, sha256, x25519 } from './vendor/noble.js'

const RSA = 0; const ED25519 = 1; const SECP256K1 = 2; const ECDSA = 3
const P256_HEAD = 26 // octets of a SubjectPublicKeyInfo before an uncompressed point
const PKCS8_HEAD = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20] // before an Ed25519 seed

const subtle = globalThis.crypto?.subtle

/** What the browser does by itself, or else what `otherwise` does. */
async function natively (work, otherwise) {
  if (subtle) {
    try {
      return await work()
    } catch { /* it does not know the algorithm, or has been given nonsense, which noble will say again */ }
  }
  return otherwise()
}

const raw = (algorithm, key, uses) => subtle.importKey('raw', key, { name: algorithm }, false, uses)

/** A fresh X25519 key: { publicKey, agree(remote) }. */
export const newExchange = () => natively(async () => {
  const pair = await subtle.generateKey({ name: 'X25519' }, false, ['deriveBits'])
  return {
    publicKey: new Uint8Array(await subtle.exportKey('raw', pair.publicKey)),
    agree: async remote => new Uint8Array(await subtle.deriveBits(
      { name: 'X25519', public: await raw('X25519', remote, []) }, pair.privateKey, 256))
  }
}, () => {
  const secret = x25519.utils.randomSecretKey()
  return { publicKey: x25519.getPublicKey(secret), agree: async remote => x25519.getSharedSecret(secret, remote) }
})

const verifyEd25519 = (signature, octets, key) => natively(
  async () => subtle.verify('Ed25519', await raw('Ed25519', key, ['verify']), signature, octets),
  () => ed25519.verify(signature, octets, key))

export class Identity {
  constructor () {
    this.secret = ed25519.utils.randomSecretKey()
    this.publicKey = concat(field(1, ED25519), field(2, ed25519.getPublicKey(this.secret)))
    this.peer = peerOf(this.publicKey)
  }

  /** Resolves to the signature. */
  sign (octets) {
    return natively(async () => {
      this.key ??= await subtle.importKey('pkcs8', concat(PKCS8_HEAD, this.secret), { name: 'Ed25519' }, false, ['sign'])
      return new Uint8Array(await subtle.sign('Ed25519', this.key, octets))
    }, () => ed25519.sign(octets, this.secret))
  }
}

/** The peer id, as text, of a key in libp2p's protobuf. */
export function peerOf (publicKey) {
  return base58(publicKey.length <= 42
    ? concat([0, publicKey.length], publicKey)
    : concat([0x12, 32], sha256(publicKey)))
}

/** Whether the key, in libp2p's protobuf, has signed the octets. */
export async function isSignedBy (publicKey, octets, signature) {
  const parts = fields(publicKey)
  const [type, key] = [parts?.get(1)?.[0], parts?.get(2)?.[0]]
  if (typeof type !== 'number' || !(key instanceof Uint8Array)) return false
  try {
    switch (type) {
      case ED25519: return await verifyEd25519(signature, octets, key)
      case SECP256K1: return secp256k1.verify(signature, octets, key, { format: 'der', lowS: false })
      case ECDSA: return p256.verify(signature, octets, key.subarray(P256_HEAD), { format: 'der', lowS: false })
      case RSA: {
        if (!subtle) throw new Error('An RSA key can be checked only on a page from localhost or https.')
        const how = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
        const imported = await subtle.importKey('spki', key, how, false, ['verify'])
        return await subtle.verify(how, imported, signature, octets)
      }
    }
  } catch (error) {
    if (type === RSA && !subtle) throw error
  }
  return false
}

/** Opens a signed envelope: { signer (a peer id), payload }; null where it is none of that domain and type. */
export async function openEnvelope (octets, domain, type) {
  const parts = fields(octets)
  const [key, found, payload, signature] = [1, 2, 3, 5].map(number => parts?.get(number)?.[0])
  if (![key, found, payload, signature].every(part => part instanceof Uint8Array) || !equal(found, type)) return null
  const signed = concat(...[utf8(domain), found, payload].flatMap(part => [varint(part.length), part]))
  return await isSignedBy(key, signed, signature) ? { signer: peerOf(key), payload } : null
}
