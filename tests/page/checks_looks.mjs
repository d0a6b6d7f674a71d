// tests/page/checks_looks.mjs: what the page weighs and how soon it is there, contrast, phone, structure, keyboard.
import {assert, figure, shows} from './browser.mjs'

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]

export async function check_weight(bench) {
    await bench.check('all its files are at most 150 KB, from here only', async () => {
        const page = await bench.visit()
        await shows(page, '#verdict', 'All is well')
        const names = await page.evaluate(() => performance.getEntries().filter((each) => each.transferSize && !each.name.includes('/api/')).map((each) => [each.name, each.transferSize]))
        const sum = names.reduce((total, [, size]) => total + size, 0)
        figure('bytes transferred for the page', `${sum} in ${names.length} files`)
        assert.ok(names.length >= 11, `all files are counted: ${names}`)
        assert.ok(sum <= 150000, `${sum} bytes`)
    })
    await bench.check('it is there at once', async () => {
        const paints = []
        const values = []
        for (let round = 0; round < 7; ++round) {
            const page = await bench.visit({scene: round === 0 ? 'well' : null})
            await shows(page, '#verdict', 'All is well')
            paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime))
            values.push(await page.evaluate(() => performance.now()))
            await page.context().close()
        }
        figure('first contentful paint, median of 7', `${median(paints).toFixed(0)} ms (${Math.min(...paints).toFixed(0)}–${Math.max(...paints).toFixed(0)})`)
        figure('values are there, median of 7', `${median(values).toFixed(0)} ms`)
        assert.ok(median(paints) < 3000)
    })
}

/// In the page: [{text, ratio}] of every text below 4.5:1, marks before words and placeholders too.
function poor_contrasts() {
    const parse = (color) => {
        const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number)
        return {r, g, b, a}
    }
    const over = (top, below) => ({r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a), b: top.b * top.a + below.b * (1 - top.a), a: 1})
    const ground_of = (element) => {
        const layers = []
        for (let each = element; each; each = each.parentElement) {
            const color = parse(getComputedStyle(each).backgroundColor)
            if (color.a > 0) layers.push(color)
            if (color.a === 1) break
        }
        return layers.reverse().reduce((below, top) => over(top, below), {r: 255, g: 255, b: 255, a: 1})
    }
    const light = ({r, g, b}) => {
        const [x, y, z] = [r, g, b].map((each) => (each / 255 <= 0.03928 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4))
        return 0.2126 * x + 0.7152 * y + 0.0722 * z
    }
    const ratio = (a, b) => {
        const [dark, bright] = [light(a), light(b)].sort((x, y) => x - y)
        return (bright + 0.05) / (dark + 0.05)
    }
    const poor = []
    let seen = 0
    const judge = (text, color, ground) => {
        ++seen
        const is = ratio(over(parse(color), ground), ground)
        if (is < 4.5) poor.push({text: text.slice(0, 60), ratio: Number(is.toFixed(2))})
    }
    for (const element of document.querySelectorAll('body *')) {
        if (!element.checkVisibility({visibilityProperty: true}) || element.closest('.hidden, noscript, option')) continue
        const drawn = element instanceof SVGElement
        const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '').map((node) => node.data).join('')
        const ground = element.classList.contains('outage_words') ? parse(getComputedStyle(document.querySelector('.hatch_ground')).fill) : ground_of(drawn ? element.closest('div') : element)
        if (own) judge(own, drawn ? getComputedStyle(element).fill : getComputedStyle(element).color, ground)
        const mark = getComputedStyle(element, '::before')
        if (/"[^"]+"/.test(mark.content)) judge(`mark ${mark.content}`, mark.color, ground)
        if (element.placeholder) judge(element.placeholder, getComputedStyle(element, '::placeholder').color, ground)
    }
    return {seen, poor}
}

