// gateway/http/page/page.js: the status page of one gateway: joins the link to the gateway with what is shown.
// Not here: any of it in detail. docs/api.md is the interface, docs/status-page.md what a person sees.
import {open_command, set_up_commands} from './command.js'
import {at, each_child, make, set_attribute, set_mark, set_text} from './dom.js'
import {ask_json, keep_link, set_token, take_token} from './link.js'
import {show_panels} from './panels.js'
import {plot} from './plot.js'
import {values_view} from './values.js'
import {headline, judge} from './verdict.js'
import {bytes, clock_time, count, duration, percent, plural} from './words.js'

let state = null       // the last /api/state, with what came since but for the points
let lost_at = null     // by performance.now(); null: there is a connection
let lost_why = ''
let gateway_ms = 0     // the gateway's clock …
let gateway_read = 0   // … when performance.now() was this
let span = '1h'
let history_asked = -Infinity
const drops = {count: null, lately: 0, at: -Infinity} // seen by this page
const lately_ms = 600000

const values = new values_view(open_command)
const queue_plot = new plot(at('plot'))
values.on_sight = () => values.show_changes(gateway_now())

/// Ages are by the gateway's clock: this browser's may be wrong, or the gateway's.
const gateway_now = () => gateway_ms + performance.now() - gateway_read

function set_clock(text) {
    const ms = Date.parse(text)
    if (Number.isNaN(ms)) return
    gateway_ms = ms
    gateway_read = performance.now()
}

const places_of = (of) => JSON.stringify(of.buses.map((bus) => [bus.name, bus.devices.map((device) => [device.name, device.points.map((point) => [point.name, point.unit, point.writable])])]))
let places = ''

function take_state(read) {
    set_clock(read.gateway.now)
    const now_places = places_of(read) + read.gateway.writes
    const same = places === now_places
    places = now_places
    state = read
    note_drops(state.queue)
    if (same) values.take_points(read, gateway_now())
    else values.build(read, gateway_now())
    // The points are with the values from here on: a second copy of a thousand would only be old.
    for (const bus of state.buses) for (const device of bus.devices) delete device.points
    show_state()
}

function take_event(name, data) {
    if (name === 'values') {
        set_clock(data.now)
        const now = gateway_now()
        for (const [bus, device, point, value, ts, quality] of data.points) {
            const read_at = Date.parse(ts)
            values.take(bus, device, point, value, Number.isNaN(read_at) ? null : Math.min(read_at, now), quality)
        }
        if (!document.hidden) values.show_changes(now)
        show_figures()
    } else if (name === 'state' && data.buses.length === state.buses.length) {
        set_clock(data.gateway.now)
        state = data
        note_drops(state.queue)
        show_state()
    }
}

function note_drops({dropped}) {
    const now = performance.now()
    if (now - drops.at > lately_ms) drops.lately = 0
    if (drops.count !== null && dropped > drops.count) {
        drops.lately += dropped - drops.count
        drops.at = now
    }
    drops.count = dropped
}

function show_state() {
    if (state === null || document.hidden) return
    const now = gateway_now()
    const {gateway} = state
    set_text(at('gateway_id'), gateway.id)
    set_text(at('gateway_facts'), `version ${gateway.version} · running for ${duration(now - Date.parse(gateway.started))}`)
    values.show_state(state, now)
    show_panels(state, now)
    show_verdict(now)
    show_figures()
    ask_history()
}

function show_verdict(now) {
    const lost_ms = lost_at === null ? null : performance.now() - lost_at
    const findings = state === null ? [] : judge(state, now, lost_ms, drops.lately)
    const {state: is, words} = headline(findings, lost_ms !== null)
    set_text(at('verdict'), words)
    set_mark(at('verdict'), is)
    document.title = `${is === 'good' ? '' : `${words} · `}${state?.gateway.id ?? 'Tidegate'}`
    each_child(at('findings'), findings, make_finding, (item, each) => {
        set_mark(item, each.level)
        const [level, what, remedy, more] = item.children
        set_text(level, `${each.level}: `)
        set_text(what, each.what)
        set_text(remedy, each.remedy)
        remedy.hidden = each.remedy === ''
        set_attribute(more, 'href', `#${each.where}`)
        set_text(more, `See ${sections[each.where]}`)
    })
    show_old(lost_ms)
}

const sections = {alarms: 'Alarms', buses: 'Buses', values: 'Values', destinations: 'Broker', queue: 'Queue', ledger: 'Ledger', config: 'Config'}
const make_finding = () => make('li', {}, make('span', {class: 'hidden'}), make('span', {class: 'what', dir: 'auto'}), make('span', {class: 'remedy', dir: 'auto'}), ' ', make('a', {class: 'more'}))

