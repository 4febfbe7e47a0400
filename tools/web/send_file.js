// SPDX-License-Identifier: MIT OR Apache-2.0
// /send-file/1.0.0: one file over one stream. Who has a part of it already gets the rest.
//
//   sender    {"name": …, "size": …, "sha256": hex of the whole file}
//   receiver  {"offset": octets that it has}  or  {"refused": why}
//   sender    the octets from there on, and the end of its half
//   receiver  {"ok": true}  or  {"error": why}, and the end of its half
//
// Each object has its length in front, as an unsigned varint, and at most 4096 octets.
import { delimited, hex, text, utf8 } from './bytes.js'
import { P2pError, within } from './errors.js'
import { sha256 } from './vendor/noble.js'

export const SEND_FILE = '/send-file/1.0.0'
const MAX_OBJECT = 4096
const MAX_NAME = 255 // octets
const BLOCK = 256 * 1024
const KEPT_BLOCK = 1024 * 1024 // of what has come, before the browser may put it on a disk
const MAX_AT_ONCE = 256 * 1024 * 1024 // octets that are hashed in one go
const DECISION = 5 * 60_000 // milliseconds for a person at the other end
const VERDICT = 60_000 // for the other end to look at what it has got
const SILENCE = 60_000 // between two pieces

const write = (stream, object) => stream.write(delimited(utf8(JSON.stringify(object))))

async function read (stream) {
  const octets = await stream.readDelimited(MAX_OBJECT)
  if (octets === null) throw new P2pError('stream_reset', 'The other end says nothing.')
  try {
    const object = JSON.parse(text(octets))
    if (typeof object === 'object' && object !== null) return object
  } catch { /* as below */ }
  throw new P2pError('protocol_violation', 'The other end does not speak this protocol.')
}

const words = value => String(value).replace(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, 200)

/** The octets of a Blob from an offset on, in pieces. */
async function * piecesOf (blob, from = 0) {
  for (let at = from; at < blob.size; at += BLOCK) {
    yield new Uint8Array(await blob.slice(at, at + BLOCK).arrayBuffer())
  }
}

/** The SHA-256 of a Blob, in hex. By the browser where it can: that takes the Blob into memory, but a tenth of the time. */
export async function digestOf (blob, onprogress = () => {}) {
  if (globalThis.crypto?.subtle && blob.size <= MAX_AT_ONCE) {
    return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())))
  }
  const hash = sha256.create()
  let done = 0
  for await (const piece of piecesOf(blob)) {
    hash.update(piece)
    onprogress(done += piece.length)
  }
  return hex(hash.digest())
}

/** What a sender may say of its file; throws where it may not. */
export function checkHeader ({ name, size, sha256 }) {
  const isName = typeof name === 'string' && name !== '' && utf8(name).length <= MAX_NAME && !/^\.|[/\\\p{Cc}]/u.test(name)
  if (!isName || !Number.isSafeInteger(size) || size < 0 || !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new P2pError('protocol_violation', 'The header of the file is none.')
  }
  return { name, size, sha256: sha256.toLowerCase() }
}

/**
 * Sends a Blob under a name. `onprogress` is called with what has left, of the whole. Resolves to the octets that the other
 * end had before; rejects with `refused`, or `remote_failed` and what the other end says.
 */
export async function sendFile (stream, blob, { name, digest, onprogress = () => {} }) {
  await write(stream, { name, size: blob.size, sha256: digest })
  const answer = await within(DECISION, read(stream), 'The other end does not decide.')
  if (answer.refused !== undefined) throw new P2pError('refused', `Refused: ${words(answer.refused)}`)
  const { offset } = answer
  if (!Number.isSafeInteger(offset) || offset < 0 || offset > blob.size) throw new P2pError('protocol_violation', 'The other end has more than the file.')
  const verdict = read(stream)
  verdict.catch(() => {})
  const send = async () => {
    let at = offset
    onprogress(at)
    for await (const piece of piecesOf(blob, offset)) {
      await within(SILENCE, stream.write(piece), 'The other end takes nothing more.')
      at += piece.length
      onprogress(Math.max(offset, at - stream.buffered))
    }
    await stream.closeWrite()
  }
  const failed = error => { // why may have been said
    const reason = verdict.then(said => { throw saidWrong(said) })
    return within(1000, reason, '').catch(why => { throw why.code === 'remote_failed' ? why : error })
  }
  await send().catch(failed)
  const said = await within(VERDICT, verdict, 'The other end does not say whether it has the file.')
  if (said.ok !== true) throw saidWrong(said)
  onprogress(blob.size)
  return offset
}

const saidWrong = ({ error }) => new P2pError('remote_failed', `The other end says: ${words(error ?? 'nothing of use')}`)

/** What has come of a file. */
export class Incoming {
  octets = 0
  #blobs = []
  #pieces = []
  #pending = 0

  constructor (header) { Object.assign(this, header) }

  add (piece) {
    this.#pieces.push(piece)
    this.#pending += piece.length
    this.octets += piece.length
    if (this.#pending >= KEPT_BLOCK) this.#settle()
  }

  /** Resolves to the whole file; null where it is another one than was announced. */
  async finish () {
    this.#settle()
    const file = new Blob(this.#blobs, { type: 'application/octet-stream' })
    return file.size === this.size && await digestOf(file) === this.sha256 ? file : null
  }

  #settle () {
    if (this.#pending > 0) this.#blobs.push(new Blob(this.#pieces))
    this.#pieces = []
    this.#pending = 0
  }
}

/**
 * Receives a file. `decide` resolves, for a checked header, to the Incoming that it goes to, which may have its beginning already,
 * or throws a P2pError, whose words the sender is told. Resolves to { file (a Blob), incoming }. Where the stream breaks, the
 * Incoming has what came.
 */
export async function receiveFile (stream, decide, onprogress = () => {}) {
  const header = checkHeader(await within(SILENCE, read(stream), 'The sender says nothing.'))
  let incoming
  try {
    incoming = await decide(header)
  } catch (error) {
    await write(stream, { refused: words(error.message) })
    await stream.closeWrite()
    throw error
  }
  await write(stream, { offset: incoming.octets })
  onprogress(incoming.octets)
  const fail = async why => {
    await write(stream, { error: why })
    await stream.closeWrite()
    throw new P2pError('protocol_violation', `What came is not the file: ${why}.`)
  }
  for (;;) {
    const piece = await within(SILENCE, stream.read(), 'The sender has stopped.')
    if (piece === null) break
    if (piece.length > incoming.size - incoming.octets) return fail('more octets than were announced')
    incoming.add(piece)
    onprogress(incoming.octets)
  }
  if (incoming.octets < incoming.size) return fail('fewer octets than were announced')
  const file = await incoming.finish()
  if (file === null) return fail('another SHA-256 than was announced')
  await write(stream, { ok: true })
  stream.closeWrite().catch(() => {})
  return { file, incoming }
}
