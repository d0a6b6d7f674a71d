// tests/page/checks_acts.mjs: what the page says of the gateway's states, and what it does: connection, token, filter, commands, hostile names.
import {assert, shows, text_of} from './browser.mjs'

const findings = (page) => page.locator('#findings li').allTextContents()

export async function check_states(bench) {
    await bench.check('an outage, told as it comes and goes', async () => {
        const page = await bench.visit({scene: 'well'})
        await shows(page, '#verdict', 'All is well')
        assert.equal(await page.title(), 'plant7')
        await bench.mock('scene/outage')
        await shows(page, '#verdict', 'Working, with 1 warning')
        await shows(page, '#findings', 'Broker mqtts://broker.example:8883 has been away for 22 min: connection refused by 192.0.2.17:8883')
        await shows(page, '#findings', 'Nothing is lost: ')
        assert.match(await page.title(), /1 warning · plant7/)
        await page.reload()
        await shows(page, '#plot .muted', 'The broker was away 2 times, ')
        assert.equal(await page.locator('.outage').count(), 2)
        await page.locator('.figures summary').click()
        const rows = await page.locator('.figures tbody tr').allTextContents()
        assert.equal(rows.length, 24)
        assert.match(rows[0], /away$/)
        assert.ok(rows.some((row) => row.endsWith('there')))
        await page.locator('#span_24h').click()
        await shows(page, '.readout', 'waiting')
        assert.equal(await page.locator('#span_24h').getAttribute('aria-pressed'), 'true')
        await bench.mock('scene/well')
        await shows(page, '#verdict', 'All is well')
    })
    await bench.check('everything wrong at once: worst first, each with what to do', async () => {
        const page = await bench.visit({scene: 'alarms'})
        await shows(page, '#verdict', '5 faults and 6 warnings')
        const told = await findings(page)
        const levels = told.map((each) => each.split(':')[0])
        assert.deepEqual(levels, [...levels].sort((a, b) => 'fault warning note'.indexOf(a) - 'fault warning note'.indexOf(b)))
        const wanted = ['Disk failing', 'replace the card or disk', 'Queue damaged', '812 of 824 messages', 'Bus roof (10.0.0.5:502) is down', 'Device tank has been offline for 1 h 30 min', 'unit 4 does not answer',
            'was not taken: /etc/tidegate/tidegate.yaml:12:7', 'load 124 %', 'holding 12: exception 2', 'boiler: read less often', 'The queue is filling: 93 %', '1,212 messages had to be dropped', '1,200: the queue was full, the oldest gave way; 12: its life was over.', '7 messages no broker would take',
            'The clock of this board has not been set', '2 warnings']
        for (const words of wanted) assert.ok(told.some((each) => each.includes(words)), `${words} in ${told.join('\n')}`)
        assert.ok(!told.some((each) => each.includes('Device inverter')), 'a bus that is down stands for its devices')
        await shows(page, '#ledger_words', 'it balances')
        await bench.mock('drop/30')
        await shows(page, '#findings', '30 messages had to be dropped in the last minutes')
        await shows(page, '#verdict', '5 faults and 7 warnings')
        await shows(page, '#config_notes', 'Line 31, column 9')
        await shows(page, '.device .trouble', 'holding 12: exception 2')
        const qualities = new Set(await page.locator('.device td .mark').allTextContents())
        assert.deepEqual([...qualities].sort(), ['good', 'not read', 'offline', 'stale'])
    })
    await bench.check('a gap while the gateway did not run, and a gateway without buses', async () => {
        const page = await bench.visit({scene: 'stopped'})
        await shows(page, '#plot .muted', 'the gateway did not run.')
        assert.equal(((await page.locator('.depth_line').getAttribute('d')).match(/M/g) ?? []).length, 2)
        await bench.mock('scene/empty')
        await shows(page, '#filter_found', 'The config file has no points.')
    })
    await bench.check('numbers, sizes and times as words', async () => {
        const page = await bench.visit()
        await shows(page, '#verdict', 'All is well')
        const made = await page.evaluate(async () => {
            const w = await import('/words.js')
            return [w.value_text(0.1 + 0.2), w.value_text(123456789012), w.value_text(false), w.value_text(null), w.value_text(''), w.value_text(-0.5), w.percent(0.00001), w.percent(0.063), w.percent(1.24), w.percent(0),
                w.bytes(0), w.bytes(1023), w.bytes(1536), w.bytes(2 ** 31), w.bytes(200 * 2 ** 20), w.duration(-5), w.duration(61000), w.duration(3600000), w.duration(90 * 60000), w.duration(49 * 3600000),
                w.age(99999), w.age(100000), w.rate(0), w.rate(0.123), w.rate(1234.5), w.rate(null), w.some_of(['a']), w.some_of(['a', 'b']), w.some_of(['a', 'b', 'c', 'd', 'e']), w.clock_time('never'), w.title_of('disk_full'), w.plural(1, 'x')]
        })
        assert.deepEqual(made, ['0.3', '123456789012', 'false', '—', '""', '-0.5', '< 0.1 %', '6.3 %', '124 %', '0 %', '0 B', '1023 B', '1.5 KiB', '2 GiB', '200 MiB', '0 s', '1 min 1 s', '1 h', '1 h 30 min', '2 days',
            '99 s', '1 min', '0', '0.12', '1,235', '—', 'a', 'a and b', 'a, b, c and 2 more', '—', 'Disk full', '1 x'])
    })
}

