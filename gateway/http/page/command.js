// gateway/http/page/command.js: the form that writes a point: a value, a question, the answer.
// Not here: what is allowed; the gateway judges every command (docs/writes.md).
import {at, set_text} from './dom.js'
import {ask} from './link.js'
import {milliseconds, value_text} from './words.js'

const answer_ms = 60000  // a command may wait for its bus

let point = null  // {bus, device, row} of the open form
let asked = null  // the JSON text of the value that was asked about

/// true, false and numbers as they are typed (no digit of a large one is lost), anything else as text.
export function json_of(typed) {
    const text = typed.trim()
    if (text === 'true' || text === 'false' || /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/.test(text)) return text
    return JSON.stringify(text)
}

/// What became of it, in a line: {ok, words}. An answer is that of the ack topic, docs/writes.md.
export function answer_words(status, body) {
    let answer = null
    try { answer = JSON.parse(body) } catch { /* not JSON: shown as it is */ }
    if (answer === null || typeof answer !== 'object') return {ok: status < 300, words: `${status}: ${body.slice(0, 300)}`}
    const ok = answer.ok ?? status < 300
    const why = [answer.reason, answer.detail ?? answer.error].filter(Boolean).join(': ')
    const value = answer.value === undefined ? '' : `, reads ${value_text(answer.value)}`
    const took = answer.ms === undefined ? '' : ` after ${milliseconds(answer.ms)}`
    return {ok, words: `${answer.stage ?? status}${ok ? value : ''}${took}${why ? `: ${why}` : ''}`, unconfirmed: answer.reason === 'not_confirmed'}
}

function say(state, words) {
    const line = at('command_words')
    line.dataset.state = state
    set_text(line, words)
}

function begin_again() {
    asked = null
    set_text(at('command_go'), 'Continue')
}

export function open_command(bus, device, row) {
    point = {bus, device, row}
    begin_again()
    say('', '')
    set_text(at('command_point'), `${device} / ${row.name}`)
    set_text(at('command_now'), `${value_text(row.now_value)} ${row.unit}`.trim())
    at('command_text').value = ''
    at('command').showModal()
}

export function set_up_commands() {
    const form = at('command').querySelector('form')
    at('command_text').addEventListener('input', () => {
        begin_again()
        say('', '')
    })
    at('command_close').addEventListener('click', () => at('command').close())
    form.addEventListener('submit', (event) => {
        event.preventDefault()
        const value = json_of(at('command_text').value)
        if (asked === null) question(value, `Write ${value} ${point.row.unit}`.trim() + ` to ${point.device} / ${point.row.name}? This changes the device.`, false)
        else send(asked)
    })
}

function question(value, words, confirm) {
    asked = {value, confirm}
    say('warning', words)
    set_text(at('command_go'), confirm ? 'Write it anyway' : 'Write')
}

async function send({value, confirm}) {
    const to = point
    at('command_go').disabled = true
    say('', 'Sent, waiting for the answer …')
    try {
        const path = `api/set/${encodeURIComponent(to.device)}/${encodeURIComponent(to.row.name)}`
        const body = confirm ? `{"value":${value},"confirm":true}` : `{"value":${value}}`
        const answer = await ask(path, {method: 'POST', any: true, wait_ms: answer_ms, headers: {'Content-Type': 'application/json'}, body})
        const {ok, words, unconfirmed} = answer_words(answer.status, await answer.text())
        begin_again()
        say(ok ? 'good' : 'fault', words)
        if (unconfirmed) question(value, 'This point is marked dangerous. Write it anyway?', true)
    } catch (why) {
        begin_again()
        say('fault', `No answer: ${why.message}. It may or may not have been carried out; the value shows it.`)
    } finally {
        at('command_go').disabled = false
    }
}
