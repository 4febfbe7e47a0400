// SPDX-License-Identifier: MIT OR Apache-2.0
// Circuit relay v2 as its client: a place at a relay, circuits to others, and circuits of others to us.
import { concat, delimited, field, fields, equal, base58 } from './bytes.js'
import { P2pError, within } from './errors.js'
import { openEnvelope } from './identity.js'
import { peerOctets } from './multiaddr.js'

const HOP = '/libp2p/circuit/relay/0.2.0/hop'
export const STOP = '/libp2p/circuit/relay/0.2.0/stop'
const MAX_MESSAGE = 4096
const PATIENCE = 15_000 // milliseconds for a relay's answer: it has to ask the other peer
const OK = 100
const RESERVE = 0; const CONNECT = 1; const HOP_STATUS = 2
const STOP_CONNECT = 0; const STOP_STATUS = 1
const VOUCHER = 'libp2p-relay-rsvp'
const VOUCHER_TYPE = Uint8Array.of(3, 2)

const WORDS = {
  200: ['refused', 'The relay refuses a place.'],
  201: ['limit_exceeded', 'The relay is full, or has had enough of us.'],
  202: ['refused', 'The relay does not allow it.'],
  203: ['unreachable', 'The relay cannot reach the peer.'],
  204: ['unreachable', 'The peer has no place at the relay: it is not there, or somewhere else.'],
  400: ['protocol_violation', 'The relay takes our message for malformed.'],
  401: ['protocol_violation', 'The relay did not expect our message.']
}

/** What a relay allows a circuit: { seconds, octets } each way, 0 being no bound; null where there is none at all. */
function limitOf (octets) {
  const parts = octets instanceof Uint8Array ? fields(octets) : null
  const [seconds, most] = [1, 2].map(number => parts?.get(number)?.[0]).map(value => typeof value === 'number' ? value : 0)
  return seconds > 0 || most > 0 ? { seconds, octets: most } : null
}

async function readMessage (stream) {
  const octets = await stream.readDelimited(MAX_MESSAGE)
  const parts = octets && fields(octets)
  if (!parts) throw new P2pError('protocol_violation', 'The relay says nothing, or what is no message.')
  return parts
}

/** Asks the relay; resolves to the fields of its answer, if that is yes. */
async function ask (stream, message) {
  await stream.write(delimited(message))
  const answer = await within(PATIENCE, readMessage(stream), 'The relay does not answer.')
  const [type, status] = [answer.get(1)?.[0], answer.get(5)?.[0]]
  if (type !== HOP_STATUS) throw new P2pError('protocol_violation', 'The relay answers something else.')
  if (status !== OK) throw new P2pError(...(WORDS[status] ?? ['refused', `The relay refuses, with status ${status}.`]))
  return answer
}

async function onHop (connection, work) {
  const stream = await connection.open(HOP)
  try {
    return await work(stream)
  } catch (error) {
    stream.abort()
    throw error
  }
}

/**
 * Asks for a place at the relay, or for more time there. Resolves to { expires (milliseconds of Date.now), addresses
 * (octets, without /p2p-circuit), limited }. Rejects with `refused`, `limit_exceeded`, or what is wrong with the voucher.
 */
export function reserve (connection, self) {
  return onHop(connection, async stream => {
    const answer = await ask(stream, field(1, RESERVE))
    const reservation = fields(answer.get(3)?.[0] ?? new Uint8Array(0))
    const expires = reservation?.get(1)?.[0]
    if (typeof expires !== 'number') throw new P2pError('protocol_violation', 'The relay does not say until when.')
    const voucher = reservation.get(3)?.[0]
    if (voucher instanceof Uint8Array) await checkVoucher(voucher, connection.peer, self)
    stream.closeWrite().catch(() => {})
    const addresses = (reservation.get(2) ?? []).filter(value => value instanceof Uint8Array)
    return { expires: expires * 1000, addresses, limited: limitOf(answer.get(4)?.[0]) }
  })
}

async function checkVoucher (envelope, relay, self) {
  const opened = await openEnvelope(envelope, VOUCHER, VOUCHER_TYPE)
  const parts = opened && fields(opened.payload)
  const [by, whose, until] = [1, 2, 3].map(number => parts?.get(number)?.[0])
  const fits = opened?.signer === relay && by instanceof Uint8Array && base58(by) === relay &&
    whose instanceof Uint8Array && equal(whose, peerOctets(self)) && until * 1000 > Date.now()
  if (!fits) throw new P2pError('protocol_violation', 'The voucher of the relay is not what it should be.')
}

/** Asks the relay for a circuit. Resolves to { stream, limited }: nothing on the stream is secured yet. */
export function connectThrough (connection, peer) {
  return onHop(connection, async stream => {
    const answer = await ask(stream, concat(field(1, CONNECT), field(2, field(1, peerOctets(peer)))))
    return { stream, limited: limitOf(answer.get(4)?.[0]) }
  })
}

/**
 * What a relay opens with STOP: resolves to { peer, stream, limited } once we have agreed, which we do where `isExpected`
 * says so of the peer that the relay names, who is not proven yet.
 */
export async function acceptCircuit (stream, isExpected) {
  const message = await within(PATIENCE, readMessage(stream), 'The relay does not say who calls.')
  const named = fields(message.get(2)?.[0] ?? new Uint8Array(0))?.get(1)?.[0]
  const peer = named instanceof Uint8Array ? base58(named) : ''
  const status = message.get(1)?.[0] !== STOP_CONNECT || !peerOctets(peer) ? 400 : isExpected(peer) ? OK : 202
  await stream.write(delimited(concat(field(1, STOP_STATUS), field(4, status))))
  if (status !== OK) {
    await stream.closeWrite()
    throw new P2pError('refused', `A circuit was refused, with status ${status}.`)
  }
  return { peer, stream, limited: limitOf(message.get(3)?.[0]) }
}
