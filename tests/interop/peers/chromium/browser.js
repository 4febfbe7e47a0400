// SPDX-License-Identifier: MIT OR Apache-2.0

// A headless Chromium, driven over the DevTools protocol by a pair of pipes, and a server on the loopback interface for
// the pages that it shows. Nothing but node and Chromium is needed.
import { spawn } from 'node:child_process'
import { access, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { networkInterfaces, tmpdir } from 'node:os'
import { delimiter, extname, join, normalize } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.svg': 'image/svg+xml' }

/** The path of an installed Chromium, or null; CHROMIUM names another one. */
export async function findChromium () {
  const places = (process.env.PATH ?? '').split(delimiter).flatMap(folder => NAMES.map(name => join(folder, name)))
  for (const place of process.env.CHROMIUM ? [process.env.CHROMIUM] : places) {
    if (await access(place).then(() => true, () => false)) return place
  }
  return null
}

/** Nothing else is dialled. */
function ofThisMachine () {
  const addresses = Object.values(networkInterfaces()).flat().filter(each => each.family === 'IPv4')
  return addresses.map(each => `, EXCLUDE ${each.address}`).join('')
}

export class Browser {
  #next = 1
  #waiting = new Map()
  #listeners = []
  #partial = []

  /**
   * Starts it; `options` are added to its command line. Pages learn this machine's addresses from WebRTC, or by default of
   * browsers names of mDNS for them: `hidesAddresses`.
   */
  static async start (options = [], { hidesAddresses = false } = {}) {
    const program = await findChromium()
    if (program === null) throw new Error('Chromium is not installed')
    const browser = new Browser()
    browser.folder = await mkdtemp(join(tmpdir(), 'chromium-'))
    browser.process = spawn(program, [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-default-apps',
      '--disable-extensions', '--mute-audio', '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
      `--host-resolver-rules=MAP * ~NOTFOUND${ofThisMachine()}${hidesAddresses ? ', EXCLUDE *.local' : ''}`,
      ...hidesAddresses ? [] : ['--disable-features=WebRtcHideLocalIpsWithMdns'],
      `--user-data-dir=${browser.folder}`, '--remote-debugging-pipe', ...options, 'about:blank'
    ], { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'], env: { ...process.env, HOME: browser.folder } })
    browser.errors = ''
    browser.process.stderr.on('data', data => { browser.errors = (browser.errors + data).slice(-2000) })
    browser.process.stdio[4].on('data', data => browser.#arrived(data))
    browser.process.stdio[3].on('error', () => {})
    browser.ended = new Promise(resolve => browser.process.once('exit', resolve))
    browser.ended.then(() => {
      for (const { reject } of browser.#waiting.values()) reject(new Error(`Chromium has ended: ${browser.errors}`))
    })
    return browser
  }

  /** A page at `url`. */
  async open (url, { width = 1280, height = 800, scale = 1, dark = false } = {}) {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank', newWindow: true })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    const page = new Page(this, sessionId, targetId)
    await page.send('Page.enable')
    await page.send('Runtime.enable')
    await page.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: scale, mobile: width < 600 })
    await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] })
    const loaded = page.once('Page.loadEventFired')
    await page.send('Page.navigate', { url })
    await loaded
    return page
  }

  send (method, params = {}, sessionId = undefined) {
    const id = this.#next++
    this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0')
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  listen (listener) { this.#listeners.push(listener) }

  #arrived (data) {
    for (let end; (end = data.indexOf(0)) >= 0; data = data.subarray(end + 1)) {
      this.#told(JSON.parse(Buffer.concat([...this.#partial.splice(0), data.subarray(0, end)])))
    }
    this.#partial.push(data)
  }

  #told (message) {
    const waiting = this.#waiting.get(message.id)
    if (!waiting) return this.#listeners.forEach(listener => listener(message))
    this.#waiting.delete(message.id)
    if (message.error) waiting.reject(new Error(message.error.message))
    else waiting.resolve(message.result)
  }

  async close () {
    this.send('Browser.close').catch(() => {})
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 5000)
    await this.ended
    clearTimeout(timer)
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => {})
  }
}

export class Page {
  constructor (browser, sessionId, targetId) {
    Object.assign(this, { browser, sessionId, targetId, console: [] })
    browser.listen(({ sessionId, method, params }) => {
      if (sessionId !== this.sessionId) return
      if (method === 'Runtime.exceptionThrown') {
        this.console.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text)
      }
      if (method === 'Runtime.consoleAPICalled') {
        this.console.push(params.args.map(arg => arg.value ?? arg.description).join(' '))
      }
    })
  }

  send (method, params) { return this.browser.send(method, params, this.sessionId) }

  once (wanted) {
    return new Promise(resolve => this.browser.listen(({ sessionId, method, params }) => {
      if (sessionId === this.sessionId && method === wanted) resolve(params)
    }))
  }

  /** The value of an expression, awaited in the page. */
  async evaluate (expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }

  /** Calls a function of the page by its name; arguments and the result are JSON. */
  call (name, ...args) { return this.evaluate(`${name}(${args.map(arg => JSON.stringify(arg)).join(', ')})`) }

  /** A PNG of what is to be seen, or of the whole page. */
  async screenshot (whole = false) {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: whole })
    return Buffer.from(data, 'base64')
  }
}

/** Serves folders, by the beginning of their URL, on 127.0.0.1: { '/': folder, … }. Gives { origin, close }. */
export async function servePages (folders) {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname)
    const prefix = Object.keys(folders).sort((a, b) => b.length - a.length).find(start => path.startsWith(start))
    try {
      const body = await readFile(join(folders[prefix], path.slice(prefix.length)))
      response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(body)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections(); server.close() } }
}
