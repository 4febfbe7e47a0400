// SPDX-License-Identifier: MIT OR Apache-2.0
// From a stream of octets to a connection: Noise, then yamux.
import { within } from './errors.js'
import { agree, propose } from './multistream.js'
import { NoiseHandshake, SecureStream, shakeHandsAsInitiator, shakeHandsAsResponder } from './noise.js'
import { Yamux } from './yamux.js'

const NOISE = '/noise'
const YAMUX = '/yamux/1.0.0'
const PATIENCE = 10_000 // milliseconds

/**
 * Resolves to { peer, muxer }. `peer` is who has to be there, where that is known: rejects with `peer_mismatch` before the
 * remote could be told anything. The pipe is aborted where it fails.
 */
export async function upgrade (pipe, identity, { isDialer, peer = undefined }) {
  try {
    return await within(PATIENCE, upgraded(pipe, identity, isDialer, peer), 'The peer does not answer the handshake.')
  } catch (error) {
    pipe.abort()
    throw error
  }
}

async function upgraded (pipe, identity, isDialer, expected) {
  const settle = (stream, protocol) => isDialer ? propose(stream, protocol) : agree(stream, name => name === protocol)
  const noise = await NoiseHandshake.prepare(identity)
  await settle(pipe, NOISE)
  const proven = await (isDialer ? shakeHandsAsInitiator : shakeHandsAsResponder)(pipe, noise, expected)
  const secure = new SecureStream(pipe, proven)
  await settle(secure, YAMUX)
  return { peer: proven.peer, muxer: new Yamux(secure, isDialer) }
}
