// tests/conformance/vectors.mjs: the test data of npm's mqtt-packet as JSON, for vectors_test.cpp.
// Not here: what we make of it. The package's own test program is run with its test functions replaced by ones that note their
// arguments, so that nothing of it is copied into this tree.
// usage: node vectors.mjs FOLDER-WITH-node_modules > vectors.json
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const requireThere = createRequire(resolve(process.argv[2], 'package.json'))
const program = join(dirname(requireThere.resolve('mqtt-packet')), 'test.js')

const cases = []
const note = (kind, name, packet, bytes, options) => cases.push({ kind, name, packet, bytes, options: options ?? {} })

// Of two functions of one name the later declaration counts, for calls above it, too.
const replacements = `
function testParseGenerate (name, packet, bytes, options) { note('both', name, packet, bytes, options) }
function testParseAndGenerate (name, packet, bytes, options) { note('both', name, packet, bytes, options) }
function testParseOnly (name, packet, bytes, options) { note('parse', name, packet, bytes, options) }
function testGenerateOnly (name, packet, bytes, options) { note('generate', name, packet, bytes, options) }
function testParseGenerateDefaults (name, packet, bytes, parsed, options) {
  note('parse', name, parsed, bytes, options)
  note('generate', name, packet, bytes, options)
}
function testParseError (name, bytes, options) { note('parse error', name, undefined, bytes, options) }
function testGenerateError (name, packet, options, title) { note('generate error', title ?? name, packet, undefined, options) }
function testWriteToStreamError () {}
`
// What needs a stream or the package's own parser object is its own affair.
const stubs = { tape: () => {}, 'readable-stream': { Writable: class {} } }
const requireForIt = name => stubs[name] ?? createRequire(program)(name)
new Function('require', 'note', readFileSync(program, 'utf8') + replacements)(requireForIt, note)

// A Buffer is written as {"hex": "...", "zeros": how many follow}: some payloads are a quarter of a gigabyte of them.
const buffer = value => {
  let end = value.length
  while (end > 0 && value[end - 1] === 0) --end
  return { hex: value.subarray(0, end).toString('hex'), zeros: value.length - end }
}
const writable = value => {
  if (Buffer.isBuffer(value)) return buffer(value)
  if (Array.isArray(value)) return value.map(writable)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, writable(inner)]))
}
process.stdout.write(JSON.stringify(writable(cases), null, 1) + '\n')