export async function check_contrast(bench) {
    for (const dark of [false, true]) {
        for (const scene of ['well/writes', 'outage', 'alarms/writes']) {
            await bench.check(`contrast is at least 4.5:1: ${scene}, ${dark ? 'dark' : 'light'}`, async () => {
                const page = await bench.visit({scene, dark, quiet: true})
                await shows(page, '.mark', 'online')
                await shows(page, '.readout', 'waiting')
                const {seen, poor} = await page.evaluate(poor_contrasts)
                assert.deepEqual(poor, [])
                assert.ok(seen > 100, `${seen} texts were looked at`)
                if (scene === 'outage') {
                    await bench.mock('down')
                    await shows(page, '#old', 'is old')
                    assert.deepEqual((await page.evaluate(poor_contrasts)).poor, [])
                }
                if (scene.includes('writes')) {
                    await page.locator('button.small').first().click()
                    assert.deepEqual((await page.evaluate(poor_contrasts)).poor, [])
                }
            })
        }
    }
    await bench.check('the check of contrast sees what is poor', async () => {
        const page = await bench.visit()
        await shows(page, '.mark', 'online')
        await page.evaluate(() => { document.getElementById('values_title').style.color = '#888' })
        assert.equal((await page.evaluate(poor_contrasts)).poor.length, 1)
    })
}

export async function check_phone(bench) {
    for (const [width, scene] of [[360, 'outage/writes'], [360, 'alarms'], [320, 'strange/writes']]) {
        await bench.check(`nothing sticks out at ${width} px: ${scene}`, async () => {
            const page = await bench.visit({scene, width, height: 740})
            await shows(page, '.mark', 'line')
            await shows(page, '.readout', 'waiting')
            const wide = await page.evaluate(() => [...document.querySelectorAll('main *')].filter((each) => each.checkVisibility() && !each.closest('.hidden') && each.getBoundingClientRect().right > innerWidth + 0.5)
                .map((each) => `${each.tagName} ${each.className} ${each.textContent.slice(0, 40)}`))
            assert.deepEqual(wide, [])
            assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
            const small = await page.evaluate(() => [...document.querySelectorAll('button, input, select, nav a')].filter((each) => each.checkVisibility()).map((each) => [each.textContent, each.getBoundingClientRect().height]).filter(([, height]) => height < 24))
            assert.deepEqual(small, [], 'what is touched is at least 24 px high')
        })
    }
}

export async function check_structure(bench) {
    await bench.check('landmarks, headings, tables and names', async () => {
        const page = await bench.visit({scene: 'alarms/writes'})
        await shows(page, '.mark', 'offline')
        const faults = await page.evaluate(() => {
            const found = []
            for (const tag of ['header', 'nav', 'main', 'footer', 'h1']) if (document.querySelectorAll(tag).length !== 1) found.push(`one ${tag}`)
            let level = 0
            for (const each of document.querySelectorAll('main h1, main h2, main h3, main h4')) {
                const is = Number(each.tagName[1])
                if (level !== 0 && is > level + 1) found.push(`after h${level} comes ${each.outerHTML}`)
                level = is
            }
            for (const each of document.querySelectorAll('table')) if (!each.caption || each.querySelectorAll('thead th[scope=col]').length === 0) found.push(`a table without headers: ${each.outerHTML.slice(0, 80)}`)
            for (const each of document.querySelectorAll('tbody tr')) if (!each.querySelector('th[scope=row]')) found.push(`a row without a header: ${each.outerHTML}`)
            const ids = [...document.querySelectorAll('[id]')].map((each) => each.id)
            if (new Set(ids).size !== ids.length) found.push('an id twice')
            for (const each of document.querySelectorAll('[style], [onclick]')) if (!each.closest('.load')) found.push(`inline: ${each.outerHTML.slice(0, 80)}`)
            for (const each of document.querySelectorAll('[data-state]')) if (!each.textContent.trim()) if (!each.matches('.load, #command_words, p:empty')) found.push(`a state without words: ${each.outerHTML}`)
            return found
        })
        assert.deepEqual(faults, [])
        const session = await page.context().newCDPSession(page)
        const {nodes} = await session.send('Accessibility.getFullAXTree')
        const nameless = nodes.filter((node) => !node.ignored && node.properties?.some((each) => each.name === 'focusable' && each.value.value) && !node.name?.value && node.role.value !== 'RootWebArea')
        assert.deepEqual(nameless.map((node) => node.role.value), [])
        const roles = new Set(nodes.map((node) => node.role?.value))
        for (const role of ['banner', 'navigation', 'main', 'contentinfo', 'search', 'table', 'rowheader', 'slider']) assert.ok(roles.has(role), role)
    })
    await bench.check('what is read out aloud stays still while nothing happens', async () => {
        const page = await bench.visit({scene: 'outage'})
        await shows(page, '#findings', 'has been away')
        const changes = await page.evaluate(() => new Promise((done) => {
            let count = 0
            let turns = 0
            const watch = new MutationObserver((seen) => { count += seen.length })
            for (const each of document.querySelectorAll('[role=status], [role=alert], [aria-live]')) watch.observe(each, {subtree: true, childList: true, characterData: true, attributes: true})
            // Until values have come three times.
            new MutationObserver(() => { if (++turns === 30) done(count) }).observe(document.getElementById('devices'), {subtree: true, childList: true})
        }))
        assert.equal(changes, 0)
    })
}

