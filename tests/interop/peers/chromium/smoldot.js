// SPDX-License-Identifier: MIT OR Apache-2.0

// What runs in Chromium for smoldot: a light client of a chain that there is not, whose one boot node is ours.
import { start } from 'smoldot'

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))
const hex = octets => '0x' + octets.map(octet => octet.toString(16).padStart(2, '0')).join('')
const filled = (count, value) => Array.from({ length: count }, () => value)
const compact = number => number * 4 // SCALE, below 64
const u64 = number => [number, ...filled(7, 0)]

// SCALE, as Substrate writes it. A checkpoint at block 1, in the first of two epochs with one authority, that nobody is.
const BABE = [0x42, 0x41, 0x42, 0x45]
const SLOT = 15
const u32 = number => [number, 0, 0, 0]
const secondarySlot = [2, ...u32(0), ...u64(SLOT)]
const digest = [compact(2), 6, ...BABE, compact(secondarySlot.length), ...secondarySlot, 5, ...BABE, 1, 1, ...filled(64, 9)]
const epoch = index => [1, ...u64(index), ...u64(10 * index), ...u64(10), compact(1), ...filled(32, 6), ...u64(1),
  ...filled(32, 7), ...u64(1), ...u64(4), 1]
const checkpoint = {
  finalizedBlockHeader: hex([...filled(32, 1), compact(1), ...filled(32, 2), ...filled(32, 3), ...digest]),
  grandpaAuthoritySet: hex([compact(1), ...filled(32, 4), ...u64(1), ...u64(0), compact(0), 0, compact(0), compact(0)]),
  babeFinalizedBlockWeight: 1,
  babeEpochChanges: hex([compact(0), 0, compact(2), ...filled(32, 8), ...u32(0), ...epoch(1), ...filled(32, 9), ...u32(1), ...epoch(2)])
}

const specification = address => JSON.stringify({
  name: 'No chain', id: 'no-chain', chainType: 'Local', bootNodes: [address], telemetryEndpoints: null, properties: {},
  genesis: { stateRootHash: hex(filled(32, 5)) }, lightSyncState: checkpoint
})

/** Runs it for so many seconds; gives its log. */
async function smoldot (address, { seconds }) {
  const log = []
  const client = start({ maxLogLevel: 4, logCallback: (level, target, message) => log.push(`${target}: ${message}`) })
  await client.addChain({ chainSpec: specification(address), disableJsonRpc: true })
  await sleep(1000 * seconds)
  await client.terminate().catch(() => {})
  return [{ event: 'log', lines: log }]
}

globalThis.command = async (name, address, options) => {
  try {
    return { events: await smoldot(address, options) }
  } catch (error) {
    return { code: 'io_error', message: String(error.message ?? error) }
  }
}
