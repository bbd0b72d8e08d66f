// No regular expression of packages/*/src takes long, whatever it reads: each is tried on texts of 64 KiB made to be slow, of its
// own characters again and again with an end that does not fit. Usage: check-patterns [root]
//
// Trials and no proof: recheck gives one, but takes half a minute and brings 57 MB along.
import { join } from 'node:path'
import { createContext, Script } from 'node:vm'
import { parseSync, Visitor } from 'oxc-parser'
import { filesIn, packagesIn, readText } from './lib/files.mjs'
import { lineAt } from './lib/read-imports.mjs'
import { report, root } from './lib/report.mjs'

const length = 64 * 1024
// One that reads each character once takes about a millisecond; one that begins again at each, seconds.
const limitMs = 250
const common = [...'a0 -_./,:;=%"\\\t', 'é']
const ends = ['\n', '!\0']

// Seen, and never given a text that long: [file, pattern, why].
const slashes = '\\/+$'
const allowed = [
  ['packages/latchkey/src/auth/server-address.ts', slashes, 'the URL of its own configuration'],
  ['packages/latchkey/src/client/client-options.ts', slashes, 'the URL of its own configuration'],
  ['packages/server/src/probe/issuer-keys.ts', slashes, 'of the token that whoever probes has given'],
  ['packages/server/src/probe/probe-api.ts', slashes, 'the URL that whoever probes has given'],
  ['packages/server/src/probe/tricks/other-paths.ts', slashes, 'of the OpenAPI file that whoever probes has given'],
  ['packages/server/src/http/routes/oauth.ts', slashes, 'the issuer, 256 characters at most'],
]

const problems = []
const seen = new Set()
let count = 0
const context = createContext({ pattern: undefined, text: '' })
const attempt = new Script('pattern.lastIndex = 0; pattern.test(text)')

for (const { folder } of packagesIn(root)) {
  const src = `packages/${folder}/src`
  for (const path of filesIn(join(root, src)).filter((name) => /\.[cm]?tsx?$/.test(name) && !/\.test\./.test(name))) {
    seen.add(`${src}/${path}`)
    for (const { source, flags, line } of patternsIn(`${src}/${path}`)) {
      count += 1
      const slow = findSlow(new RegExp(source, flags))
      const isAllowed = allowed.some(([place, known]) => place === `${src}/${path}` && known === source)
      if (slow !== undefined && !isAllowed) {
        problems.push(`${src}/${path}:${line} /${source}/${flags} takes more than ${limitMs} ms on 64 KiB of ${slow}`)
      }
      if (slow === undefined && isAllowed) problems.push(`${src}/${path}:${line} is quick; take it out of the list`)
    }
  }
}
report('patterns', problems, `${count} regular expressions, each quick on 64 KiB`)

function patternsIn(path) {
  const text = readText(join(root, path))
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) return problems.push(`${path}: ${errors[0].message}`) && []
  const found = []
  new Visitor({
    Literal({ regex, start }) {
      if (regex) found.push({ source: regex.pattern, flags: regex.flags, line: lineAt(text, start) })
    },
  }).visit(program)
  return found
}

// What is repeated in the first text that it is slow on.
function findSlow(pattern) {
  const words = wordsOf(pattern.source)
  const letters = [...new Set([...words.join(''), ...common])]
  const own = letters.slice(0, 8)
  const pumps = [...letters, ...own.flatMap((one) => own.map((other) => one + other)), ...words]
  for (const pump of pumps) {
    const pumped = pump.repeat(length / pump.length)
    for (const start of ['', ...words.slice(0, 3)]) {
      for (const end of ends) if (isSlow(pattern, start + pumped + end)) return JSON.stringify(pump)
    }
  }
  return undefined
}

// The texts that stand in a pattern as they are, without its own signs.
function wordsOf(source) {
  const plain = source
    .replaceAll(/\\[pP]\{[^}]*\}/g, 'a')
    .replaceAll(/\\[wdbBsSDW]/g, 'a')
    .replaceAll('\\', '')
  return [...new Set(plain.split(/[()[\]{}|?*+^$]+/))].filter((word) => word !== '' && word.length < 64)
}

// Twice, since somebody else may have had the processor.
function isSlow(pattern, text) {
  return takesLong(pattern, text) && takesLong(pattern, text)
}

function takesLong(pattern, text) {
  Object.assign(context, { pattern, text })
  try {
    attempt.runInContext(context, { timeout: limitMs })
    return false
  } catch (error) {
    if (error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return true
    throw error
  }
}