export async function check_link(bench) {
    await bench.check('the gateway goes away and comes back: old data is said to be old', async () => {
        const page = await bench.visit({scene: 'well', quiet: true})
        await shows(page, '#verdict', 'All is well')
        await bench.mock('down')
        await shows(page, '#old', 'What is below is old')
        await shows(page, '#verdict', 'No answer from the gateway')
        await shows(page, '.device td .mark', 'old data')
        assert.equal(await page.locator('.device td .mark').filter({hasText: 'good'}).count(), 0)
        await bench.mock('scene/outage')
        await bench.mock('up')
        await shows(page, '#findings', 'has been away')
        assert.equal(await page.locator('#old').isVisible(), false)
        assert.equal(await page.locator('.device td .mark').filter({hasText: 'old data'}).count(), 0)
    })
    await bench.check('a config with other points is taken up, and what was folded stays so', async () => {
        const page = await bench.visit({scene: 'well'})
        await shows(page, '.device summary', 'inverter')
        await page.locator('.device summary').filter({hasText: 'tank'}).click()
        await bench.mock('scene/well/writes')
        await shows(page, 'button.small', 'Set …')
        assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('.device')].map((each) => each.open)), [true, false, true, true, true])
    })
    await bench.check('a stream cut anywhere is read right', async () => {
        const page = await bench.visit()
        const made = await page.evaluate(async () => {
            const {event_reader} = await import('/link.js')
            const text = ': here\n\nevent: values\r\ndata: {"a":\r\ndata: "ä"}\r\n\r\ndata:x\n\nevent: state\n\n'
            const all = []
            for (let cut = 0; cut <= text.length; ++cut) {
                const reader = new event_reader()
                all.push(JSON.stringify([...reader.take(text.slice(0, cut)), ...reader.take(text.slice(cut))]))
            }
            return [...new Set(all)]
        })
        assert.deepEqual(made, [JSON.stringify([{event: 'values', data: '{"a":\n"ä"}'}, {event: 'message', data: 'x'}])])
    })
}

export async function check_token(bench) {
    await bench.check('a token is asked for, and kept by this tab alone', async () => {
        const page = await bench.visit({token: 'sesame', quiet: true})
        await page.locator('#token').waitFor()
        await page.locator('#token_text').fill('wrong')
        await page.keyboard.press('Enter')
        await shows(page, '#token_words', 'did not take that token')
        await page.locator('#token_text').fill('sesame')
        await page.keyboard.press('Enter')
        await shows(page, '#verdict', 'All is well')
        await shows(page, '.readout', 'waiting')
        await page.reload()
        await shows(page, '#verdict', 'All is well')
        assert.deepEqual(await page.evaluate(() => [localStorage.length, document.cookie]), [0, ''])
    })
    await bench.check('a token in the address is taken out of it', async () => {
        const page = await bench.visit({token: 'sesame', path: '?token=sesame'})
        await shows(page, '#verdict', 'All is well')
        assert.equal(page.url(), bench.address)
    })
}

