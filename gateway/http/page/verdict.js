// gateway/http/page/verdict.js: what is wrong with the gateway, worst first, and what to do next. Pure.
// Not here: how it is shown (page.js). The same facts, for those who are woken by them: monitoring/alerts.yaml.
import {bytes, clock_time, count, drop_words, duration, percent, plural, some_of, title_of} from './words.js'

const remedies = {
    disk_failing: 'See the system log for errors of the disk, and replace the card or disk in time.',
    queue_damaged: 'What could be saved is in the new queue file. Replace the card or disk if it happens again.',
    queue_filling: 'Bring the broker back, or raise buffer.max_bytes while the disk has room.'
}

/// [{level: 'fault'|'warning'|'note', what, remedy, where}], worst first; `where` is the section that has more. `dropped_lately`: messages, in
/// the last minutes; what was dropped long ago is in the books for good and no reason to worry again each day.
export function judge(state, now, old_for_ms, dropped_lately) {
    const found = []
    const say = (level, where, what, remedy = '') => found.push({level, where, what, remedy})
    judge_alarms(state, now, say)
    judge_buses(state, now, say)
    judge_delivery(state, now, say, dropped_lately)
    judge_board(state, say)
    const rank = {fault: 0, warning: 1, note: 2}
    if (old_for_ms !== null) found.length = 0 // it may all be different by now
    return found.sort((a, b) => rank[a.level] - rank[b.level])
}

/// The gateway's words as a sentence beside ours.
const sentence = (words) => (/[.!?]$/.test(words) ? words : `${words}.`)

function judge_alarms(state, now, say) {
    for (const each of state.alarms ?? []) {
        if (!each.on) continue
        const since = each.since ? `, since ${clock_time(each.since, now)}` : ''
        say(each.name === 'queue_filling' ? 'warning' : 'fault', 'alarms', `${title_of(each.name)}${since}`, [each.reason, remedies[each.name]].filter(Boolean).map(sentence).join(' '))
    }
}

function judge_buses(state, now, say) {
    const offline = []
    const overdue = []
    const odd = []
    for (const bus of state.buses) {
        if (bus.down) {
            say('fault', 'buses', `Bus ${bus.name} (${bus.where}) is down: no request can be made`, 'Check that the port or host is there and nobody else holds it: tidegate doctor.')
        } else if (bus.load > 1) {
            say('warning', 'buses', `Bus ${bus.name} is asked for more than it can do: load ${percent(bus.load)}`, 'Read less often, or raise the baud rate; tidegate check shows what costs how much.')
        }
        for (const device of bus.devices) {
            if (device.state === 'offline' && !bus.down) offline.push({device, bus})
            else if (device.error && device.state !== 'offline') odd.push(device)
            if (device.overdue) overdue.push(device)
        }
    }
    if (offline.length === 1) {
        const {device, bus} = offline[0]
        const since = device.since ? ` for ${duration(now - Date.parse(device.since))}` : ''
        say('fault', 'values', `Device ${device.name} has been offline${since}: ${device.error || 'it does not answer'}`,
            `Check its power, its wires on bus ${bus.name}, and its unit number. It is tried again by itself.`)
    } else if (offline.length > 1) {
        say('fault', 'values', `${plural(offline.length, 'device')} are offline: ${some_of(offline.map(({device}) => device.name))}`,
            'Check their power and wires; if they share a line, begin with what they share. They are tried again by themselves.')
    }
    if (odd.length === 1) say('warning', 'values', `Device ${odd[0].name} answers, but: ${odd[0].error}`, 'Compare its points in the config file with its manual.')
    else if (odd.length > 1) say('warning', 'values', `${plural(odd.length, 'device')} answer with errors: ${some_of(odd.map((device) => device.name))}`, 'Each says below what is wrong.')
    if (overdue.length !== 0) {
        say('warning', 'buses', `${some_of(overdue.map((device) => device.name))}: read less often than asked for`, 'Lengthen "every", or lighten the bus; tidegate check shows its load.')
    }
}

function judge_delivery(state, now, say, dropped_lately) {
    const queue = state.queue
    for (const each of state.destinations) {
        if (each.state === 'online') continue
        const since = each.since ? ` for ${duration(now - Date.parse(each.since))}` : ''
        say('warning', 'destinations', `Broker ${each.url} has been away${since}${each.reason ? `: ${each.reason}` : ''}`,
            `Nothing is lost: ${plural(queue.messages, 'message')} (${bytes(queue.bytes)} of ${bytes(queue.max_bytes)}) wait here and are sent when it is back.`)
    }
    const filling = (state.alarms ?? []).some((each) => each.on && each.name === 'queue_filling')
    if (!filling && queue.max_bytes > 0 && queue.bytes > 0.8 * queue.max_bytes) {
        say('warning', 'queue', `The queue is filling: ${percent(queue.bytes / queue.max_bytes)} are used`, remedies.queue_filling)
    }
    if (queue.dropped > 0) {
        const why = Object.entries(queue.dropped_by ?? {}).filter(([, number]) => number > 0).map(([reason, number]) => `${count(number)}: ${drop_words[reason] ?? title_of(reason)}`)
        if (dropped_lately > 0) say('warning', 'ledger', `${plural(dropped_lately, 'message')} had to be dropped in the last minutes`, 'The ledger has the reasons; docs/reliability.md says what each means.')
        else say('note', 'ledger', `Over the life of the queue file ${plural(queue.dropped, 'message')} had to be dropped`, why.length ? `${why.join('; ')}.` : '')
    }
    if (queue.dead_letters > 0) {
        say('warning', 'ledger', `${plural(queue.dead_letters, 'message')} no broker would take`, 'tidegate queue peek --dead-letters shows them and why.')
    }
}

function judge_board(state, say) {
    if (state.config.reload_error) {
        say('fault', 'config', `The changed config file was not taken: ${state.config.reload_error}`, 'The one from before is in force. Correct the file (tidegate check), then tidegate reload.')
    }
    if (state.gateway.clock === 'unsynchronised') {
        say('warning', 'config', 'The clock of this board has not been set since it started: times may be wrong', 'Give it a time server (timedatectl). What waits in the queue then gets the right time.')
    }
    const warnings = state.config.warnings?.length ?? 0
    if (warnings !== 0) say('note', 'config', `The config file has ${plural(warnings, 'warning')}`, 'Each is below with its line.')
}

/// The heading: one line for who looks at the page from across the room.
export function headline(findings, lost) {
    if (lost) return {state: 'fault', words: 'No answer from the gateway'}
    const faults = findings.filter((each) => each.level === 'fault').length
    const warnings = findings.filter((each) => each.level === 'warning').length
    if (faults !== 0) return {state: 'fault', words: `${plural(faults, 'fault')}${warnings ? ` and ${plural(warnings, 'warning')}` : ''}`}
    if (warnings !== 0) return {state: 'warning', words: `Working, with ${plural(warnings, 'warning')}`}
    return {state: 'good', words: 'All is well'}
}
