// SPDX-License-Identifier: MIT OR Apache-2.0
// multistream-select 1.0: which protocol a stream carries.
import { concat, delimited, text, utf8 } from './bytes.js'
import { P2pError } from './errors.js'

const MULTISTREAM = '/multistream/1.0.0'
const MAX_PROTOCOL_NAME = 1024
const MAX_PROPOSALS = 16

const line = name => delimited(utf8(name + '\n'))

async function readLine (stream) {
  const message = await stream.readDelimited(MAX_PROTOCOL_NAME)
  if (message === null) throw new P2pError('stream_reset', 'The stream ended before a protocol was agreed on.')
  if (message.at(-1) !== 10) throw new P2pError('protocol_violation', 'A protocol name does not end in a line feed.')
  return text(message.subarray(0, -1))
}

async function expectMultistream (stream) {
  if (await readLine(stream) !== MULTISTREAM) throw new P2pError('protocol_violation', 'The remote speaks no multistream.')
}

/** Rejects with `no_common_protocol` where the remote does not serve it. */
export async function propose (stream, protocol) {
  await stream.write(concat(line(MULTISTREAM), line(protocol)))
  await expectMultistream(stream)
  if (await readLine(stream) !== protocol) throw new P2pError('no_common_protocol', `The remote does not serve ${protocol}.`)
  stream.protocol = protocol
}

/** Resolves to the first protocol that the remote proposes and `isServed` agrees to. */
export async function agree (stream, isServed) {
  await expectMultistream(stream)
  await stream.write(line(MULTISTREAM))
  for (let tries = 0; tries < MAX_PROPOSALS; tries++) {
    const protocol = await readLine(stream)
    const served = isServed(protocol)
    await stream.write(line(served ? protocol : 'na'))
    if (!served) continue
    stream.protocol = protocol
    return protocol
  }
  throw new P2pError('no_common_protocol', 'The remote proposed too much.')
}
