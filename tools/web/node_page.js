// SPDX-License-Identifier: MIT OR Apache-2.0
// The first part of the page: what a person does with a node, each thing with a stream of its own.
import { fields, text } from './bytes.js'
import { CHAT, ChatLog, hearRoom, tellRoom } from './chat_log.js'
import { $, complain, element, inMilliseconds, setState, shortPeer } from './dom.js'
import { sleep } from './errors.js'
import { addressText } from './multiaddr.js'
import { PING, ping } from './ping.js'
import { Plot } from './plot.js'

const IDENTIFY = '/ipfs/id/1.0.0'; const PUSH = '/ipfs/id/push/1.0.0'
const PERF = '/perf/1.0.0'
const MAX_IDENTIFY = 8192
const MIB = 1024 * 1024
const PING_EVERY = 250 // milliseconds
const PINGS_SHOWN = 120
const PINGS_KEPT = 1000

let self = null // the Node of the page
let connection = null

async function hearPush (stream, { peer }) {
  const known = await readIdentity(stream)
  if (peer === connection?.peer) showIdentity(known)
  await stream.closeWrite()
}

// ---- Connection ----------------------------------------------------------------------------------------------------

const TRANSPORTS = { 'webrtc-direct': 'WebRTC-Direct', websocket: 'WebSocket', webrtc: 'private WebRTC', relay: 'a relay' }

async function connect () {
  complain('message', null)
  for (const shown of document.querySelectorAll('#node dd')) shown.textContent = '–'
  setState('node', 'busy', 'Connecting')
  $('connect-button').textContent = 'Connecting …'
  $('connect-button').disabled = true
  const began = performance.now()
  try {
    self.version = Number($('version').value)
    connection = await self.dial($('address').value)
  } catch (error) {
    setState('node', 'failed', 'Failed')
    complain('message', error)
    return
  } finally {
    $('connect-button').disabled = false
    $('connect-button').textContent = connection ? 'Disconnect' : 'Connect'
  }
  const took = performance.now() - began
  setState('node', 'on', 'Connected')
  $('node-peer').textContent = connection.peer
  const version = connection.version ? `, version ${connection.version}` : ''
  $('node-connected').textContent = `over ${TRANSPORTS[connection.transport]}${version}, in ${took.toFixed(0)} ms`
  const ours = connection
  ours.closed.then(reason => disconnected(ours, reason))
  setUsable(true)
  const failed = error => { if (connection === ours) complain('message', error) }
  identify(ours).catch(failed)
  pinging(ours).catch(failed)
  chat(ours).catch(failed)
}

function disconnected (ended, reason) {
  if (connection !== ended) return
  connection = null
  setState('node', 'idle', 'Not connected')
  if (reason !== 'Closed here.') complain('message', reason)
  $('connect-button').textContent = 'Connect'
  setUsable(false)
}

function setUsable (usable) {
  for (const id of ['ping-button', 'perf-button', 'chat-text', 'chat-button']) $(id).disabled = !usable
  $('ping-button').textContent = 'Pause'
}

$('connect').addEventListener('submit', event => {
  event.preventDefault()
  if (connection) connection.close()
  else connect()
})

// ---- Identify ------------------------------------------------------------------------------------------------------

async function readIdentity (stream) {
  const known = new Map()
  for (let message; (message = await stream.readDelimited(MAX_IDENTIFY)) !== null;) {
    for (const [number, values] of fields(message) ?? []) known.set(number, [...known.get(number) ?? [], ...values])
  }
  return known
}

async function identify (connection) {
  const stream = await connection.open(IDENTIFY)
  showIdentity(await readIdentity(stream))
  await stream.closeWrite()
}

function showList (id, items, name, className) {
  $(id).replaceChildren(...items.map(item => element(name, { className }, item)))
}

/** What is absent stays as it was: a push tells the changes. */
function showIdentity (known) {
  const octets = number => (known.get(number) ?? []).filter(value => value instanceof Uint8Array)
  const [agent] = octets(6)
  if (agent) $('node-agent').textContent = text(agent)
  const [observed] = octets(4)
  if (observed) $('node-observed').textContent = addressText(observed) ?? '–'
  const addresses = octets(2).map(addressText).filter(Boolean)
  if (addresses.length > 0) showList('node-addresses', addresses, 'div', '')
  const protocols = octets(3).map(text).sort()
  if (protocols.length > 0) showList('node-protocols', protocols, 'span', 'chip')
}

// ---- Ping ----------------------------------------------------------------------------------------------------------

const pingPlot = new Plot($('ping-plot'), ['rtt'], value => `${value} ms`)
let paused = false

async function pinging (connection) {
  const times = []
  paused = false
  let stream = null
  const ended = connection.closed.then(() => true)
  while (!await Promise.race([ended, sleep(PING_EVERY).then(() => false)])) {
    if (paused || document.hidden) continue
    stream ??= await connection.open(PING)
    const took = await ping(stream)
    if (took === null) {
      stream = null // the node ends a stream that was silent for long
      continue
    }
    times.push(took)
    if (times.length > PINGS_KEPT) times.shift()
    showPings(times)
  }
}

