// tests/page/checks_gateway.mjs: the page before the real gateway. Called by page_gateway_test.py, which does what this asks for on its stdout.
// usage: node checks_gateway.mjs ADDRESS [--token TEXT]
import {createInterface} from 'node:readline'
import {assert, bench, figure, shows, text_of} from './browser.mjs'

const [address, , token] = process.argv.slice(2)
const lines = createInterface({input: process.stdin})[Symbol.asyncIterator]()
const have = async (deed) => {
    console.log(`do ${deed}`)
    await lines.next()
}
const at = new bench(address)
await at.open()
const visit = (more) => at.visit({scene: null, ...more})
const row = (page, name) => page.locator('.device tbody tr').filter({has: page.getByRole('rowheader', {name, exact: false})})

async function open_checks() {
    await at.check('values come and go on coming', async () => {
        const page = await visit()
        await shows(page, '.device td .mark', 'good')
        await shows(page, '.device summary', 'offline')
        assert.equal(await text_of(page, '#gateway_id'), 'works')
        const polls = async () => Number(await row(page, 'polls').locator('.value bdi').first().textContent())
        const first = await polls()
        await page.waitForFunction((before) => Number(document.querySelector('.device tbody tr .value bdi').textContent) > before + 2, first, {timeout: 20000})
        await shows(page, '#findings', 'Device lost has been offline')
        await shows(page, '#destination_cards', 'online')
        await shows(page, '#ledger_words', 'it balances')
        await shows(page, '.readout', 'accepted')
    })
    await at.check('what it weighs, and how soon it is there', async () => {
        const paints = []
        for (let round = 0; round < 9; ++round) {
            const page = await visit()
            await shows(page, '.device td .mark', 'good')
            paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime))
            const sizes = await page.evaluate(() => performance.getEntries().filter((each) => each.transferSize && !each.name.includes('/api/')).map((each) => each.transferSize))
            if (round === 0) {
                figure('bytes transferred for the page by the gateway', `${sizes.reduce((sum, each) => sum + each, 0)} in ${sizes.length} files`)
                assert.ok(sizes.length >= 11 && sizes.reduce((sum, each) => sum + each, 0) <= 150000)
            }
            await page.context().close()
        }
        paints.sort((a, b) => a - b)
        figure('first contentful paint, median of 9', `${paints[4].toFixed(0)} ms (${paints[0].toFixed(0)}–${paints[8].toFixed(0)})`)
    })
    await at.check('a command is carried out, and one beyond the limits refused', async () => {
        const page = await visit({quiet: true})
        await shows(page, 'button.small', 'Set …')
        await page.getByRole('button', {name: 'Set valve'}).click()
        await page.locator('#command_text').fill('42')
        await page.locator('#command_go').click()
        await page.locator('#command_go').click()
        await shows(page, '#command_words', 'verified, reads 42')
        await page.locator('#command_text').fill('142')
        await page.locator('#command_go').click()
        await page.locator('#command_go').click()
        await shows(page, '#command_words', 'above_max')
        await page.locator('#command_close').click()
        await page.waitForFunction(() => [...document.querySelectorAll('.value bdi')].some((each) => each.textContent === '42'))
    })
    await at.check('an outage of the broker', async () => {
        const page = await visit()
        await shows(page, '#destination_cards .mark', 'online')
        await have('broker-stop')
        await shows(page, '#findings', 'has been away')
        await shows(page, '#destination_cards .mark', 'offline')
        await page.waitForFunction(() => /Waiting([3-9]|\d\d) messages/.test(document.querySelector('#queue_facts').textContent), undefined, {timeout: 30000})
        await have('broker-start')
        await page.waitForFunction(() => document.querySelector('#destination_cards .mark').textContent === 'online', undefined, {timeout: 60000})
    })
    await at.check('the gateway is killed and started again', async () => {
        const page = await visit({quiet: true})
        await shows(page, '.device td .mark', 'good')
        await have('gateway-kill')
        await shows(page, '#old', 'What is below is old')
        await have('gateway-start')
        await page.waitForFunction(() => document.querySelector('#old').hidden, undefined, {timeout: 30000})
        await shows(page, '.device td .mark', 'good')
    })
}

async function token_checks() {
    await at.check('the real token', async () => {
        const page = await visit({quiet: true})
        await page.locator('#token').waitFor()
        await page.locator('#token_text').fill('wrong')
        await page.keyboard.press('Enter')
        await shows(page, '#token_words', 'did not take that token')
        await page.locator('#token_text').fill(token)
        await page.keyboard.press('Enter')
        await shows(page, '.device td .mark', 'good')
        await shows(page, '.readout', 'accepted')
    })
}

await (token ? token_checks() : open_checks())
await at.end()
lines.return?.()
process.stdin.unref()
