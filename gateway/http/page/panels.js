// gateway/http/page/panels.js: buses, queue, broker, ledger, alarms and config: shown anew when something of the state has changed.
// Not here: values (values.js), the plot (plot.js).
import {at, each_child, make, set_attribute, set_facts, set_mark, set_text} from './dom.js'
import {bytes, clock_time, count, drop_words, duration, milliseconds, percent, plural, rate, title_of} from './words.js'

/// Since when, and how long that is.
const since_text = (moment, now) => (Number.isNaN(Date.parse(moment)) ? '' : `${clock_time(moment, now)}, ${duration(now - Date.parse(moment))} ago`)

const make_card = () => make('div', {class: 'card'}, make('h3', {}, make('bdi'), make('span', {class: 'mark'})), make('p', {class: 'muted', dir: 'auto'}), make('dl', {class: 'facts'}))

function show_card(card, {name, mark, words, text, facts}) {
    set_text(card.children[0].children[0], name)
    set_text(card.children[0].children[1], words)
    set_mark(card.children[0].children[1], mark)
    set_text(card.children[1], text)
    card.children[1].hidden = text === ''
    set_facts(card.children[2], facts)
}

export function show_panels(state, now) {
    show_buses(state.buses)
    show_queue(state.queue, now)
    show_destinations(state.destinations, now)
    show_ledger(state.queue)
    show_alarms(state.alarms ?? [], now)
    show_config(state, now)
}

function show_buses(buses) {
    const make_bus = () => {
        const card = make_card()
        card.insertBefore(make('div', {class: 'load'}, make('span')), card.children[2])
        return card
    }
    each_child(at('bus_cards'), buses, make_bus, (card, bus) => {
        const [title, where, load, facts] = card.children
        const requests = bus.requests ?? 0
        const failed = [['Time-outs', bus.time_outs], ['Damaged answers', bus.damaged], ['Exceptions', bus.exceptions], ['Not reachable', bus.unreachable]]
        const overloaded = bus.load > 1
        set_text(title.children[0], bus.name)
        set_text(title.children[1], bus.down ? 'down' : overloaded ? 'overloaded' : 'up')
        set_mark(title.children[1], bus.down ? 'fault' : overloaded ? 'warning' : 'good')
        set_text(where, `${bus.adapter} · ${bus.where}`)
        load.children[0].style.inlineSize = `${Math.min(100, (bus.load ?? 0) * 100)}%`
        set_attribute(load, 'data-state', overloaded ? 'warning' : null)
        set_facts(facts, [
            ['Load', bus.measured === false ? 'not measured yet' : `${percent(bus.load)}, busy ${percent(bus.busy)}`, overloaded ? 'warning' : undefined],
            ['Requests', `${rate(bus.requests_per_second)}/s, ${count(requests)} in all`],
            ['Once through', bus.sweep_ms ? milliseconds(bus.sweep_ms) : ''],
            ...failed.map(([label, number]) => [label, number ? `${count(number)} (${percent(number / Math.max(1, requests))})` : '0']),
            ['Missed cycles', count(bus.missed_cycles), bus.missed_cycles ? 'warning' : undefined]
        ])
    })
}

function show_queue(queue, now) {
    const share = queue.max_bytes ? queue.bytes / queue.max_bytes : 0
    set_facts(at('queue_facts'), [
        ['Waiting', plural(queue.messages, 'message')],
        ['Used', `${bytes(queue.bytes)} of ${bytes(queue.max_bytes)} (${percent(share)})`, share > 0.8 ? 'warning' : undefined],
        ['Oldest', queue.messages && queue.oldest ? since_text(queue.oldest, now) : ''],
        ['Written to the disk', queue.bytes_written === undefined ? '' : `${bytes(queue.bytes_written)} since the start`],
        ['Disk', queue.disk_full ? 'full' : '', 'fault']
    ])
}

function show_destinations(destinations, now) {
    each_child(at('destination_cards'), destinations, make_card, (card, each) => {
        const online = each.state === 'online'
        show_card(card, {
            name: each.name, mark: online ? 'good' : 'warning', words: each.state, text: each.url, facts: [
                ['Since', since_text(each.since, now)],
                ['Reason', online ? '' : each.reason, 'warning'],
                ['Session', online ? (each.session_present ? 'the broker knew it' : 'new at this connection') : ''],
                ['Connections', count(each.connections)],
                ['Sessions lost', count(each.sessions_lost), each.sessions_lost ? 'warning' : undefined],
                ['Refused messages', count(each.refused), each.refused ? 'warning' : undefined]
            ]
        })
    })
}