export async function check_keyboard(bench) {
    await bench.check('everything can be reached and seen by keyboard', async () => {
        const page = await bench.visit({scene: 'outage/writes', height: 600})
        await shows(page, '.readout', 'waiting')
        const walk = []
        for (let step = 0; step < 80; ++step) {
            await page.keyboard.press('Tab')
            await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
            const is = await page.evaluate(() => {
                const on = document.activeElement
                if (!on || on === document.body) return null
                const box = on.getBoundingClientRect()
                const style = getComputedStyle(on)
                const head = document.querySelector('header')
                return {name: on.id || on.getAttribute('aria-label') || on.textContent.slice(0, 30), tag: on.tagName, outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
                    seen: head.contains(on) || on.className === 'skip' || (box.bottom > head.getBoundingClientRect().bottom && box.top < innerHeight)}
            })
            if (is === null) break
            walk.push(is)
        }
        const names = walk.map((each) => each.name)
        for (const wanted of ['Skip to the values', 'Now', 'filter_text', 'filter_kind', 'fold', 'Set setpoint', 'span_1h', 'span_24h', 'Plot of the queue: a moment in it, by arrow keys', 'The plot as a table', 'metrics']) {
            assert.ok(names.includes(wanted), `${wanted} in ${names}`)
        }
        assert.deepEqual(walk.filter((each) => !each.outlined), [])
        assert.deepEqual(walk.filter((each) => !each.seen), [])
        figure('stops of a walk by Tab', walk.length)
    })
    await bench.check('a dialog takes the focus and gives it back; the plot is read by arrow keys', async () => {
        const page = await bench.visit({scene: 'outage/writes'})
        await shows(page, '.readout', 'Now: ')
        await page.locator('button.small').first().focus()
        await page.keyboard.press('Enter')
        assert.equal(await page.evaluate(() => document.activeElement.id), 'command_text')
        await page.keyboard.press('Escape')
        assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Set …')
        await page.locator('.drawing').focus()
        await page.keyboard.press('Home')
        assert.match(await page.locator('.readout').textContent(), /^(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d: \d+ waiting/)
        await page.keyboard.press('End')
        assert.match(await page.locator('.drawing').getAttribute('aria-valuetext'), /broker away$/)
    })
    await bench.check('less motion, if that is asked for', async () => {
        const page = await bench.visit()
        await page.emulateMedia({reducedMotion: 'reduce'})
        await shows(page, '.mark', 'up')
        const moving = () => [...document.querySelectorAll('*')].filter((each) => getComputedStyle(each).transitionDuration !== '0s' || getComputedStyle(each).animationName !== 'none' || getComputedStyle(each).scrollBehavior !== 'auto').length
        assert.equal(await page.evaluate(moving), 0)
        await page.emulateMedia({reducedMotion: 'no-preference'})
        assert.equal(await page.evaluate(moving), 2)
    })
}
