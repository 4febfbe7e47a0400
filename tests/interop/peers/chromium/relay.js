// SPDX-License-Identifier: MIT OR Apache-2.0

// The two kinds of clients of a relay, in headless Chromium: over WebSocket and WebRTC-Direct. The command line and the output
// are those of ../js/relay.js. With --mdns, the browser's default, pages get names of mDNS for this machine's addresses.
import { writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Browser, servePages } from './browser.js'

const USAGE = 'usage: relay.js listen RELAY [--private] [--mdns] | ping MULTIADDR [--silent] [--mdns]'
const here = dirname(fileURLToPath(import.meta.url))

const emit = value => writeSync(1, JSON.stringify(value) + '\n')
const ended = new Promise(resolve => {
  process.on('SIGTERM', resolve)
  process.on('SIGINT', resolve)
})

const [command, address, ...words] = process.argv.slice(2)
if (!['listen', 'ping'].includes(command) || address == null) {
  process.stderr.write(`${USAGE}\n`)
  process.exit(2)
}
const pages = await servePages({ '/': `${here}/pages` })
const browser = await Browser.start([], { hidesAddresses: words.includes('--mdns') })
let isGood = false
try {
  const page = await browser.open(`${pages.origin}/relayed.html`)
  const event = await page.call('relayed', command, address, words)
  isGood = event.event !== 'error'
  emit(isGood ? event : { ...event, console: page.console })
  if (isGood && command === 'listen') await ended
  await page.call('endRelayed')
} catch (error) {
  emit({ event: 'error', code: 'io_error', message: error.message })
} finally {
  await browser.close()
  pages.close()
}
process.exit(isGood ? 0 : 1)
