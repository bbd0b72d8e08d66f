// What leaks or weakens secrets by its form: comparisons that end early, chance that can be foretold, SQL put together from texts.
// Looks at packages/*/src without tests. Usage: check-secrets [root]
import { join } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'
import { filesIn, packagesIn, readText } from './lib/files.mjs'
import { lineAt } from './lib/read-imports.mjs'
import { report, root } from './lib/report.mjs'

// A name that holds one of these words names a secret, or what proves one.
const secretWords = new Set(['secret', 'password', 'passphrase', 'hash', 'digest', 'signature', 'mac', 'hmac', 'tag'])
const lengths = new Set(['length', 'bytes'])
const comparisons = new Set(['===', '!==', '==', '!='])
const beginsSql = /^\s*(select|insert|update|delete|alter|create|drop|grant|revoke|begin|set|pragma)\s/i

// Seen, and right for the reason that is said.
const allowed = [
  ['packages/latchkey/src/client/tabs.ts', 'Math.random()', 'tells tabs apart, and keeps nobody out'],
  ['packages/latchkey/src/token/token-cache.ts', 'Math.random()', 'chooses a place of the cache'],
  ['packages/query/src/with-deleted.ts', 'sql.raw(MARK)', 'a constant comment'],
  ['packages/server/src/audit/verify-chain.ts', 'mac !== ', 'by who has the key, of what lies in the database'],
  ['packages/server/src/audit/verify-chain.ts', 'macs.ofRow(row).equals', 'likewise'],
  ['packages/server/src/probe/tricks/weak-secrets.ts', 'createHmac(hash, secret)', 'guesses, and tells whoever asked'],
  ['packages/server/src/accounts/change-secret.ts', 'new_secret === old_secret', 'both are of the same request'],
  [
    'packages/server/src/sessions/refresh.ts',
    'session.agent_hash.equals(agent)',
    'of a browser name: a sign, and no proof',
  ],
  [
    'packages/server/src/store/postgres/driver.ts',
    'set local',
    'numbers and constants of ours; SET takes no parameters',
  ],
  ['packages/server/src/sweep/sweeper.ts', 'Math.random()', 'spreads servers over time'],
  ['packages/server/src/webhooks/retry-delay.ts', 'Math.random()', 'spreads tries over time'],
]

const problems = []
const seen = new Set()
const used = new Set()
for (const { folder } of packagesIn(root)) {
  const src = `packages/${folder}/src`
  for (const path of filesIn(join(root, src)).filter((name) => /\.[cm]?tsx?$/.test(name) && !/\.test\./.test(name))) {
    seen.add(`${src}/${path}`)
    checkFile(`${src}/${path}`)
  }
}
for (const [path, holds] of allowed) {
  if (!used.has(holds + path) && seen.has(path))
    problems.push(`${path} holds no ${holds} any more; take it out of tools/check-secrets.mjs`)
}
report('secrets', problems, `${seen.size} files compare, draw and query as they should`)

function checkFile(path) {
  const text = readText(join(root, path))
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) return void problems.push(`${path}: ${errors[0].message}`)
  const tagged = new Set()
  const say = (node, what, wanted) => {
    const source = text.slice(node.start, node.end).replaceAll(/\s+/g, ' ')
    const found = allowed.find(([place, holds]) => place === path && source.includes(holds))
    if (found) used.add(found[1] + path)
    else problems.push(`${path}:${lineAt(text, node.start)} ${what}: ${source}; allowed: ${wanted}`)
  }
  new Visitor({
    BinaryExpression(node) {
      if (comparisons.has(node.operator) && (isSecret(node.left, node.right) || isSecret(node.right, node.left))) {
        say(node, 'compares a secret and ends early', 'timingSafeEqual or equalConstantTime')
      }
      if (node.operator === '+' && (startsSql(node.left) || startsSql(node.right))) {
        say(node, 'puts SQL together', 'Kysely, or a text without expressions and parameters')
      }
    },
    TaggedTemplateExpression(node) {
      tagged.add(node.quasi)
    },
    TemplateLiteral(node) {
      if (node.expressions.length === 0 || tagged.has(node) || !startsSql(node)) return
      say(node, 'puts SQL together', 'the tag `sql`, which makes parameters of expressions')
    },
    CallExpression(node) {
      const { callee, arguments: given } = node
      const name = nameOf(callee)
      if (name === 'equals' && callee.type === 'MemberExpression' && [callee.object, given[0]].some(namesSecret)) {
        say(node, 'compares a secret and ends early', 'timingSafeEqual or equalConstantTime')
      }
      if (name === 'raw' && given[0] && !isPlainText(given[0])) say(node, 'puts SQL together', 'a text as it stands')
      if (name === 'randomUUID') say(node, 'draws a UUID', 'randomBytes')
      if (name === 'random' && nameOf(callee.object) === 'Math') {
        say(
          node,
          'draws by chance that can be foretold',
          'randomBytes, or a line in tools/check-secrets.mjs that says why',
        )
      }
    },
    ImportDeclaration(node) {
      if (/^uuid(\/|$)/.test(node.source.value)) say(node, 'draws a UUID', 'randomBytes')
    },
  }).visit(program)
}

// Compared with what is known to all, such as null or a type, it is not told apart by its bytes.
function isSecret(node, other) {
  const isKnown = other.type === 'Literal' || other.type === 'UnaryExpression' || nameOf(other) === 'undefined'
  return !isKnown && namesSecret(node)
}

function namesSecret(node) {
  const words = wordsOf(nameOf(node))
  return !lengths.has(words.at(-1)) && words.some((word) => secretWords.has(word))
}

function nameOf(node) {
  if (node?.type === 'Identifier' || node?.type === 'PrivateIdentifier') return node.name
  if (node?.type === 'MemberExpression') return node.computed ? nameOf(node.object) : nameOf(node.property)
  if (node?.type === 'CallExpression') return nameOf(node.callee)
  if (/^TS(As|NonNull|Satisfies)/.test(node?.type) || /^(Parenthesized|Chain|Await)Expression$/.test(node?.type)) {
    return nameOf(node.expression ?? node.argument)
  }
  return ''
}

function wordsOf(name) {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[ _$]+/)
}

function startsSql(node) {
  const text = node.type === 'TemplateLiteral' ? node.quasis[0].value.cooked : node.type === 'Literal' ? node.value : ''
  return typeof text === 'string' && beginsSql.test(text)
}

function isPlainText(node) {
  return node.type === 'Literal' || (node.type === 'TemplateLiteral' && node.expressions.length === 0)
}
