/** What is mutated, and the tests that must see it: those that need nothing built, and start no process of ours. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const latchkey = (...names) => names.map((name) => `packages/latchkey/${name}`)
const guards = (...names) => latchkey(...names.map((name) => `test/guards/${name}`))
const texts = latchkey('test/threats-*', 'test/property', 'test/hardening')

const server = (...names) => names.map((name) => `packages/server/test/${name}`)
/** How sessions begin, go on and end, by what a client sees; a few seconds for all of it. */
const testsOfSessions = [
  'packages/server/src/sessions/*',
  ...server(
    'sessions',
    'refresh',
    'logout',
    'admin-sessions',
    'api-keys',
    'oauth',
    'introspection',
    'roles',
    'nodes',
    'main-job',
  ),
  ...server('store/change-sessions', 'store/schedules'),
]

/** What follows a server is tried against one. */
const following = [
  'api-key-header',
  'feed-page',
  'follow-server',
  'freshness',
  'readiness',
  'server-address',
  'server-clock',
]

/**
 * `files`: of the folder, without their ends; or all but those that begin with `!`. `slowTests`: tried in the second turn alone, on
 * what the others have not seen. `store`: what the tests run on.
 */
function target(place, folder, tests, { files = ['**/*'], slowTests = [], store = 'SQLite' } = {}) {
  const path = (file) => `packages/${place}/src/${folder}/${file}.ts`
  const mutate = files.map((file) => (file.startsWith('!') ? `!${path(file.slice(1))}` : path(file)))
  return { mutate: [...mutate, '!**/*.test.ts'], tests, slowTests, store }
}

export const targets = {
  access: target('latchkey', 'access', [...latchkey('src/access/*', 'src/token/own-claims'), ...guards('scopes')]),
  http: target('latchkey', 'http', [
    ...latchkey('src/errors', 'src/http/*'),
    ...guards('credentials', 'refusals', 'cross-site'),
    ...texts,
  ]),
  auth: target(
    'latchkey',
    'auth',
    [
      ...latchkey('src/auth/*', 'test/fetch-json', 'test/key-file', 'test/testing', 'test/explain', 'test/any-jwt*'),
      ...guards('credentials', 'refusals', 'cross-site', 'scopes', 'connections'),
      ...texts,
    ],
    { files: ['**/*', ...following.map((file) => `!${file}`)] },
  ),
  following: target(
    'latchkey',
    'auth',
    [...latchkey('src/auth/*', 'test/follow-server'), ...server('remote-guard', 'mute-connection')],
    {
      files: following,
      slowTests: server('keys'),
    },
  ),
  token: target(
    'latchkey',
    'token',
    [
      ...latchkey(
        'src/token/*',
        'src/encoding/*',
        'src/auth/decide',
        'test/explain',
        'test/wycheproof',
        'test/testing',
      ),
      ...latchkey(
        'test/any-jwt',
        'test/any-jwt-attacks',
        'test/any-jwt-claims',
        'test/any-jwt-jose',
        'test/any-jwt-keys',
      ),
      ...texts,
    ],
    { slowTests: [...latchkey('test/any-jwt-key-sets', 'test/cookbook'), ...guards('credentials', 'same-answers')] },
  ),
  sessions: target('server', 'sessions', testsOfSessions, {
    slowTests: server(
      'faults-of-the-original-tokens',
      'what-ends-sessions',
      'audit-routes',
      'limits',
      'restore',
      'store/sweep',
    ),
  }),
  // There alone a row may appear before one that was read.
  revocations: target('server', 'revocations', server('logout', 'store/feed', 'store/feed-pages'), {
    slowTests: server('nodes', 'remote-guard', 'store/change-sessions', 'store/sweep'),
    store: 'PostgreSQL',
  }),
  limits: target('server', 'limits', ['packages/server/src/limits/*', ...server('limits', 'store/counters')], {
    slowTests: server('limits-of-passwords'),
  }),
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The test files that are meant, by paths from the root; `*` stands for any part of a name. */
export function testFiles(patterns) {
  return patterns.flatMap((pattern) => {
    const folder = pattern.slice(0, pattern.lastIndexOf('/'))
    const [before, after] = pattern.slice(folder.length + 1).split('*')
    const isMeant = (name) => (after === undefined ? name === before : name.startsWith(before) && name.endsWith(after))
    const names = readdirSync(`${root}/${folder}`).filter((name) => name.endsWith('.test.ts'))
    const found = names.filter((name) => isMeant(name.slice(0, -'.test.ts'.length)))
    if (found.length === 0) throw new Error(`There is no test file ${pattern}`)
    return found.map((name) => `${folder}/${name}`)
  })
}
