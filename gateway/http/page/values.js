// gateway/http/page/values.js: the table of live values by bus and device, and its filter.
// A thousand points change every second: only what is in sight and has changed is touched; of the rest a few a second, for who doesn't look
// but reads the document (a screen reader, a search in the page), and all of it when it comes into sight.
// Not here: the buses' load (panels.js), commands (command.js).
import {at, make, set_attribute, set_mark, set_text} from './dom.js'
import {age, clock_time, count, duration, milliseconds, plural, value_text} from './words.js'

const fold_above = 200   // points: then only devices that are in trouble begin unfolded
const out_of_sight = 100 // rows a second

const quality_states = {good: 'good', stale: 'warning', offline: 'fault', none: 'none', old: 'warning'}
const quality_words = {good: 'good', stale: 'stale', offline: 'offline', none: 'not read', old: 'old data'}
const device_states = {online: 'good', offline: 'fault', unknown: 'none'}

export class values_view {
    buses = []           // as in the state: [{name, devices: [{rows, …}]}]
    rows = new Map()     // by element
    in_sight = new Set() // rows
    old = false
    writes = false
    next = 0             // of the rows out of sight

    /// `on_set(bus, device, row)`: somebody wants to write the point.
    constructor(on_set) {
        this.on_set = on_set
        this.sight = new IntersectionObserver((seen) => this.#saw(seen), {rootMargin: '150px'})
        at('filter').addEventListener('submit', (event) => event.preventDefault())
        at('filter_text').addEventListener('input', () => this.filter())
        at('filter_kind').addEventListener('change', () => this.filter())
        at('fold').addEventListener('click', () => this.#fold())
    }

    /// The places may have changed: everything is made anew, but for what the person has unfolded and typed.
    build(state, now) {
        const open_before = new Map([...document.querySelectorAll('#devices details')].map((each) => [each.dataset.place, each.open]))
        this.sight.disconnect()
        this.rows.clear()
        this.in_sight.clear()
        this.writes = state.gateway.writes
        const points = state.buses.flatMap((bus) => bus.devices).reduce((sum, device) => sum + device.points.length, 0)
        this.buses = state.buses.map((bus) => ({name: bus.name, devices: bus.devices.map((device) => {
            const place = JSON.stringify([bus.name, device.name])
            const open = open_before.get(place) ?? (points <= fold_above || device.state === 'offline' || device.overdue)
            return this.#make_device(bus, device, place, open)
        })}))
        at('devices').replaceChildren(...this.buses.map((bus, number) => make('div', {class: 'bus'},
            make('h3', {}, 'Bus ', make('bdi', {}, state.buses[number].name)), ...bus.devices.map((device) => device.element))))
        for (const element of this.rows.keys()) this.sight.observe(element)
        at('fold').hidden = points === 0
        set_attribute(at('filter_kind').options[2], 'hidden', !this.writes)
        this.show_state(state, now)
        this.take_points(state, now)
        this.#show_all(now)
        this.filter()
    }

    /// There is no connection: nothing is known to be good any more.
    set_old(old, now) {
        if (this.old === old) return
        this.old = old
        this.#show_all(now)
    }

    #show_all(now) {
        for (const row of this.rows.values()) this.#show(row, now)
    }

    #make_device(bus, device, place, open) {
        const facts = make('span', {class: 'muted', dir: 'auto'})
        const mark = make('span', {class: 'mark'})
        const good = make('span', {class: 'muted counts'})
        const error = make('p', {class: 'trouble', dir: 'auto'})
        const body = make('tbody')
        const head = make('tr', {}, make('th', {scope: 'col'}, 'Point'), make('th', {scope: 'col', class: 'number'}, 'Value'),
            make('th', {scope: 'col', class: 'number'}, 'Age'), make('th', {scope: 'col'}, 'Quality'))
        const element = make('details', {'data-place': place, class: 'device'},
            make('summary', {}, make('h4', {}, make('bdi', {}, device.name)), mark, facts, good), error,
            make('table', {}, make('caption', {class: 'hidden'}, `Points of ${device.name}`), make('thead', {}, head), body))
        element.open = open
        const made = {name: device.name, element, mark, facts, good, error, rows: []}
        for (const point of device.points) {
            const row = this.#make_row(bus, device, point)
            made.rows.push(row)
            body.append(row.element)
        }
        return made
    }

