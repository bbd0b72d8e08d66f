/** The same raw request gets the same answer from every framework, byte for byte; and no request at all ends a process. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Framework, frameworks } from './frameworks.js'
import { ask, type Connection, type HeaderLine, open, type RawRequest, requestText, valuesOf } from './raw-http.js'
import type { App } from './routes.js'
import { bad, basic, bearer, good, loggedInSecondsAgo, tokenOf } from './tokens.js'

const scopeless = tokenOf({ scopes: [] })
const values: readonly string[] = [
  ...['', 'Bearer', 'Bearer ', 'bearer x', 'Basic', 'Basic Og==', 'Basic OnB3', 'Basic /w==', 'Basic a', 'Digest a, b'],
  ...['Digest a="b, Bearer c"', 'Negotiate a, Basic b', ',', ',Bearer x', 'Bearer x,', 'Bearer ,', `Bearer\t${good}`],
  ...[`Bearer ${good}\t`, `Bearer ${good} \t `, `\tBearer ${good}`, `Bearer \t${good}`, `Bearer ${good}\xa0`],
  ...['\xff\xfe', 'Bearer \x80', 'Basic \xe9\xe9\xe9\xe9', `Bearer ${'A'.repeat(8193)}`, 'A'.repeat(20_000)],
  ...['Bearer \x00', 'Bearer a\x7fb', '=?utf-8?q?Bearer?=', 'Bearer a\r\n folded', 'Bearer lkr_x', 'Bearer lkk_x'],
]
const lines: readonly (readonly HeaderLine[])[] = [
  [],
  ...values.map((value) => [['authorization', value]] as const),
  ...Object.values(bad).flatMap((token) => [[bearer(token)], [basic(`${token}:`)]]),
  ...[good, scopeless, loggedInSecondsAgo(9999)].flatMap((token) => [[bearer(token)], [basic(`${token}:x`)]]),
  ...[bearer(good), basic(`${good}:`), ['authorization', 'Digest a'] as const].flatMap((first) =>
    [bearer(good), ['AUTHORIZATION', ''] as const, ['Authorization', 'Digest b="c"'] as const].map((second) => [
      first,
      second,
    ]),
  ),
]
const paths = ['/guarded', '/read', '/any', '/optional', '/bearer-only', '/fresh', '/sub/guarded', '/broken']
const queries = [
  '?access_token=x',
  '?access_token',
  '?a=%ZZ&access_token=%',
  '?',
  '?access%5Ftoken=x',
  '?#access_token=',
]
const browsers: readonly (readonly HeaderLine[])[] = [
  [['Origin', 'http://shop.example']],
  [['Origin', 'null']],
  [['Origin', '']],
  [
    ['Origin', 'http://shop.example'],
    ['Origin', 'http://shop.example'],
  ],
  [['Sec-Fetch-Site', 'cross-site']],
  [
    ['Sec-Fetch-Site', 'none'],
    ['Sec-Fetch-Mode', 'cors'],
  ],
  [
    ['Sec-Fetch-Site', 'same-origin'],
    ['sec-fetch-site', 'none'],
  ],
  [
    ['Origin', 'https://a.example'],
    ['Access-Control-Request-Method', ''],
  ],
]

const requests: readonly RawRequest[] = [
  ...paths.flatMap((path) => lines.map((headers) => ({ path, headers }))),
  ...queries.flatMap((query) =>
    [[], [bearer(good)], [basic(`${good}:`)]].map((headers) => ({ path: `/guarded${query}`, headers })),
  ),
  ...['GET', 'OPTIONS', 'POST'].flatMap((method) =>
    browsers.flatMap((browser) =>
      [[], [bearer(good)], [basic(`${good}:`)], [bearer('wrong')]].map((credentials) => ({
        method,
        headers: [...browser, ...credentials],
      })),
    ),
  ),
]

const latchkeyHeaders = ['www-authenticate', 'content-type', 'cache-control', 'retry-after']

async function whileServing<T>(start: () => Promise<App>, use: (app: App) => Promise<T>): Promise<T> {
  const app = await start()
  try {
    return await use(app)
  } finally {
    await app.close()
  }
}

/** Runs `work` on all items, 16 at a time. */
async function inParallel<T, R>(items: readonly T[], work: (item: T, worker: number) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async (number: number) => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T, number)
  }
  await Promise.all(Array.from({ length: 16 }, (_, number) => worker(number)))
  return results
}

