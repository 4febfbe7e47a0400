// SPDX-License-Identifier: MIT OR Apache-2.0

// Does with the page of `p2p relay --http` what people would: tabs find each other or a node through the relay, chat and send
// files. Needs node and Chromium alone. Each command prints what happened as JSON objects, {"event":"error",…} if it failed.
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Browser } from './browser.js'

const USAGE = `usage: meet.js COMMAND URL ... [--mdns]
  tabs URL [--pictures FOLDER]   two tabs, of which one has the other's invitation: chat, a file each way
  apart URL                      two tabs that cannot reach each other: chat over the relay, as long as it lets them
  chats URL ADDRESS              a tab goes to a node: chat
  sends URL ADDRESS              a tab goes to a node and sends it a file
  takes URL                      a tab is reachable, prints its address, and takes the file that somebody sends
`
const PATIENCE = 60_000 // milliseconds; the machine may be busy
const FILE = randomBytes(3_000_001)

const emit = value => writeSync(1, JSON.stringify(value) + '\n')
const digest = octets => createHash('sha256').update(octets).digest('hex')

/** A tab with the page, and what a person sees and does there. */
class Tab {
  static async open (browser, url, options) {
    const tab = new Tab()
    tab.page = await browser.open(url, options)
    return tab
  }

  /** Waits for an expression to be something. */
  async until (what, expression) {
    for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(50)) {
      const found = await this.page.evaluate(expression)
      if (found) return found
    }
    const shown = await this.page.evaluate("document.getElementById('peer-part').innerText")
    throw new Error(`not seen: ${what}. ${this.page.console.join('; ')} ${shown.replaceAll('\n', ' ').slice(0, 700)}`)
  }

  text (id) { return `document.getElementById('${id}').textContent` }
  value (id) { return this.until(id, `document.getElementById('${id}').value`) }

  /** Sees that the octets go directly; gives the addresses of the pair. */
  async sawDirect () {
    await this.until('a direct path', `/^Direct/.test(${this.text('path-kind')}) && ${this.text('state')}.includes('Direct')`)
    await this.until('a round trip', `/ms/.test(${this.text('path-ping')})`)
    return { kind: await this.page.evaluate(this.text('path-kind')), pair: await this.page.evaluate(this.text('path-pair')) }
  }

  /** What happened until now, as the page tells it. */
  story () { return this.page.evaluate("[...document.querySelectorAll('#story li')].map(item => item.innerText.replace('\\n', ' '))") }

  say (words) {
    return this.page.evaluate(`document.getElementById('talk-text').value = '${words}'; document.getElementById('talk').requestSubmit()`)
  }

  heard (words) { return this.until(`"${words}" in the chat`, `[...document.querySelectorAll('#talk-log p')].some(said => said.textContent === '${words}')`) }

  async offer (name, octets) {
    const base64 = octets.toString('base64')
    await this.page.evaluate(`{
      const chosen = new DataTransfer()
      chosen.items.add(new File([Uint8Array.from(atob('${base64}'), c => c.charCodeAt(0))], '${name}'))
      const input = document.getElementById('file')
      input.files = chosen.files
      input.dispatchEvent(new Event('change'))
    }`)
  }

  async press (words) {
    const button = `[...document.querySelectorAll('#files button, #files a')].find(button => button.textContent === '${words}')`
    await this.until(`the button "${words}"`, `${button} !== undefined`)
    await this.page.evaluate(`${button}.click()`)
  }

  sent () { return this.until('that the file was taken', "[...document.querySelectorAll('#files li')].some(item => item.innerText.includes('found whole'))") }

  /** Takes the file that is offered, has it saved, and gives its SHA-256. */
  async take (name, folder) {
    await this.page.browser.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder })
    await this.press('Accept')
    await this.press('Save')
    const path = join(folder, name)
    for (const end = Date.now() + PATIENCE; !existsSync(path); await sleep(50)) {
      if (Date.now() > end) throw new Error(`${name} was not saved`)
    }
    return digest(readFileSync(path))
  }
}