    #make_row(bus, device, point) {
        const value = make('bdi')
        const unit = make('bdi', {class: 'unit'}, point.unit ?? '')
        const age_cell = make('td', {class: 'number age'})
        const quality = make('span', {class: 'mark'})
        const name = make('th', {scope: 'row'}, make('bdi', {}, point.name))
        const element = make('tr', {}, name,
            make('td', {class: 'number value'}, value, ' ', unit), age_cell, make('td', {}, quality))
        const row = {element, value, age_cell, quality, name: point.name, unit: point.unit ?? '', writable: point.writable, every_ms: point.every_ms,
            now_value: null, read_at: null, is: 'none', text: `${bus.name} ${device.name} ${point.name} ${point.unit ?? ''}`.toLowerCase(), changed: true}
        if (this.writes && point.writable) {
            const button = make('button', {type: 'button', class: 'small', 'aria-label': `Set ${point.name}`}, 'Set …')
            button.addEventListener('click', () => this.on_set(bus.name, device.name, row))
            name.append(' ', button)
        }
        this.rows.set(element, row)
        return row
    }

    /// All points of /api/state, whose places are as built.
    take_points(state, now) {
        state.buses.forEach((bus, b) => bus.devices.forEach((device, d) => device.points.forEach((point, p) => {
            const read_at = point.quality === 'none' || point.ts === null || point.ts === undefined ? null : now - (point.age_ms ?? 0)
            this.take(b, d, p, point.value, read_at, point.quality)
        })))
        this.show_changes(now)
    }

    /// `read_at` by the gateway's clock. A place that isn't there is of a config that comes with the next reload.
    take(bus, device, point, value, read_at, quality) {
        const row = this.buses[bus]?.devices[device]?.rows[point]
        if (!row) return
        row.now_value = value
        row.read_at = read_at
        row.is = quality
        row.changed = true
    }

    /// Once a second.
    show_rest(now) {
        const rows = [...this.rows.values()]
        for (let number = 0; number < Math.min(out_of_sight, rows.length); ++number) this.#show(rows[this.next++ % rows.length], now)
    }

    /// Of the rows in sight what is different by now; ages too.
    show_changes(now) {
        for (const row of this.in_sight) this.#show(row, now)
        for (const bus of this.buses) for (const device of bus.devices) this.#show_counts(device)
        if (at('filter_kind').value === 'bad') this.filter()
    }

    #show(row, now) {
        if (row.changed) {
            row.changed = false
            const text = value_text(row.now_value)
            set_text(row.value, text)
            const exact = value_text(row.now_value) === String(row.now_value) ? null : String(row.now_value ?? '')
            set_attribute(row.value, 'title', exact || null)
        }
        const is = this.old && row.is !== 'none' ? 'old' : row.is
        set_text(row.age_cell, row.read_at === null ? '—' : age(now - row.read_at))
        if (row.shown_quality === is) return
        row.shown_quality = is
        set_text(row.quality, quality_words[is] ?? String(is))
        set_mark(row.quality, quality_states[is] ?? 'none')
    }

    #show_counts(device) {
        const good = device.rows.reduce((sum, row) => sum + (row.is === 'good' ? 1 : 0), 0)
        set_text(device.good, `${count(good)} of ${count(device.rows.length)} good`)
    }

    show_state(state, now) {
        state.buses.forEach((bus, b) => bus.devices.forEach((device, d) => {
            const shown = this.buses[b]?.devices[d]
            if (!shown) return
            set_text(shown.mark, device.state)
            set_mark(shown.mark, device_states[device.state] ?? 'none')
            const facts = []
            if (device.state === 'offline' && device.since) facts.push(`for ${duration(now - Date.parse(device.since))}`)
            if (device.overdue) facts.push('read less often than asked for')
            if (device.implausible) facts.push(plural(device.implausible, 'implausible value'))
            if (device.turnaround_ms) facts.push(`answers in ${milliseconds(device.turnaround_ms)}`)
            set_text(shown.facts, facts.join(' · '))
            set_attribute(shown.facts, 'title', device.since ? `since ${clock_time(device.since, now)}` : null)
            set_text(shown.error, device.error ?? '')
            shown.error.hidden = !device.error
        }))
    }

    filter() {
        const words = at('filter_text').value.toLowerCase().split(/\s+/).filter(Boolean)
        const kind = at('filter_kind').value
        const asked = words.length !== 0 || kind !== 'all'
        let found = 0
        for (const bus of this.buses) {
            for (const device of bus.devices) {
                let here = 0
                for (const row of device.rows) {
                    const fits = words.every((word) => row.text.includes(word)) && (kind !== 'bad' || row.is !== 'good') && (kind !== 'writable' || row.writable)
                    if (row.element.hidden === fits) row.element.hidden = !fits
                    if (fits) ++here
                }
                found += here
                set_attribute(device.element, 'hidden', asked && here === 0 ? '' : null)
                if (words.length !== 0 && here !== 0) device.element.open = true
            }
        }
        set_text(at('filter_found'), asked ? `${count(found)} of ${plural(this.rows.size, 'point')}` : this.rows.size ? '' : 'The config file has no points.')
    }

    #fold() {
        const all = [...document.querySelectorAll('#devices details')]
        const open = !all.some((each) => each.open)
        for (const each of all) each.open = open
        this.show_fold()
    }

    show_fold() {
        const open = [...document.querySelectorAll('#devices details')].some((each) => each.open)
        set_text(at('fold'), open ? 'Fold all' : 'Unfold all')
    }

    #saw(seen) {
        for (const each of seen) {
            const row = this.rows.get(each.target)
            if (!row) continue
            if (each.isIntersecting) this.in_sight.add(row)
            else this.in_sight.delete(row)
        }
        this.on_sight?.()
    }

    counts() {
        let good = 0
        for (const row of this.rows.values()) if (row.is === 'good') ++good
        return {good, all: this.rows.size}
    }
}
