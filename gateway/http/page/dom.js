// gateway/http/page/dom.js: makes and changes elements. Text goes in as text only: names and values come from devices and are never markup.
// Not here: what is shown.

/// make('td', {class: 'x', title: 'y'}, 'text', child …)
export function make(tag, attributes = {}, ...children) {
    const made = document.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
    made.append(...children)
    return made
}

export const at = (id) => document.getElementById(id)

/// Touches the document only if something is different, so that a page at rest costs nothing and a selection survives.
export function set_text(node, text) {
    if (node.textContent !== text) node.textContent = text
}

export function set_attribute(node, name, value) {
    if (value === null || value === undefined || value === false) {
        if (node.hasAttribute(name)) node.removeAttribute(name)
    } else if (node.getAttribute(name) !== String(value)) {
        node.setAttribute(name, value)
    }
}

/// Makes `parent` have as many children as there are items, then has each one shown: children are kept, so that focus is too.
export function each_child(parent, items, create, show) {
    while (parent.children.length > items.length) parent.lastElementChild.remove()
    while (parent.children.length < items.length) parent.append(create())
    items.forEach((item, number) => show(parent.children[number], item))
}

/// A mark before words that say the same: neither colour nor mark is needed to read it.
const marks = {good: '✓', warning: '▲', fault: '✕', none: '–', note: 'i'}
export function set_mark(node, state) {
    set_attribute(node, 'data-state', state)
    set_attribute(node, 'data-mark', marks[state])
}

/// [[label, text, state?], …] into a <dl>. An empty text leaves its line out.
export function set_facts(list, facts) {
    const shown = facts.filter(([, text]) => text !== '' && text !== null && text !== undefined)
    each_child(list, shown, () => make('div', {}, make('dt'), make('dd', {dir: 'auto'})), (line, [label, text, state]) => {
        set_text(line.children[0], label)
        set_text(line.children[1], text)
        set_attribute(line, 'class', label.length + String(text).length > 28 ? 'wide' : null)
        set_attribute(line, 'data-state', state ?? null)
        set_attribute(line.children[1], 'data-mark', state ? marks[state] : null)
    })
}