export async function check_hostile(bench) {
    await bench.check('names and values are text, whatever is in them', async () => {
        const page = await bench.visit({scene: 'strange/writes'})
        await shows(page, '.device th', '<img src=x onerror=')
        await shows(page, '.value', '<script>window.injected=1</script>')
        await shows(page, '#config_notes', '<img src=x')
        await shows(page, '#alarm_cards', '<img src=x')
        await shows(page, '#destination_cards', 'javascript:alert(1)')
        assert.equal(await page.evaluate(() => window.injected), undefined)
        assert.equal(await page.locator('main img, main script, main a[href^="javascript"]').count(), 0)
        assert.equal(await page.evaluate(() => [...document.querySelectorAll('.device th bdi, .device .value bdi')].every((each) => getComputedStyle(each).unicodeBidi.includes('isolate'))), true)
    })
    await bench.check('a script or style that got in would not run', async () => {
        const page = await bench.visit()
        await shows(page, '#verdict', 'All is well')
        await page.evaluate(() => {
            const script = document.createElement('script')
            script.textContent = 'window.injected = 1'
            document.body.append(script)
        })
        await page.waitForFunction(() => window.injected === undefined)
        assert.ok(bench.faults.some((each) => each.startsWith('content security policy: script-src')), String(bench.faults))
        bench.faults.length = 0 // this one was asked for
    })
}

export async function check_filter(bench) {
    await bench.check('the filter', async () => {
        const page = await bench.visit({scene: 'alarms/writes'})
        await shows(page, '.device summary', 'tank')
        const rows = () => page.locator('.device tbody tr').evaluateAll((all) => all.filter((each) => each.checkVisibility()).length)
        assert.equal(await rows(), 30)
        await page.locator('#filter_text').fill('METER voltage')
        await shows(page, '#filter_found', '6 of 30 points')
        assert.equal(await rows(), 6)
        await page.locator('#filter_text').fill('no such point')
        await shows(page, '#filter_found', '0 of 30 points')
        await page.locator('#filter_text').fill('')
        await page.locator('#filter_kind').selectOption('bad')
        await shows(page, '#filter_found', '12 of 30 points')
        await page.locator('#filter_kind').selectOption('writable')
        await shows(page, '#filter_found', '3 of 30 points')
        await page.locator('#filter_kind').selectOption('all')
        assert.equal(await rows(), 30)
        await page.locator('#fold').click()
        assert.equal(await rows(), 0)
        await page.locator('#filter_text').fill('level')
        assert.equal(await rows(), 1)
    })
}

export async function check_commands(bench) {
    const sent = async () => (await bench.mock('sent')).sent
    await bench.check('no form without leave', async () => {
        const page = await bench.visit({scene: 'well'})
        await shows(page, '.device th', 'setpoint')
        assert.equal(await page.locator('button.small').count(), 0)
        assert.equal(await page.locator('#filter_kind option[value=writable]').evaluate((each) => each.hidden), true)
    })
    await bench.check('a command: asked before it is sent, and its answer shown', async () => {
        const page = await bench.visit({scene: 'well/writes', quiet: true})
        await shows(page, 'button.small', 'Set …')
        assert.equal(await page.locator('button.small').count(), 3)
        const before = (await sent()).length
        await page.getByRole('button', {name: 'Set setpoint'}).click()
        await page.locator('#command_text').fill('80.50')
        await page.keyboard.press('Enter')
        await shows(page, '#command_words', 'Write 80.50 °C to boiler / setpoint? This changes the device.')
        assert.equal((await sent()).length, before, 'nothing is sent yet')
        await page.locator('#command_text').fill('81.50')
        assert.equal(await text_of(page, '#command_go'), 'Continue', 'another value is another question')
        await page.locator('#command_go').click()
        await page.locator('#command_go').click()
        await shows(page, '#command_words', 'verified, reads 81.5 after 142 ms')
        assert.deepEqual((await sent()).at(-1), ['boiler', 'setpoint', '{"value":81.50}'])
        await page.locator('#command_text').fill('99')
        await page.locator('#command_go').click()
        await page.locator('#command_go').click()
        await shows(page, '#command_words', 'rejected after 1 ms: above_max: 99 is above 90')
        await page.locator('#command_close').click()
        await page.getByRole('button', {name: 'Set mode'}).click()
        await page.locator('#command_text').fill('manual "2"')
        await page.locator('#command_go').click()
        await page.locator('#command_go').click()
        await shows(page, '#command_words', 'verified')
        assert.equal((await sent()).at(-1)[2], '{"value":"manual \\"2\\""}')
    })
    await bench.check('a dangerous point is asked about twice', async () => {
        const page = await bench.visit({scene: 'well/writes', quiet: true})
        await page.getByRole('button', {name: 'Set pump'}).click()
        await page.locator('#command_text').fill('false')
        await page.locator('#command_go').click()
        await page.locator('#command_go').click()
        await shows(page, '#command_words', 'marked dangerous')
        assert.equal((await sent()).at(-1)[2], '{"value":false}')
        await page.locator('#command_go').click()
        await shows(page, '#command_words', 'verified')
        assert.equal((await sent()).at(-1)[2], '{"value":false,"confirm":true}')
    })
}
