// SPDX-License-Identifier: MIT OR Apache-2.0
// /ipfs/ping/1.0.0: 32 octets there and back.
import { equal } from './bytes.js'
import { P2pError } from './errors.js'

export const PING = '/ipfs/ping/1.0.0'
const SIZE = 32

/** Resolves to the milliseconds of a round trip on a stream that was opened for it, or null where the remote has ended it. */
export async function ping (stream) {
  const sent = crypto.getRandomValues(new Uint8Array(SIZE))
  const began = performance.now()
  await stream.write(sent)
  const answer = await stream.readExactly(SIZE)
  if (answer === null) return null
  if (!equal(answer, sent)) throw new P2pError('protocol_violation', 'Another answer to a ping.')
  return performance.now() - began
}

export async function answerPings (stream) {
  for (let sent; (sent = await stream.readExactly(SIZE)) !== null;) await stream.write(sent)
  await stream.closeWrite()
}
