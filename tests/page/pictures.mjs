// tests/page/pictures.mjs: makes the pictures of docs/status-page.md. Called by page_test.py --pictures docs/images; then: pngquant --force --ext .png docs/images/status-*.png; optipng -o5 docs/images/status-*.png
// usage: node pictures.mjs ADDRESS FOLDER
import {join} from 'node:path'
import {bench, shows} from './browser.mjs'

const [address, folder] = process.argv.slice(2)
const at = new bench(address)
await at.open()
for (const [name, how] of Object.entries({
    desktop: {scene: 'well/writes', width: 1280, height: 940},
    outage: {scene: 'outage', width: 1280, height: 800, dark: true},
    faults: {scene: 'alarms', width: 1280, height: 800},
    phone: {scene: 'outage', width: 360, height: 740}
})) {
    await at.check(name, async () => {
        const page = await at.visit(how)
        await shows(page, '.readout', 'waiting')
        await shows(page, '.device .age', 's')
        await page.screenshot({path: join(folder, `status-${name}.png`)})
    })
}
await at.end()