/// Said once and not counted up each second: an alert is read out each time it changes.
function show_old(lost_ms) {
    const line = at('old')
    document.body.classList.toggle('old', lost_ms !== null)
    if (line.hidden !== (lost_ms === null)) line.hidden = lost_ms === null
    if (lost_ms === null) return
    const since = clock_time(Date.now() - lost_ms)
    set_text(line, state === null ? `Since ${since} the page has tried to reach the gateway: ${lost_why}. It goes on trying.`
        : `What is below is old: it is as it was at ${since}. Since then the gateway cannot be reached: ${lost_why}. The page goes on trying; on the board, systemctl status tidegate says more.`)
}

function show_figures() {
    if (state === null) return
    const {good, all} = values.counts()
    const {queue, destinations, buses} = state
    const there = destinations.filter((each) => each.state === 'online').length
    const busiest = buses.reduce((most, bus) => ((bus.load ?? 0) > (most?.load ?? -1) ? bus : most), null)
    const online = buses.flatMap((bus) => bus.devices)
    const figures = [
        ['Points', `${count(good)} of ${count(all)}`, 'good', good === all ? 'good' : 'warning'],
        ['Devices', `${count(online.filter((each) => each.state === 'online').length)} of ${count(online.length)}`, 'online', online.every((each) => each.state === 'online') ? 'good' : 'fault'],
        ['Broker', there === destinations.length ? 'online' : 'away', destinations.length > 1 ? `${there} of ${destinations.length}` : '', there === destinations.length ? 'good' : 'warning'],
        ['Queue', count(queue.messages), `waiting, ${bytes(queue.bytes)}`, queue.bytes > 0.8 * queue.max_bytes ? 'warning' : 'good'],
        ['Busiest bus', busiest ? percent(busiest.load) : '—', busiest?.name ?? '', busiest?.load > 1 ? 'warning' : 'good']
    ]
    each_child(at('figures'), figures, () => make('div', {}, make('dt'), make('dd', {}, make('b'), ' ', make('bdi'))), (tile, [label, figure, words, is]) => {
        set_text(tile.children[0], label)
        set_text(tile.children[1].children[0], figure)
        set_text(tile.children[1].children[1], words)
        set_attribute(tile, 'data-state', is === 'good' ? null : is)
    })
}

/// No more often than it has something new, and only while somebody looks.
async function ask_history(now = false) {
    const wait = span === '1h' ? 10000 : 60000
    if (document.hidden || lost_at !== null || (!now && performance.now() - history_asked < wait)) return
    history_asked = performance.now()
    const asked_for = span
    try {
        const history = await ask_json(`api/history?span=${asked_for}`)
        if (asked_for === span) queue_plot.show(history)
    } catch {
        // The plot stays as it was; the link says what is wrong, and the next turn asks again.
    }
}

function choose_span(to) {
    span = to
    for (const each of ['1h', '24h']) at(`span_${each}`).setAttribute('aria-pressed', String(each === to))
    ask_history(true)
}

function set_lost(why) {
    lost_at ??= performance.now()
    lost_why = why
    values.set_old(true, gateway_now())
    show_verdict(gateway_now())
}

function set_found() {
    lost_at = null
    values.set_old(false, gateway_now())
    history_asked = -Infinity
    show_state()
}

function ask_token(refused) {
    const dialog = at('token')
    set_text(at('verdict'), 'The gateway asks for its token')
    set_mark(at('verdict'), 'none')
    if (refused) set_text(at('token_words'), 'The gateway did not take that token. It is what http.token in its config file refers to.')
    at('token_text').value = ''
    return new Promise((resolve) => {
        if (!dialog.open) dialog.showModal()
        dialog.addEventListener('close', () => {
            if (at('token_text').value !== '') set_token(at('token_text').value.trim())
            resolve()
        }, {once: true})
    })
}

function tick() {
    if (document.hidden) return
    values.show_changes(gateway_now())
    values.show_rest(gateway_now())
    if (state !== null) show_verdict(gateway_now())
    ask_history()
}

take_token()
set_up_commands()
at('span_1h').addEventListener('click', () => choose_span('1h'))
at('span_24h').addEventListener('click', () => choose_span('24h'))
at('devices').addEventListener('toggle', () => values.show_fold(), true)
document.addEventListener('visibilitychange', () => { show_state(); tick() })
setInterval(tick, 1000)
keep_link({state: take_state, event: take_event, found: set_found, lost: set_lost, ask_token})
