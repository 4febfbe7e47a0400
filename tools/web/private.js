// SPDX-License-Identifier: MIT OR Apache-2.0
// Private WebRTC: a direct connection between two that nobody can reach, arranged over a relayed one, which vouches for
// the certificates.
import { P2pError, within } from './errors.js'
import { INIT, RtcMuxer } from './rtc_muxer.js'
import { SIGNALLING, Signalling } from './signalling.js'

const SETTLE = 10_000 // milliseconds for the first channel

/** What one attempt is: its RtcMuxer, and its Signalling, which tells the candidates. */
function prepare (stream, configuration) {
  const muxer = new RtcMuxer(new RTCPeerConnection(configuration))
  return { muxer, signalling: new Signalling(stream, muxer.pc) }
}

/** A channel that carries nothing comes and goes; its number is free once both have closed it. */
async function settle (channel) {
  const until = name => new Promise(resolve => channel.addEventListener(name, resolve, { once: true }))
  if (channel.readyState === 'connecting') await until('open')
  if (channel.readyState === 'closed') return
  const closed = until('close')
  channel.close()
  await closed
}

/**
 * Dials the peer at the other end of `relayed`. Resolves to { muxer, signalling }. `onattempt` is called with what there is
 * of it at the beginning; to close its muxer ends the attempt.
 */
export async function dialPrivate (relayed, configuration, onattempt = () => {}) {
  const stream = await relayed.open(SIGNALLING, { limited: true })
  const attempt = prepare(stream, configuration)
  const { muxer, signalling } = attempt
  onattempt(attempt)
  const stopped = muxer.closed.then(reason => { throw new P2pError('connection_closed', reason) })
  stopped.catch(() => {})
  try {
    const channel = muxer.pc.createDataChannel(INIT)
    await Promise.race([signalling.offer(), stopped])
    await within(SETTLE, Promise.race([settle(channel), stopped]), 'The direct connection carries nothing.')
  } catch (error) {
    stream.abort()
    muxer.close()
    throw error
  }
  signalling.finish()
  return attempt
}

/** Answers a dial on the signalling stream. Resolves as `dialPrivate`. */
export async function answerPrivate (stream, configuration) {
  const attempt = prepare(stream, configuration)
  try {
    await attempt.signalling.answer()
  } catch (error) {
    attempt.muxer.close()
    throw error
  }
  attempt.signalling.finish()
  return attempt
}