function show_ledger(queue) {
    const sum = queue.acknowledged + queue.messages + queue.dropped
    const open = queue.accepted - sum
    set_text(at('ledger_words'), open === 0 ? 'Accepted = acknowledged + queued + dropped: it balances.'
        : `Accepted = acknowledged + queued + dropped: ${count(Math.abs(open))} ${open > 0 ? 'missing from the right' : 'too many on the right'}.`)
    set_mark(at('ledger_words'), open === 0 ? 'good' : 'warning')
    const dropped = Object.entries(queue.dropped_by ?? {}).filter(([, number]) => number > 0).map(([reason, number]) => [drop_words[reason] ?? title_of(reason), number])
    const rows = [['', 'Accepted', queue.accepted, 'sum'], ['=', 'Acknowledged by the broker', queue.acknowledged], ['+', 'Queued', queue.messages], ['+', 'Dropped', queue.dropped],
        ...dropped.map(([reason, number]) => ['', reason, number, 'part'])]
    if (queue.dead_letters) rows.push(['', 'Kept as dead letters', queue.dead_letters, 'part'])
    each_child(at('ledger_rows'), rows, () => make('tr', {}, make('th', {scope: 'row'}), make('td', {class: 'number'})), (row, [sign, words, number, kind]) => {
        set_text(row.children[0], words)
        set_text(row.children[1], count(number))
        set_attribute(row, 'class', kind ?? null)
        set_attribute(row, 'data-sign', sign || null)
    })
}

function show_alarms(alarms, now) {
    const make_alarm = () => make('div', {class: 'card'}, make('h3', {}, make('bdi'), make('span', {class: 'mark'})), make('p', {dir: 'auto'}), make('p', {class: 'muted'}))
    const sorted = [...alarms].sort((a, b) => Number(b.on) - Number(a.on))
    at('no_alarms').hidden = sorted.length !== 0
    each_child(at('alarm_cards'), sorted, make_alarm, (card, each) => {
        set_text(card.children[0].children[0], title_of(each.name))
        set_text(card.children[0].children[1], each.on ? 'on' : 'off')
        set_mark(card.children[0].children[1], each.on ? 'fault' : 'good')
        set_text(card.children[1], each.on ? each.reason ?? '' : '')
        card.children[1].hidden = !each.on
        const times = each.count ? `raised ${each.count === 1 ? 'once' : `${count(each.count)} times`} since the start` : ''
        set_text(card.children[2], [each.since ? `${each.on ? 'on' : 'off'} since ${since_text(each.since, now)}` : '', times].filter(Boolean).join(' · '))
        card.children[2].hidden = card.children[2].textContent === ''
    })
}

function show_config(state, now) {
    const {config, gateway} = state
    set_facts(at('config_facts'), [
        ['File', config.path], ['Loaded', since_text(config.loaded, now)], ['Running since', since_text(gateway.started, now)], ['Version', gateway.version],
        ['Clock', {synchronised: 'synchronised', trusted: 'trusted, as the config says', unsynchronised: 'not set since the board started'}[gateway.clock] ?? gateway.clock,
            gateway.clock === 'unsynchronised' ? 'warning' : undefined],
        ['Commands', gateway.writes ? 'enabled' : 'off']
    ])
    const notes = (config.warnings ?? []).map((each) => ({state: 'note', place: `${each.file ? `${each.file}: line` : 'Line'} ${each.line}, column ${each.column}`, words: each.message}))
    if (config.reload_error) notes.unshift({state: 'fault', place: 'The changed file was not taken', words: config.reload_error})
    each_child(at('config_notes'), notes, () => make('div', {class: 'card'}, make('h3', {}, make('span', {class: 'mark'})), make('p', {dir: 'auto', class: 'code'})), (card, each) => {
        set_text(card.children[0].children[0], each.place)
        set_mark(card.children[0].children[0], each.state)
        set_text(card.children[1], each.words)
    })
}
