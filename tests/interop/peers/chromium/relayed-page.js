// SPDX-License-Identifier: MIT OR Apache-2.0

// What runs in Chromium: js-libp2p behind a relay, and as dialer of who is. relay.js calls this function.
import { dialBehind, failure, listenBehind } from './relayed.js'

/** Gives an event; a listener is there until its page goes. */
globalThis.relayed = async (command, address, isPrivate) => {
  try {
    const { host, event } = command === 'listen' ? await listenBehind(address, isPrivate) : await dialBehind(address)
    globalThis.held = host // what nobody refers to might be collected
    return event
  } catch (error) {
    return failure(error)
  }
}
