// tests/page/checks_load.mjs: a thousand points that all change every second: what is touched, how long it takes, and memory over an hour.
import {assert, figure, shows} from './browser.mjs'

const unfold = async (page) => {
    await page.locator('#fold').click()
    if (await page.locator('#fold').textContent() !== 'Fold all') await page.locator('#fold').click()
}

export async function check_thousand(bench) {
    await bench.check('of 1,000 points that change only what is in sight is touched', async () => {
        const page = await bench.visit({scene: 'thousand'})
        await shows(page, '#figures', '1,000 of 1,000')
        assert.equal(await page.locator('.device[open]').count(), 0, 'so many begin folded')
        await unfold(page)
        const seen = await page.evaluate(() => new Promise((done) => {
            const rows = new Set()
            const long = []
            let events = 0
            new PerformanceObserver((list) => long.push(...list.getEntries().map((each) => each.duration))).observe({entryTypes: ['longtask']})
            new MutationObserver((all) => { for (const each of all) rows.add(each.target.parentElement?.closest('tr') ?? each.target) }).observe(document.getElementById('devices'), {subtree: true, childList: true, characterData: true})
            // The first row changes with each event.
            new MutationObserver(() => {
                if (++events < 4) return
                const far = [...rows].filter((row) => row.tagName === 'TR' && row.getBoundingClientRect().top > innerHeight + 400).length
                done({near: rows.size - far, far, long})
            }).observe(document.querySelector('.value bdi'), {childList: true})
        }))
        figure('rows touched in three seconds of 1,000 that changed', `${seen.near} near, ${seen.far} far (a slow round), long tasks ${seen.long.map((each) => Math.round(each))} ms`)
        assert.ok(seen.near > 5 && seen.near < 120, String(seen.near))
        assert.ok(seen.far <= 600, String(seen.far))
        await page.evaluate(() => scrollTo(0, document.getElementById('devices').getBoundingClientRect().bottom - 300))
        await page.waitForFunction(() => {
            const rows = [...document.querySelectorAll('.device tbody tr')].filter((each) => { const {top, bottom} = each.getBoundingClientRect(); return top > 100 && bottom < innerHeight })
            return rows.length > 3 && rows.every((row) => parseInt(row.querySelector('.age').textContent) <= 3)
        })
    })
}

export async function check_hour(bench, seconds) {
    await bench.check(`${seconds} s of 1,000 points leave no trace in memory`, async () => {
        const page = await bench.visit({scene: 'thousand'})
        await shows(page, '#figures', '1,000 of 1,000')
        await unfold(page)
        const session = await page.context().newCDPSession(page)
        const measure = async () => {
            await session.send('HeapProfiler.collectGarbage')
            await session.send('HeapProfiler.collectGarbage')
            const {usedSize} = await session.send('Runtime.getHeapUsage')
            const {nodes, jsEventListeners} = await session.send('Memory.getDOMCounters')
            return {heap: usedSize, nodes, listeners: jsEventListeners}
        }
        const run = async (length) => {
            await bench.mock(`hour/${length}`)
            for (;;) {
                const {hour} = await bench.mock('hour')
                if (hour === 0) return
                await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)))
            }
        }
        await run(300)
        const before = await measure()
        const began = Date.now()
        await run(seconds)
        const took = (Date.now() - began) / 1000
        const after = await measure()
        figure(`heap before and after ${seconds} s of 1,000 points`, `${(before.heap / 1e6).toFixed(2)} → ${(after.heap / 1e6).toFixed(2)} MB, nodes ${before.nodes} → ${after.nodes}, listeners ${before.listeners} → ${after.listeners}, in ${took.toFixed(0)} s`)
        assert.ok(after.heap < before.heap + 1e6, 'the heap has not grown by a megabyte')
        assert.ok(after.nodes < before.nodes + 500, 'nor the document')
        assert.ok(after.listeners <= before.listeners + 5)
        await shows(page, '#verdict', 'All is well')
    })
}