const commands = {
  async tabs ({ browser, url, folder, pictures }) {
    const first = await Tab.open(browser, url)
    const link = await first.value('link')
    const second = await Tab.open(browser, link, { dark: true })
    const paths = [await second.sawDirect(), await first.sawDirect()]
    await second.say('hello from the guest')
    await first.heard('hello from the guest')
    await first.say('hello from the host')
    await second.heard('hello from the host')
    const other = randomBytes(200_000)
    await second.offer('holiday.bin', FILE)
    const hashes = [await first.take('holiday.bin', folder) === digest(FILE)]
    await second.sent()
    await first.offer('answer.bin', other)
    hashes.push(await second.take('answer.bin', folder) === digest(other))
    await first.sent()
    if (pictures) await takePictures(browser, [first, second], pictures)
    emit({ event: 'tabs', paths, hashes, stories: [await first.story(), await second.story()], console: [...first.page.console, ...second.page.console] })
  },

  // Names of mDNS that nobody resolves are all that they have of each other.
  async apart ({ url }) {
    const browser = await Browser.start(['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'], { hidesAddresses: true })
    try {
      const first = await Tab.open(browser, url)
      const second = await Tab.open(browser, await first.value('link'))
      await second.until('relayed', `${second.text('path-kind')} === 'Relayed' && ${second.text('state')}.includes('Relayed')`)
      await second.say('are you there?') // before it is clear that there is no direct path
      await first.heard('are you there?')
      await second.until('that there is no direct path', "document.querySelector('#story [data-kind=failed]') !== null")
      await first.say('yes')
      await second.heard('yes')
      await second.offer('large.bin', FILE)
      const refused = await second.until('that a file is too large', "document.querySelector('#files [data-state=failed]')?.innerText")
      await second.offer('small.bin', FILE.subarray(0, 10_000))
      await first.press('Accept')
      await second.sent()
      const paths = await Promise.all([first, second].map(tab => tab.page.evaluate(tab.text('path-kind'))))
      emit({ event: 'apart', paths, refused, story: await second.story(), console: [...first.page.console, ...second.page.console] })
    } finally {
      await browser.close()
    }
  },

  async chats ({ browser, url, address }) {
    const tab = await Tab.open(browser, `${url}#${address}`)
    const path = await tab.sawDirect()
    await tab.heard('hello, tab') // which the node says once it hears of us
    await tab.say('hello, node')
    await tab.heard('hello, node')
    emit({ event: 'chatted', path, story: await tab.story(), console: tab.page.console })
  },

  async sends ({ browser, url, address }) {
    const tab = await Tab.open(browser, `${url}#${address}`)
    const path = await tab.sawDirect()
    await tab.offer('to the node.bin', FILE)
    await tab.sent()
    emit({ event: 'sent', path, sha256: digest(FILE), story: await tab.story(), console: tab.page.console })
  },

  async takes ({ browser, url, folder }) {
    const tab = await Tab.open(browser, url)
    emit({ event: 'reachable', address: await tab.value('own-address') })
    const name = await tab.until('an offer', "document.querySelector('#files .file-name b')?.textContent")
    const path = await tab.sawDirect()
    emit({ event: 'taken', path, sha256: await tab.take(name, folder), story: await tab.story(), console: tab.page.console })
  }
}

/** What docs/images shows. */
async function takePictures (browser, [first, second], folder) {
  await sleep(6000) // until the relayed connection has gone
  const shoot = async (tab, name, width, height) => {
    await tab.page.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 })
    await sleep(300)
    writeFileSync(join(folder, name), await tab.page.screenshot(true))
  }
  await shoot(first, 'peers-desktop.png', 1180, 800)
  await shoot(second, 'peers-phone.png', 390, 800)
}

async function main () {
  const words = process.argv.slice(2)
  const takeOption = (name, count) => {
    const at = words.indexOf(name)
    return at < 0 ? undefined : words.splice(at, count).at(-1)
  }
  const hidesAddresses = takeOption('--mdns', 1) !== undefined
  const pictures = takeOption('--pictures', 2)
  const [command, url, address] = words
  if (!commands[command] || !url || ['chats', 'sends'].includes(command) !== (address !== undefined)) {
    process.stderr.write(USAGE)
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'meet-'))
  const browser = command === 'apart' ? null : await Browser.start([], { hidesAddresses })
  try {
    await commands[command]({ browser, url, address, folder, pictures })
    return 0
  } catch (error) {
    emit({ event: 'error', message: error.message })
    return 1
  } finally {
    await browser?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

process.exit(await main())
