// SPDX-License-Identifier: MIT OR Apache-2.0

// What runs in Chromium for version 2, which no release of js-libp2p has: the dialer of our own page.
import { Identity } from '/web/identity.js'
import { dial } from '/web/libp2p.js'

const now = () => performance.now()
const median = times => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]

async function ping (address, { count }) {
  const connection = await dial(address, new Identity(), { version: 2 })
  const stream = await connection.open('/ipfs/ping/1.0.0')
  const times = []
  for (let i = 0; i < count; i++) {
    const sent = crypto.getRandomValues(new Uint8Array(32))
    const start = now()
    await stream.write(sent)
    const answer = await stream.readExactly(32)
    if (String(answer) !== String(sent)) throw new Error('another answer to a ping')
    times.push(now() - start)
  }
  await stream.closeWrite()
  connection.close()
  const events = times.map(rtt => ({ event: 'ping', rtt_ms: rtt }))
  return [...events, { event: 'summary', sent: count, received: count, min_ms: Math.min(...times), max_ms: Math.max(...times), median_ms: median(times) }]
}

async function connect (address, { count }) {
  const identity = new Identity()
  const times = []
  for (let i = 0; i < count; i++) {
    const start = now()
    const connection = await dial(address, identity, { version: 2 })
    times.push(now() - start)
    connection.close()
  }
  const refused = await dial(address, identity, { version: 1 }).then(connection => {
    connection.close()
    return 'nothing'
  }, error => error.code)
  if (refused !== 'version_refused') throw new Error(`the browser should have refused version 1: ${refused}`)
  return [{ event: 'summary', connections: count, failed: 0, median_ms: median(times), p99_ms: Math.max(...times), per_second: 0 }]
}

globalThis.command = async (name, address, options) => {
  try {
    return { events: await { ping, connect }[name](address, options) }
  } catch (error) {
    return { code: error.code ?? 'io_error', message: error.message }
  }
}
