// SPDX-License-Identifier: MIT OR Apache-2.0

// What runs in Chromium: js-libp2p behind a relay, and as dialer of who is. relay.js calls these functions.
import { dialBehind, endHost, failure, listenBehind } from './relayed.js'

let held

/** Gives an event; the host is there until `endRelayed`. */
globalThis.relayed = async (command, address, words) => {
  try {
    const { host, event } = command === 'listen'
      ? await listenBehind(address, words.includes('--private'))
      : await dialBehind(address, words.includes('--silent'))
    held = host
    return event
  } catch (error) {
    return failure(error)
  }
}

globalThis.endRelayed = async () => { if (held) await endHost(held) }
