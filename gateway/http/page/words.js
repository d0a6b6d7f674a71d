// gateway/http/page/words.js: numbers, times and sizes as a person reads them. Pure.
// Not here: what is good or bad about them (verdict.js).

const whole = new Intl.NumberFormat('en')

export const count = (number) => whole.format(number ?? 0)

/// plural(2, 'message') → "2 messages"
export const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? '' : 's'}`

/// A value as read: all digits of a whole number, nine of any other. A text is shown in quotes only where it is empty.
export function value_text(value) {
    if (value === null || value === undefined) return '—'
    if (typeof value === 'number' && !Number.isInteger(value)) return String(Number(value.toPrecision(9)))
    if (value === '') return '""'
    return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

export function rate(number) {
    if (number === null || number === undefined) return '—'
    if (number === 0) return '0'
    return number < 10 ? String(Number(number.toPrecision(2))) : whole.format(Math.round(number))
}

export const percent = (share) => {
    const number = (share ?? 0) * 100
    if (number > 0 && number < 0.1) return '< 0.1 %'
    return `${number !== 0 && number < 10 ? Number(number.toPrecision(2)) : Math.round(number)} %`
}

export function bytes(number) {
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
    let rest = number ?? 0
    let unit = 0
    while (rest >= 1024 && unit < units.length - 1) {
        rest /= 1024
        ++unit
    }
    return `${unit === 0 || rest >= 100 ? Math.round(rest) : Number(rest.toPrecision(2))} ${units[unit]}`
}

/// How long, in the two units that matter: "420 ms" only where asked, else from seconds up.
export function duration(ms) {
    const seconds = Math.max(0, Math.floor(ms / 1000))
    if (seconds < 60) return `${seconds} s`
    const minutes = Math.floor(seconds / 60)
    if (minutes < 60) return minutes < 10 && seconds % 60 !== 0 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`
    const hours = Math.floor(minutes / 60)
    if (hours < 48) return minutes % 60 !== 0 && hours < 10 ? `${hours} h ${minutes % 60} min` : `${hours} h`
    return `${Math.floor(hours / 24)} days`
}

/// The age of a reading: changes once a second and is short, since a thousand of them are on the page.
export function age(ms) {
    const seconds = Math.max(0, Math.floor(ms / 1000))
    if (seconds < 100) return `${seconds} s`
    const minutes = Math.floor(seconds / 60)
    if (minutes < 100) return `${minutes} min`
    const hours = Math.floor(minutes / 60)
    return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`
}

export const milliseconds = (ms) => (ms >= 10000 ? duration(ms) : ms >= 1000 ? `${Number((ms / 1000).toPrecision(2))} s` : `${Number(Number(ms ?? 0).toPrecision(3))} ms`)

const two = (number) => String(number).padStart(2, '0')

/// "12:03:10", with the date if it isn't today's.
export function clock_time(moment, now = Date.now(), seconds = true) {
    const at = new Date(moment)
    if (Number.isNaN(at.getTime())) return '—'
    const time = `${two(at.getHours())}:${two(at.getMinutes())}${seconds ? `:${two(at.getSeconds())}` : ''}`
    if (at.toDateString() === new Date(now).toDateString()) return time
    return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`
}

/// "a, b and 3 more"
export function some_of(names, most = 3) {
    if (names.length <= most) return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
    return `${names.slice(0, most).join(', ')} and ${count(names.length - most)} more`
}

/// Why a message was dropped: the words of /api/state → those of a person.
export const drop_words = {
    oldest: 'the queue was full, the oldest gave way', newest: 'the queue was full, the newest was not taken', refused: 'the broker refused it for good',
    session: 'the broker had lost the session', expired: 'its life was over', aged: 'older than buffer.max_age', thinned: 'thinned out to make room',
    damaged: 'lost with a damaged queue file', purged: 'a person purged them', unwritten: 'the disk took nothing'
}

/// disk_full → "Disk full"
export const title_of = (name) => (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll('_', ' ')
