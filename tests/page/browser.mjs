// tests/page/browser.mjs: Debian's chromium driven by playwright-core, and a list of checks that are all run. What the page says on its console,
// breaks of its content security policy and requests to elsewhere fail the check that they happen in.
// Not here: the checks (checks_*.mjs).
import assert from 'node:assert/strict'
import {createRequire} from 'node:module'
import {join} from 'node:path'

const {chromium} = createRequire(join(process.env.TIDEGATE_NPM, 'here.js'))('playwright-core')

const switches = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--js-flags=--expose-gc']

export class bench {
    constructor(address) {
        this.address = address
        this.failed = []
        this.passed = 0
    }

    async open() {
        this.browser = await chromium.launch({executablePath: process.env.TIDEGATE_CHROMIUM ?? '/usr/bin/chromium', args: switches})
    }

    /// Tells the made-up gateway what to be.
    async mock(words) {
        return (await fetch(`${this.address}mock/${words}`)).json()
    }

    /// A page of its own: {page, faults}. `quiet`: the console may speak of requests that fail, since they are made to.
    async visit({scene = 'well', width = 1280, height = 900, dark = false, quiet = false, path = '', token = '', scale = 1} = {}) {
        if (scene) {
            await this.mock('up')
            await this.mock(token ? `token/${token}` : 'token')
            await this.mock(`scene/${scene}`)
        }
        const context = await this.browser.newContext({viewport: {width, height}, colorScheme: dark ? 'dark' : 'light', deviceScaleFactor: scale, timezoneId: 'UTC', locale: 'en-GB'})
        const page = await context.newPage()
        const faults = []
        await page.exposeFunction('tell_violation', (what) => faults.push(`content security policy: ${what}`))
        await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) => window.tell_violation(`${event.violatedDirective} ${event.blockedURI}`)))
        page.on('pageerror', (error) => faults.push(`error: ${error.stack}`))
        page.on('console', (line) => {
            if (['error', 'warning'].includes(line.type()) && !(quiet && /Failed to load resource/.test(line.text()))) faults.push(`console: ${line.text()}`)
        })
        page.on('request', (request) => {
            if (!request.url().startsWith(this.address)) faults.push(`a request to elsewhere: ${request.url()}`)
        })
        this.faults = faults
        this.page = page
        await page.goto(this.address + path)
        return page
    }

    async check(name, what) {
        const began = Date.now()
        this.faults = []
        try {
            await what()
            assert.deepEqual(this.faults, [])
            ++this.passed
            console.log(`ok    ${name} (${Date.now() - began} ms)`)
        } catch (why) {
            this.failed.push(name)
            console.log(`FAILED ${name}: ${why.stack}\n${this.faults.join('\n')}`)
        } finally {
            for (const context of this.browser.contexts()) await context.close()
        }
    }

    async end() {
        await this.browser.close()
        console.log(`${this.passed} passed, ${this.failed.length} failed${this.failed.length ? `: ${this.failed.join('; ')}` : ''}`)
        process.exitCode = this.failed.length === 0 ? 0 : 1
    }
}

/// Waits until the page shows it: a condition, never a time.
export const shows = (page, selector, words) => page.waitForFunction(([where, text]) => [...document.querySelectorAll(where)].some((each) => each.checkVisibility() && each.textContent.includes(text)),
    [selector, words], {timeout: 20000})

export const text_of = (page, selector) => page.locator(selector).first().textContent()
export const figure = (name, value) => console.log(`figure ${name}: ${value}`)
export {assert}