function showPings (times) {
  const sorted = [...times].sort((a, b) => a - b)
  const quantile = share => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  $('ping-now').textContent = inMilliseconds(quantile(0.5))
  $('ping-now').className = 'known'
  $('ping-least').textContent = inMilliseconds(sorted[0])
  $('ping-p99').textContent = inMilliseconds(quantile(0.99))
  $('ping-most').textContent = inMilliseconds(sorted.at(-1))
  $('ping-count').textContent = times.length < PINGS_KEPT ? times.length : `${PINGS_KEPT}, the last`
  pingPlot.show('rtt', times.slice(-PINGS_SHOWN), PINGS_SHOWN)
}

$('ping-button').addEventListener('click', () => {
  paused = !paused
  $('ping-button').textContent = paused ? 'Go on' : 'Pause'
})

// ---- Throughput ----------------------------------------------------------------------------------------------------

const perfPlot = new Plot($('perf-plot'), ['up', 'down'], value => `${value} MB/s`)
const RATE_EVERY = 150 // milliseconds
let transfer = null

function u64 (number) {
  const octets = new Uint8Array(8)
  new DataView(octets.buffer).setBigUint64(0, BigInt(number))
  return octets
}

const rate = (count, milliseconds) => count / 1000 / Math.max(milliseconds, 1e-3)
const inMBs = value => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} MB/s`

/** Shows how far a transfer has come, and how fast it is now. */
class Progress {
  constructor (name, total) {
    Object.assign(this, { name, total, began: performance.now(), last: [performance.now(), 0] })
    this.show(0)
  }

  show (count) {
    const now = performance.now()
    const [time, before] = this.last
    $(`${this.name}-bar`).value = count / this.total
    if (now - time < RATE_EVERY) return
    perfPlot.add(this.name, count / this.total, rate(count - before, now - time))
    $(`${this.name}-rate`).textContent = inMBs(rate(count - before, now - time))
    this.last = [now, count]
  }

  finish () {
    const whole = rate(this.total, performance.now() - this.began)
    const points = perfPlot.points.get(this.name)
    if (points.length > 0) points.unshift([0, points[0][1]])
    perfPlot.add(this.name, 1, points.at(-1)?.[1] ?? whole)
    $(`${this.name}-bar`).value = 1
    $(`${this.name}-rate`).textContent = inMBs(whole)
  }
}

async function upload (stream, total) {
  const progress = new Progress('up', total)
  const zeros = new Uint8Array(256 * 1024)
  const end = stream.read() // nothing comes but the end, when the node has all
  end.catch(() => {})
  await stream.write(u64(0))
  for (let sent = 0; sent < total; sent += zeros.length) {
    await stream.write(zeros.subarray(0, Math.min(zeros.length, total - sent)))
    progress.show(Math.max(0, sent + zeros.length - stream.buffered))
  }
  await stream.closeWrite()
  if (await end !== null) throw new Error('The node has sent what nobody asked for.')
  progress.finish()
}

async function download (stream, total) {
  const progress = new Progress('down', total)
  await stream.write(u64(total))
  await stream.closeWrite()
  let got = 0
  for (let octets; (octets = await stream.read()) !== null;) {
    got += octets.length
    progress.show(got)
  }
  if (got !== total) throw new Error(`Of ${total} octets ${got} came.`)
  progress.finish()
}

async function measure () {
  const total = Number($('perf-size').value) * MIB
  perfPlot.clear()
  for (const name of ['up', 'down']) {
    $(`${name}-bar`).value = 0
    $(`${name}-rate`).textContent = '–'
  }
  $('perf-button').textContent = 'Stop'
  $('perf-hint').textContent = 'Measuring …'
  const run = transfer = { stream: null, stopped: false }
  try {
    for (const work of [upload, download]) {
      if (run.stopped) break
      run.stream = await connection.open(PERF)
      await work(run.stream, total)
    }
    $('perf-hint').textContent = `${total / MIB} MiB each way, all octets counted.`
  } catch (error) {
    $('perf-hint').textContent = run.stopped ? 'Stopped.' : `It failed: ${error.message}`
  } finally {
    transfer = null
    $('perf-button').textContent = 'Measure'
  }
}

$('perf-button').addEventListener('click', () => {
  if (!transfer) return measure()
  transfer.stopped = true
  transfer.stream?.abort()
})

// ---- Chat ----------------------------------------------------------------------------------------------------------

const log = new ChatLog($('chat-log'))
let talk = null

function say (name, words) {
  if (name === '') return log.notice(words)
  const isOwn = name === shortPeer(self.peer)
  log.say(isOwn ? 'You' : connection?.peer.endsWith(name) ? `The node, ${name}` : name, words, isOwn)
}

async function chat (connection) {
  const stream = talk = await connection.open(CHAT).catch(error => {
    if (error.code !== 'no_common_protocol') throw error
    return null
  })
  if (stream === null) return log.notice('This node has no chat.')
  await hearRoom(stream, say)
}

$('chat').addEventListener('submit', event => {
  event.preventDefault()
  const words = $('chat-text').value.trim()
  if (words === '' || talk === null) return
  $('chat-text').value = ''
  tellRoom(talk, words).catch(error => complain('message', error))
})

// ---- Begin ---------------------------------------------------------------------------------------------------------

/** `node` is the page's own peer. */
export function begin (node) {
  self = node
  setState('node', 'idle', 'Not connected')
  self.handle(PUSH, hearPush)
  $('chat-name').textContent = `you are ${shortPeer(self.peer)}`
}

/** An address to begin with. */
export function suggest (address) { $('address').value ||= address }
