// SPDX-License-Identifier: MIT OR Apache-2.0
// What noble.js holds: `npm ci && npm run build` makes it, from the versions in package-lock.json.
export { chacha20poly1305 } from '@noble/ciphers/chacha.js'
export { ed25519, x25519 } from '@noble/curves/ed25519.js'
export { p256 } from '@noble/curves/nist.js'
export { secp256k1 } from '@noble/curves/secp256k1.js'
export { hmac } from '@noble/hashes/hmac.js'
export { sha256 } from '@noble/hashes/sha2.js'
