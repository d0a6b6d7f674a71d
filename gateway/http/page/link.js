// gateway/http/page/link.js: the page's connection to the gateway: requests with the token, the stream of events, and coming back when it breaks.
// Not here: what the events mean (page.js). EventSource can't send the Authorization header, so the stream is read by fetch.

const silence_ms = 15000  // then the gateway is asked whether it is still there
const answer_ms = 8000    // the longest wait for an answer
const first_pause_ms = 500
const longest_pause_ms = 5000
const longest_event = 16 * 1024 * 1024

const token_key = 'tidegate-token'
let token = null

/// ?token= is taken out of the address at once: it would stay in the history and in what is copied from there.
export function take_token() {
    token = sessionStorage.getItem(token_key)
    const address = new URL(location.href)
    if (!address.searchParams.has('token')) return
    set_token(address.searchParams.get('token'))
    address.searchParams.delete('token')
    history.replaceState(null, '', address)
}

export function set_token(text) {
    token = text
    sessionStorage.setItem(token_key, text)
}

export const has_token = () => token !== null

/// fetch() with the token. Throws an Error with `status` unless `any` answer will do.
export async function ask(path, {any = false, wait_ms = answer_ms, signal = null, ...options} = {}) {
    const headers = {...options.headers}
    if (token !== null) headers.Authorization = `Bearer ${token}`
    const signals = wait_ms ? [AbortSignal.timeout(wait_ms)] : []
    if (signal) signals.push(signal)
    const answer = await fetch(path, {...options, headers, cache: 'no-store', signal: AbortSignal.any(signals)})
    if (answer.ok || any) return answer
    throw Object.assign(new Error(`${answer.status}${await error_of(answer)}`), {status: answer.status})
}

/// What the gateway says of its refusal: {"error": "…"}.
async function error_of(answer) {
    const text = await answer.text()
    try { return `, ${JSON.parse(text).error}` } catch { return text === '' ? '' : `, ${text.slice(0, 300)}` }
}

export const ask_json = async (path, options) => (await ask(path, options)).json()

/// Text of a stream in, events out: {event, data}. A line that begins with a colon only says that the gateway is there.
export class event_reader {
    rest = ''
    event = ''
    data = []

    take(text) {
        const done = []
        this.rest += text
        const lines = this.rest.split('\n')
        this.rest = lines.pop()
        if (this.rest.length > longest_event) throw new Error('an event has no end')
        for (const each of lines) {
            const line = each.endsWith('\r') ? each.slice(0, -1) : each
            if (line === '') {
                if (this.data.length !== 0) done.push({event: this.event || 'message', data: this.data.join('\n')})
                this.event = ''
                this.data = []
            } else if (line.startsWith('event:')) {
                this.event = line.slice(6).trim()
            } else if (line.startsWith('data:')) {
                this.data.push(line.slice(line[5] === ' ' ? 6 : 5))
            }
        }
        return done
    }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/// Runs for as long as the page is there. `to` has state(all), event(name, data), found(), lost(why) and ask_token().
export async function keep_link(to) {
    let wait = first_pause_ms
    for (;;) {
        try {
            await follow(to, () => { wait = first_pause_ms })
            to.lost('it closed the connection')
        } catch (why) {
            if (why.status === 401) {
                await to.ask_token(has_token())
                continue
            }
            to.lost(why.status ? `it answered ${why.message}` : 'it does not answer')
        }
        await pause(wait)
        wait = Math.min(wait * 2, longest_pause_ms)
    }
}

/// One connection. The stream is opened before the state is read, so that no change falls between them.
async function follow(to, opened) {
    const end = new AbortController()
    const first = setTimeout(() => end.abort(), answer_ms)
    let quiet = null
    try {
        const answer = await ask('api/events', {wait_ms: 0, signal: end.signal})
        clearTimeout(first)
        const read_state = async () => to.state(await ask_json('api/state', {signal: end.signal}))
        await read_state()
        to.found()
        opened()
        const listen = () => {
            clearTimeout(quiet)
            quiet = setTimeout(() => read_state().then(listen, () => end.abort()), silence_ms)
        }
        const reader = new event_reader()
        const text = answer.body.pipeThrough(new TextDecoderStream()).getReader()
        listen()
        for (;;) {
            const {value, done} = await text.read()
            if (done) return
            listen()
            for (const each of reader.take(value)) {
                if (each.event === 'reload') await read_state()
                else to.event(each.event, JSON.parse(each.data))
            }
        }
    } finally {
        clearTimeout(first)
        clearTimeout(quiet)
        end.abort()
    }
}
