// SPDX-License-Identifier: MIT OR Apache-2.0

// A peer that is a browser: headless Chromium with js-libp2p, which dials over WebRTC-Direct and cannot listen. It has the
// command line and the output of our own program, so that one harness can drive both.
import { writeSync } from 'node:fs'
import { connect as connectTo } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Browser, servePages } from './browser.js'

const here = dirname(fileURLToPath(import.meta.url))
// With it Chromium forbids what version 1 does to the session description.
const FORBIDDING = '--force-fieldtrials=WebRTC-NoSdpMangleUfrag/Enabled/'

const USAGE = `usage: node peer.js COMMAND ADDR [OPTION VALUE]...
  ping|connect|streams ADDR [--count N] [--parallel M] [--webrtc-version 1|2]
  identify|echo|reset|half-close ADDR
  perf ADDR [--upload BYTES] [--download BYTES]
  perf-echo ADDR --bytes N
  smoldot ADDR --seconds N
  page URL --webrtc-version 1|2
`

class Failure extends Error {
  constructor (code, message) {
    super(message)
    this.code = code
  }
}

function write (octets) {
  for (let left = Buffer.from(octets); left.length > 0;) {
    try {
      left = left.subarray(writeSync(1, left))
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

const emit = value => write(JSON.stringify(value) + '\n')

/** Runs `work` with a page at hand. */
async function inBrowser (page, options, work) {
  const pages = await servePages({ '/web/': `${here}/web`, '/': `${here}/pages` })
  const browser = await Browser.start(options)
  try {
    return await work(await browser.open(`${pages.origin}/${page}.html`))
  } finally {
    await browser.close()
    pages.close()
  }
}

async function run (name, address, options) {
  const is2 = options['webrtc-version'] === 2
  const page = name === 'smoldot' ? 'smoldot' : is2 ? 'version2' : 'page'
  const outcome = await inBrowser(page, is2 ? [FORBIDDING] : [], async page => {
    return page.call('command', name, address, options).catch(error => {
      throw new Error(`${error.message} ${page.console.join('\n')}`)
    })
  })
  if (outcome.code) throw new Failure(outcome.code, outcome.message)
  return outcome.events
}

async function client (name, args) {
  const options = { count: 10, parallel: 1, upload: 0, download: 0, bytes: 1 << 20, seconds: 10, 'webrtc-version': 1 }
  let address
  for (let i = 0; i < args.length; i++) {
    if (args[i].startsWith('--')) {
      const option = args[i].slice(2)
      const value = Number(args[++i])
      if (!(option in options) || !Number.isSafeInteger(value) || value < 0) throw new Failure('usage', `--${option}`)
      options[option] = value
    } else if (address == null) {
      address = args[i]
    } else {
      throw new Failure('usage', args[i])
    }
  }
  if (address == null) throw new Failure('usage', 'an address is missing')
  if (!/\/(webrtc-direct|ws)\//.test(address)) throw new Failure('unsupported', 'a browser dials WebRTC-Direct and WebSocket alone')
  if (name === 'echo') {
    const parts = []
    for await (const part of process.stdin) parts.push(part)
    options.input = Buffer.concat(parts).toString('base64')
  }
  const events = await run(name, address, options)
  if (name === 'echo') return write(Buffer.from(events[0].output, 'base64'))
  events.forEach(emit)
  if (events.some(event => event.failed > 0)) process.exitCode = 1
}

/** Does with the page of `p2p listen --http` what a person would. */
async function usePage (url, browser) {
  const page = await browser.open(url)
  const until = async (what, expression, patience = 60_000) => {
    for (const end = Date.now() + patience; Date.now() < end; await sleep(50)) {
      const found = await page.evaluate(expression)
      if (found) return found
    }
    const shown = await page.evaluate('document.body.innerText')
    throw new Failure('timed_out', `${what}: ${page.console.join('; ')} ${shown.replaceAll('\n', ' ').slice(0, 500)}`)
  }
  const text = id => `document.getElementById('${id}').textContent`
  const click = id => page.evaluate(`document.getElementById('${id}').click()`)
  await until('the address', "document.getElementById('address').value.startsWith('/')")
  await click('connect-button')
  const connected = await until('a connection', `${text('state')}.includes('Connected') && ${text('node-connected')}`)
  const agent = await until('identify', `${text('node-agent')} !== '–' && ${text('node-agent')}`)
  await until('pings', `Number(${text('ping-count')}) >= 3`)
  await page.evaluate("document.getElementById('perf-size').value = '16'")
  await click('perf-button')
  const measured = await until('a measurement', `/counted|failed/.test(${text('perf-hint')}) && ${text('perf-hint')}`)
  await page.evaluate("document.getElementById('chat-text').value = 'hello, node'; document.getElementById('chat').requestSubmit()")
  await until('the chat', "document.querySelector('#chat-log .own p')?.textContent === 'hello, node'")
  await click('connect-button')
  await until('the end', `${text('state')}.includes('Not connected')`)
  emit({ event: 'page', connected, agent, measured, console: page.console })
}

async function pageCommand (url, trial) {
  const browser = await Browser.start(trial ? [FORBIDDING] : [])
  try {
    await usePage(url, browser)
  } finally {
    await browser.close()
  }
}

/** One command to Redis, on a connection of its own; of its answer the first text that is not a number. */
function redis (...words) {
  const [host, port] = process.env.REDIS_ADDR.split(':')
  return new Promise((resolve, reject) => {
    const socket = connectTo(Number(port), host)
    let answer = ''
    socket.setTimeout(70_000, () => socket.destroy(new Error('Redis does not answer')))
    socket.on('error', reject)
    socket.on('data', data => {
      answer += data
      const [kind, ...lines] = answer.split('\r\n')
      if (kind.startsWith('*-1')) resolve(null)
      else if (lines.length < 5) return
      else resolve(lines[3]) // *2, $n, key, $n, value
      socket.end()
    })
    socket.write(`*${words.length}\r\n` + words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join(''))
  })
}

/** libp2p's unified-testing. */
async function unified () {
  const { TRANSPORT, IS_DIALER, TEST_KEY } = process.env
  if (!['webrtc-direct', 'ws'].includes(TRANSPORT)) throw new Failure('unsupported', TRANSPORT)
  if (IS_DIALER !== 'true') throw new Failure('unsupported', 'a browser cannot listen')
  const address = await redis('BLPOP', `${TEST_KEY}_listener_multiaddr`, '60')
  if (address === null) throw new Failure('timed_out', 'no listener showed up')
  const [{ handshake, ping }] = await run('unified', address, {})
  write(`latency:\n  handshake_plus_one_rtt: ${handshake.toFixed(2)}\n  ping_rtt: ${ping.toFixed(2)}\n  unit: ms\n`)
}

async function main () {
  if (process.env.IS_DIALER != null) return unified()
  const [name, ...args] = process.argv.slice(2)
  if (name === 'page' && args.length === 3) return pageCommand(args[0], args[2] === '2')
  const known = ['ping', 'identify', 'perf', 'perf-echo', 'echo', 'connect', 'streams', 'half-close', 'reset', 'smoldot']
  if (!known.includes(name)) throw new Failure('usage', `${name ?? 'a command is missing'}`)
  return client(name, args)
}

main().then(() => process.exit(process.exitCode ?? 0), error => {
  const code = error.code ?? 'io_error'
  if (code === 'usage') {
    process.stderr.write(`${error.message}\n${USAGE}`)
    process.exit(2)
  }
  if (process.env.IS_DIALER != null) process.stderr.write(code === 'unsupported' ? `unsupported: ${error.message}\n` : `${error.stack}\n`)
  else emit({ event: 'error', code, message: error.message })
  process.exit(1)
})
