// tests/page/checks.mjs: runs every check of the status page against the made-up gateway. Called by page_test.py.
// usage: node checks.mjs ADDRESS [--hour SECONDS] [--only WORD]
import {bench} from './browser.mjs'
import * as acts from './checks_acts.mjs'
import * as load from './checks_load.mjs'
import * as looks from './checks_looks.mjs'

const [address, ...more] = process.argv.slice(2)
const option = (name, otherwise) => (more.includes(name) ? more[more.indexOf(name) + 1] : otherwise)
const only = option('--only', '')
const at = new bench(address)
await at.open()
const check = at.check.bind(at)
at.check = async (name, what) => (name.includes(only) ? check(name, what) : undefined)
for (const each of [looks.check_weight, looks.check_contrast, looks.check_phone, looks.check_structure, looks.check_keyboard, acts.check_states, acts.check_link, acts.check_token,
    acts.check_hostile, acts.check_filter, acts.check_commands, load.check_thousand]) await each(at)
await load.check_hour(at, Number(option('--hour', 3600)))
await at.end()