/** Request and answer in one line, so that a failure can be read. */
async function answerTo(request: RawRequest, port: number): Promise<string> {
  const answer = await ask(port, request)
  const headers = latchkeyHeaders.flatMap((name) => valuesOf(answer, name).map((value) => `${name}: ${value}`))
  const sent = (request.headers ?? []).map((line) => line.join(': ').slice(0, 70))
  const asked = `${request.method ?? 'GET'} ${request.path ?? '/guarded'} ${JSON.stringify(sent)}`
  return `${asked} -> ${answer.status} ${headers.join(', ')} ${answer.body}`
}

describe('all frameworks', () => {
  const answers = ({ start }: Framework) =>
    whileServing(start, ({ port }) => inParallel(requests, (request) => answerTo(request, port)))
  const [reference, ...others] = frameworks as readonly [Framework, ...Framework[]]
  let expected: readonly string[]
  beforeAll(async () => {
    expected = await answers(reference)
  })

  it.each(others)(`answer ${requests.length} raw requests as ${reference.name} does: $name`, async (framework) => {
    const found = await answers(framework)
    const differing = (list: readonly string[], others: readonly string[]) =>
      list.filter((line, i) => line !== others[i]).slice(0, 20)
    expect(differing(found, expected)).toEqual(differing(expected, found))
  })
})

const scheme = fc.constantFrom('Bearer', 'Basic', 'bearer', 'BASIC', 'Digest', '', 'Bearer Bearer', 'Basic,')
const space = fc.constantFrom(' ', ' ', ' ', '  ', '', '\t', ',', ', ')
const bytes = fc.uint8Array({ maxLength: 60 }).map((list) => Buffer.from(list))
const nearlyGood = fc
  .tuple(fc.nat(good.length - 1), fc.integer({ min: 0x20, max: 0xff }))
  .map(([at, code]) => good.slice(0, at) + String.fromCharCode(code) + good.slice(at + 1))
const token = fc.oneof(
  nearlyGood,
  fc.constantFrom(good, bad.expired, bad.tampered),
  nearlyGood.map((text) => Buffer.from(`${text}:`).toString('base64')),
  bytes.map((list) => list.toString('base64')),
  bytes.map((list) => list.toString('latin1')),
  fc.string({ unit: fc.constantFrom('.', 'A', '%', '=', ':', '"', ',', '\\', '\0', '\xff'), maxLength: 40 }),
  fc.nat(70_000).map((length) => 'A'.repeat(length)),
)
const value = fc.tuple(scheme, space, token).map((parts) => parts.join(''))

/** Whether this may pass: one good token by Bearer or Basic. */
function isGood([line = '', ...more]: readonly string[]): boolean {
  const [, name, text = ''] = /^[ \t]*(bearer|basic) +([^ \t]+)[ \t]*$/i.exec(line) ?? []
  if (!name || more.length > 0) return false
  return text === good || Buffer.from(text, 'base64').toString().startsWith(`${good}:`)
}

describe('a random Authorization header', () => {
  const seed = Date.now() & 0x7fffffff
  const random = fc.sample(fc.array(value, { minLength: 1, maxLength: 2 }), { numRuns: 2000, seed })

  it.each(frameworks)('is answered 400, 401, 403 or 431, and 200 only with a good token: $name', async ({ start }) => {
    await whileServing(start, async (app) => {
      const connections: (Connection | undefined)[] = []
      const wrong = await inParallel(random, async (list, worker) => {
        let connection = connections[worker]
        if (!connection || connection.ended) connection = open(app.port)
        connections[worker] = connection
        connection.write(requestText({ headers: list.map((one) => ['Authorization', one] as const) }))
        const answer = await connection.read()
        if (valuesOf(answer, 'connection').includes('close')) delete connections[worker]
        const { status } = answer
        return [400, 401, 403, 431, ...(isGood(list) ? [200] : [])].includes(status) ? [] : [{ status, list }]
      })
      for (const connection of connections) connection?.destroy()
      expect({ seed, wrong: wrong.flat() }).toEqual({ seed, wrong: [] })
      expect((await ask(app.port, { headers: [bearer(good)] })).status).toBe(200)
    })
  })
})
