// gateway/http/page/plot.js: the plot of the queue's depth and of the rates in and out, with the stretches without a broker; the same as words and
// as a table. Drawn by hand as SVG: two panels and three lines need no library.
// Not here: asking for the figures (page.js).
import {make, set_text} from './dom.js'
import {clock_time, count, duration, plural, rate} from './words.js'

const left = 44
const right = 8
const depth = {top: 22, height: 130}
const rates = {top: 186, height: 80}
const height = 290

const svg = (tag, attributes, ...children) => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', tag)
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
    made.append(...children)
    return made
}

export class plot {
    history = null
    chosen = null  // the number of the step that is read out

    constructor(root) {
        this.drawing = svg('svg', {'aria-hidden': 'true', focusable: 'false'})
        this.slider = make('div', {class: 'drawing', role: 'slider', tabindex: '0', 'aria-label': 'Plot of the queue: a moment in it, by arrow keys'}, this.drawing)
        this.readout = make('p', {class: 'readout'})
        this.summary = make('p', {class: 'muted'})
        this.rows = make('tbody')
        const columns = ['Until', 'Most waiting', 'Accepted /s', 'Delivered /s', 'Broker'].map((text, number) => make('th', {scope: 'col', class: number ? 'number' : ''}, text))
        root.append(this.slider, this.readout, this.summary, make('details', {class: 'figures'}, make('summary', {}, 'The plot as a table'),
            make('table', {}, make('caption', {class: 'hidden'}, 'Depth of the queue and rates'), make('thead', {}, make('tr', {}, ...columns)), this.rows)))
        this.slider.addEventListener('pointermove', (event) => this.#point(event))
        this.slider.addEventListener('pointerdown', (event) => this.#point(event))
        this.slider.addEventListener('pointerleave', () => this.#choose(null))
        this.slider.addEventListener('blur', () => this.#choose(null))
        this.slider.addEventListener('keydown', (event) => this.#key(event))
        new ResizeObserver(() => this.#draw()).observe(this.slider)
    }

    show(history) {
        this.history = history
        this.until = Date.parse(history.until)
        this.#draw()
        this.#tell()
    }

    #length() { return this.history?.queued?.length ?? 0 }
    #moment(step) { return this.until - (this.#length() - 1 - step) * this.history.step_s * 1000 }
    #x(step) { return left + (this.width - left - right) * (this.#length() < 2 ? 1 : step / (this.#length() - 1)) }

    #draw() {
        this.width = Math.max(280, Math.floor(this.slider.clientWidth))
        if (!this.#length()) return
        const {queued, accepted_per_s: accepted, delivered_per_s: delivered} = this.history
        this.drawing.setAttribute('viewBox', `0 0 ${this.width} ${height}`)
        const top_depth = nice_top(queued, 10)
        const top_rate = nice_top([...accepted, ...delivered], 1)
        this.drawing.replaceChildren(hatch(), ...this.#outages(), ...this.#axis(depth, top_depth, 'messages waiting'), ...this.#axis(rates, top_rate, 'a second'),
            ...this.#times(),
            svg('path', {class: 'depth_area', d: this.#area(queued, depth, top_depth)}), svg('path', {class: 'depth_line', d: this.#line(queued, depth, top_depth)}),
            svg('path', {class: 'accepted_line', d: this.#line(accepted, rates, top_rate)}), svg('path', {class: 'delivered_line', d: this.#line(delivered, rates, top_rate)}),
            ...this.#legend())
        this.cursor = svg('line', {class: 'cursor', y1: depth.top, y2: rates.top + rates.height, x1: 0, x2: 0, visibility: 'hidden'})
        this.drawing.append(this.cursor)
        this.#choose(this.chosen)
    }

    #runs(of) {
        const runs = []
        for (let step = 0; step < of.length; ++step) {
            if (of[step] === null || of[step] === undefined) continue
            if (step > 0 && runs.length && runs.at(-1).last === step - 1) runs.at(-1).last = step
            else runs.push({first: step, last: step})
        }
        return runs
    }

    #points(of, run, panel, top) {
        const points = []
        for (let step = run.first; step <= run.last; ++step) points.push(`${this.#x(step).toFixed(1)} ${(panel.top + panel.height * (1 - of[step] / top)).toFixed(1)}`)
        return points
    }

    /// A gap is where the gateway didn't run.
    #line(of, panel, top) {
        return this.#runs(of).map((run) => `M${this.#points(of, run, panel, top).join('L')}${run.first === run.last ? 'h1' : ''}`).join('')
    }

    #area(of, panel, top) {
        const floor = panel.top + panel.height
        return this.#runs(of).map((run) => `M${this.#x(run.first).toFixed(1)} ${floor}L${this.#points(of, run, panel, top).join('L')}L${this.#x(run.last).toFixed(1)} ${floor}Z`).join('')
    }

    away() {
        const away = []
        this.history.online.forEach((online, step) => {
            if (online !== 0) return
            if (away.length && away.at(-1).last === step - 1) away.at(-1).last = step
            else away.push({first: step, last: step})
        })
        return away
    }

    #outages() {
        return this.away().flatMap(({first, last}) => {
            const x = this.#x(Math.max(0, first - 1))
            const wide = Math.max(2, this.#x(last) - x)
            const made = [svg('rect', {class: 'outage', x, y: depth.top, width: wide, height: rates.top + rates.height - depth.top, fill: 'url(#hatch)'})]
            if (wide > 92) made.push(svg('text', {class: 'outage_words', x: x + wide / 2, y: depth.top + 12, 'text-anchor': 'middle'}, 'broker away'))
            return made
        })
    }

    #axis(panel, top, words) {
        const made = [svg('text', {class: 'axis_title', x: left, y: panel.top - 8}, words)]
        for (const share of [0, 0.5, 1]) {
            const y = panel.top + panel.height * (1 - share)
            made.push(svg('line', {class: 'grid', x1: left, x2: this.width - right, y1: y, y2: y}),
                svg('text', {x: left - 6, y: y + 4, 'text-anchor': 'end'}, short_count(top * share)))
        }
        return made
    }

    #times() {
        const span = (this.#length() - 1) * this.history.step_s * 1000
        const steps = [5, 10, 15, 30, 60, 120, 180, 240, 360].map((minutes) => minutes * 60000)
        const every = steps.find((each) => span / each * 46 < this.width - left) ?? steps.at(-1)
        const offset = new Date(this.until).getTimezoneOffset() * 60000
        const made = []
        for (let at = Math.ceil((this.until - span - offset) / every) * every + offset; at <= this.until; at += every) {
            const x = left + (this.width - left - right) * (1 - (this.until - at) / span)
            made.push(svg('line', {class: 'grid', x1: x, x2: x, y1: depth.top, y2: rates.top + rates.height}))
            if (x < this.width - 14) made.push(svg('text', {x, y: height - 6, 'text-anchor': 'middle'}, clock_time(at, at, false)))
        }
        return made
    }

    /// In the gap between the panels, by line style and word.
    #legend() {
        const y = rates.top - 8
        return [['accepted_line', 'accepted', 150], ['delivered_line', 'delivered', 62]].flatMap(([kind, words, back]) => {
            const x = this.width - right - back
            return [svg('line', {class: kind, x1: x - 26, x2: x - 4, y1: y - 4, y2: y - 4}), svg('text', {x, y}, words)]
        })
    }

    #point(event) {
        if (!this.#length()) return
        const box = this.drawing.getBoundingClientRect()
        const x = (event.clientX - box.left) / box.width * this.width
        this.#choose(Math.round((x - left) / (this.width - left - right) * (this.#length() - 1)))
    }

    #key(event) {
        const last = this.#length() - 1
        const from = this.chosen ?? last
        const to = {ArrowLeft: from - 1, ArrowRight: from + 1, ArrowDown: from - 1, ArrowUp: from + 1, PageDown: from - 30, PageUp: from + 30, Home: 0, End: last}[event.key]
        if (to === undefined || last < 0) return
        event.preventDefault()
        this.#choose(to)
    }

    #choose(step) {
        const last = this.#length() - 1
        if (last < 0) return
        this.chosen = step === null ? null : Math.min(last, Math.max(0, step))
        const of = this.chosen ?? last
        const words = this.#words(of)
        set_text(this.readout, this.chosen === null ? `Now: ${words}` : `${clock_time(this.#moment(of), this.until)}: ${words}`)
        this.slider.setAttribute('aria-valuemin', 0)
        this.slider.setAttribute('aria-valuemax', last)
        this.slider.setAttribute('aria-valuenow', of)
        this.slider.setAttribute('aria-valuetext', this.readout.textContent)
        if (!this.cursor) return
        this.cursor.setAttribute('visibility', this.chosen === null ? 'hidden' : 'visible')
        this.cursor.setAttribute('x1', this.#x(of))
        this.cursor.setAttribute('x2', this.#x(of))
    }

    #words(step) {
        const {queued, accepted_per_s: accepted, delivered_per_s: delivered, online} = this.history
        if (queued[step] === null || queued[step] === undefined) return 'the gateway did not run'
        return `${count(queued[step])} waiting, ${rate(accepted[step])}/s accepted, ${rate(delivered[step])}/s delivered${online[step] === 0 ? ', broker away' : ''}`
    }

    /// What the picture says, for who doesn't see it.
    #tell() {
        const {queued, step_s} = this.history
        const most = queued.reduce((best, each, step) => ((each ?? -1) > (queued[best] ?? -1) ? step : best), 0)
        const away = this.away().map(({first, last}) => ({from: this.#moment(first) - step_s * 1000, to: this.#moment(last)}))
        const missing = queued.filter((each) => each === null).length
        const words = [`At most ${plural(queued[most] ?? 0, 'message')} waited${queued[most] ? ` (${clock_time(this.#moment(most), this.until, false)})` : ''}.`]
        if (away.length === 0) words.push('The broker was there all the time.')
        else {
            const sum = away.reduce((total, each) => total + each.to - each.from, 0)
            words.push(`The broker was away ${away.length === 1 ? '' : `${count(away.length)} times, `}${duration(sum)}${away.length === 1 ? `, from ${clock_time(away[0].from, this.until, false)} to ${clock_time(away[0].to, this.until, false)}` : ' in all'}.`)
        }
        if (missing) words.push(`For ${duration(missing * step_s * 1000)} the gateway did not run.`)
        set_text(this.summary, words.join(' '))
        this.#fill_table()
    }

    #fill_table() {
        const {queued, accepted_per_s: accepted, delivered_per_s: delivered, online} = this.history
        const group = Math.max(1, Math.ceil(this.#length() / 24))
        const made = []
        for (let end = this.#length(); end > 0; end -= group) {
            const of = (all) => all.slice(Math.max(0, end - group), end).filter((each) => each !== null && each !== undefined)
            const mean = (all) => (of(all).length ? rate(of(all).reduce((sum, each) => sum + each, 0) / of(all).length) : '—')
            const cells = [of(queued).length ? count(Math.max(...of(queued))) : '—', mean(accepted), mean(delivered),
                of(online).length === 0 ? '—' : of(online).every((each) => each === 1) ? 'there' : 'away']
            made.push(make('tr', {}, make('th', {scope: 'row'}, clock_time(this.#moment(end - 1), this.until, false)), ...cells.map((text) => make('td', {class: 'number'}, text))))
        }
        this.rows.replaceChildren(...made)
    }
}

/// A round number with a round half: not below `least`, and not below what is to be seen.
function nice_top(of, least) {
    const most = of.reduce((sum, each) => Math.max(sum, each ?? 0), least)
    const power = 10 ** Math.floor(Math.log10(most))
    return [1, 2, 3, 4, 6, 8, 10].map((each) => each * power).find((each) => each >= most)
}

const short_count = (number) => (number >= 1e6 ? `${number / 1e6} M` : number >= 10000 ? `${number / 1000} k` : String(number))

function hatch() {
    return svg('defs', {}, svg('pattern', {id: 'hatch', width: 7, height: 7, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)'},
        svg('rect', {class: 'hatch_ground', width: 7, height: 7}), svg('line', {class: 'hatch_line', x1: 0, y1: 0, x2: 0, y2: 7})))
}
