/** `latchkey probe`: what it reads, what it counts as proved, how it waits, and what it prints. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Issuer, serveApp, startIssuer } from './probe/issuer.js'
import { describeApi, notHeld, runProbe, unproved } from './probe/run-probe.js'
import { runCommand, temporaryFolder } from './server.js'

const folder = temporaryFolder()
const token = 'an-opaque-token'
let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer('EdDSA')
})
const answer = (response: ServerResponse, status: number, headers: Record<string, string> = {}) =>
  void response.writeHead(status, headers).end()
const isGood = ({ headers }: IncomingMessage) => headers.authorization === `Bearer ${token}`
/** Lets the opaque token in, and answers what the status says. */
const guarded =
  (status: (request: IncomingMessage) => number): RequestListener =>
  (request, response) =>
    answer(response, isGood(request) ? status(request) : 401)
const probe = async (app: RequestListener, document: object, ...words: string[]) =>
  runProbe(folder, await serveApp(app), document, token, ...words)

describe('refuses with 2', () => {
  const good = ['--openapi', 'openapi.json', '--token', token]
  beforeAll(() => {
    writeFileSync(join(folder, 'openapi.json'), JSON.stringify(describeApi({ 'GET /orders': [] })))
    writeFileSync(join(folder, 'old.json'), '{"swagger":"2.0","paths":{}}')
    writeFileSync(join(folder, 'open.json'), JSON.stringify(describeApi({ 'GET /orders': 'open' })))
    writeFileSync(join(folder, 'no-paths.yaml'), 'openapi: 3.1.0\n')
    writeFileSync(join(folder, 'broken.yaml'), 'openapi: 3.1.0\npaths:\n  /orders: {secret: [}\n')
    writeFileSync(join(folder, 'broken.json'), '{"openapi": "3.1.0", "secret": }')
    writeFileSync(join(folder, 'text.yaml'), 'a text\n')
    // Ten lists of ten times the one before.
    const bomb = Array.from({ length: 10 }, (_, i) => `- &a${i} [${i === 0 ? 'x' : `*a${i - 1}, `.repeat(10)}]\n`)
    writeFileSync(join(folder, 'bomb.yaml'), bomb.join(''))
  })

  it.each([
    [good, 'missing required argument'],
    [['http://localhost:1'], '--openapi'],
    [['http://localhost:1', '--openapi', 'openapi.json'], '--token'],
    [['localhost:1', ...good], 'URL must be an http or https URL'],
    [['http://ann:pw@localhost:1', ...good], 'without a user name'],
    [['http://localhost:1', '--token', token, '--openapi', 'missing.json'], 'a file that can be read'],
    [['http://localhost:1', '--token', token, '--openapi', 'old.json'], '"openapi": "3.0.x" or "3.1.x"'],
    [['http://localhost:1', '--token', token, '--openapi', 'open.json'], 'must ask for a credential at some operation'],
    [['http://localhost:1', '--token', token, '--openapi', 'no-paths.yaml'], 'must have "paths"'],
    [['http://localhost:1', '--token', token, '--openapi', 'broken.yaml'], 'in JSON or YAML (line 3)'],
    [['http://localhost:1', '--token', token, '--openapi', 'broken.json'], 'must be an object in JSON or YAML'],
    [['http://localhost:1', '--token', token, '--openapi', 'text.yaml'], 'must be an object in JSON or YAML'],
    [['http://localhost:1', '--token', token, '--openapi', 'bomb.yaml'], 'must be an object in JSON or YAML'],
    [['http://localhost:1', '--token', token, '--openapi', 'http://localhost:2/x'], 'a URL of http://localhost:1'],
    [['http://localhost:1', '--openapi', 'openapi.json', '--token', 'two words'], '--token must be one word'],
    [['http://localhost:1', ...good, '--low-token', 'a\nb'], '--low-token must be one word'],
    [['http://localhost:1', ...good, '--also', 'GET /order'], '--also must name an operation of the file'],
    [['http://localhost:1', ...good, '--max-requests', 'many'], 'a whole number from 1'],
    [['http://localhost:1', ...good, '--jwks', 'keys.json'], '--jwks must be'],
  ])('%j', async (words, text) => {
    const { code, out, error } = await runCommand(folder, ['probe', ...words], '', {})
    expect([code, out]).toEqual([2, ''])
    expect(error).toContain(text)
    expect(error).not.toMatch(/two words|ann:pw|secret/)
  })

  it('an expired token that is not, and one for another audience that is for the same', async () => {
    const ofIssuer = await issuer.token()
    const words = ['probe', 'http://localhost:1', '--openapi', 'openapi.json', '--token', ofIssuer]
    const expired = await runCommand(folder, [...words, '--expired-token', await issuer.token()], '', {})
    const other = await runCommand(folder, [...words, '--other-audience-token', await issuer.token()], '', {})
    expect([expired.code, expired.error]).toEqual([2, expect.stringContaining('must have its exp in the past')])
    expect([other.code, other.error]).toEqual([2, expect.stringContaining('another aud than --token')])
  })
})

describe('what is proved', () => {
  it('an API that is not there proves nothing', async () => {
    const document = describeApi({ 'GET /orders': [] })
    const { code, report } = await runProbe(folder, 'http://127.0.0.1:1', document, token)
    expect([code, unproved(report)]).toEqual([1, [expect.stringContaining('ECONNREFUSED')]])
  })

  it('a good token that is refused proves nothing, and ends with 1 unless that is allowed', async () => {
    const app = guarded((request) => (request.url === '/orders' ? 200 : 403))
    const document = describeApi({ 'GET /orders': [], 'GET /reports': [] })
    const strict = await probe(app, document)
    expect([strict.code, unproved(strict.report)]).toEqual([1, ['GET /reports: the good token gets 403']])
    expect(notHeld(strict.report)).toEqual([])
    expect((await probe(app, document, '--allow-unproved')).code).toBe(0)
  })

  it.each([200, 404, 400, 409, 415, 422])(
    '%d for the good token, where no credential gets 401, is let in',
    async (status) => {
      const { code, report } = await probe(
        guarded(() => status),
        describeApi({ 'GET /orders/{id}': [] }),
      )
      expect([code, notHeld(report), unproved(report)]).toEqual([0, [], []])
    },
  )

  it('404 without a credential is held where the good token gets something else, and else proves nothing', async () => {
    const hides: RequestListener = (request, response) => answer(response, isGood(request) ? 200 : 404)
    const document = describeApi({ 'GET /orders': [], 'GET /orders/{id}': [], 'DELETE /orders/{id}': [] })
    const hidden = await probe(hides, document)
    expect([notHeld(hidden.report), unproved(hidden.report)]).toEqual([
      ['none', 'empty', 'tampered'].map((group) => `DELETE /orders/{id}: ${group} warned`),
      ['DELETE /orders/{id}: 404 without a credential, and the good token was not sent: a guard is not to be seen'],
    ])
    const empty = await probe((_request, response) => answer(response, 404), document)
    expect([empty.code, unproved(empty.report)]).toEqual([1, expect.arrayContaining([expect.stringMatching(/^GET/)])])
    expect(unproved(empty.report)).toHaveLength(3)
  })

  it.each([400, 415, 422])('%d before the credential is looked at is a warning, given once', async (status) => {
    const app: RequestListener = (request, response) =>
      answer(response, request.headers['content-type'] === 'text/plain' ? 200 : status)
    const { code, report } = await probe(app, describeApi({ 'POST /orders': [] }))
    expect([code, report.findings.map(({ message }) => message)]).toEqual([
      0,
      [`${status} before the credential was looked at`],
    ])
  })

  it('400 with WWW-Authenticate, and 400 for what is no credential, are refusals', async () => {
    const app: RequestListener = (request, response) => {
      if (isGood(request)) return answer(response, 200)
      const { authorization } = request.headers
      if (authorization === undefined) return answer(response, 401)
      // Texts that are no token are refused otherwise than tokens that are wrong.
      if (authorization === 'Bearer latchkey-probe') return answer(response, 401)
      return authorization.startsWith('Bearer ')
        ? answer(response, 400, { 'www-authenticate': 'Bearer' })
        : answer(response, 400)
    }
    const { code, report } = await probe(app, describeApi({ 'GET /orders': [], 'POST /orders': [] }))
    expect([code, notHeld(report)]).toEqual([0, []])
  })

  it('redirects are followed within the origin alone', async () => {
    const app: RequestListener = (request, response) => {
      if (request.url === '/orders') return answer(response, 307, { location: '/v2/orders' })
      if (request.url === '/reports' && !isGood(request))
        return answer(response, 302, { location: `${issuer.url}/keys` })
      // The same path at this origin is open, and is not what was meant.
      const isOpen = request.url === '/v2/orders' || request.url === '/keys'
      return answer(response, isOpen || isGood(request) ? 200 : 401)
    }
    const { report } = await probe(app, describeApi({ 'GET /orders': [], 'GET /reports': [] }))
    expect(notHeld(report)).toEqual(['GET /orders: none open'])
  })

  it('a page that answers every unknown path opens nothing', async () => {
    const app: RequestListener = (request, response) => {
      if (request.url === '/orders') return answer(response, isGood(request) ? 200 : 401)
      response.setHeader('content-type', 'text/html').end('<title>Shop</title>')
    }
    const { code, report } = await probe(app, describeApi({ 'GET /orders': [] }))
    expect([code, notHeld(report)]).toEqual([0, []])
  })

  it('operations that the file marks as open are named, and probed when asked for', async () => {
    const app: RequestListener = (request, response) =>
      answer(response, request.url === '/metrics' || isGood(request) ? 200 : 401)
    const document = describeApi({ 'GET /orders': [], 'GET /metrics': 'open' })
    const { report } = await probe(app, document)
    expect([report.openByDescription, notHeld(report)]).toEqual([['GET /metrics'], []])
    expect(notHeld((await probe(app, document, '--also', 'GET /metrics')).report)).toEqual(['GET /metrics: none open'])
  })

  it('a method that the file marks as open at the same path opens nothing', async () => {
    const app: RequestListener = (request, response) =>
      answer(
        response,
        (request.method === 'POST' && request.url?.startsWith('/orders/')) || isGood(request) ? 200 : 401,
      )
    const { report } = await probe(app, describeApi({ 'GET /orders/{id}': [], 'POST /orders/{id}': 'open' }))
    expect(notHeld(report)).toEqual([])
    const { report: closed } = await probe(app, describeApi({ 'GET /orders/{id}': [] }))
    expect(notHeld(closed)).toEqual(['GET /orders/{id}: method open'])
  })

  it('the good token goes to POST and DELETE with --write alone', async () => {
    const seen: string[] = []
    const app: RequestListener = (request, response) => {
      if (isGood(request)) seen.push(`${request.method} ${request.url}`)
      answer(response, isGood(request) ? 200 : 401)
    }
    const document = describeApi({ 'GET /orders/{id}': [], 'POST /orders': [], 'DELETE /orders/{id}': [] })
    expect((await probe(app, document)).code).toBe(0)
    expect(seen).toEqual(['GET /orders/latchkey-probe'])
    await probe(app, document, '--write')
    expect(seen.slice(1).sort()).toEqual([
      'DELETE /orders/latchkey-probe',
      'GET /orders/latchkey-probe',
      'POST /orders',
    ])
  })
})

describe('how it asks', () => {
  it('parameters come of the file, bodies are well-formed and wrong, and nothing real is named where something changes', async () => {
    const seen = new Set<string>()
    const app: RequestListener = (request, response) => {
      let body = ''
      request
        .on('data', (chunk) => (body += chunk))
        .on('end', () => {
          const { url, method, headers } = request
          if (isGood(request))
            seen.add([method, url, headers['x-tenant'], headers['content-type'], body].join(' ').trim())
          answer(response, isGood(request) ? 200 : 401)
        })
    }
    const path = { name: 'id', in: 'path', required: true, schema: { type: 'integer' }, example: 7 }
    const parameters = [
      { $ref: '#/components/parameters/id' },
      { name: 'state', in: 'query', required: true, schema: { enum: ['new', 'old'] } },
      { name: 'page', in: 'query', schema: { type: 'integer' } },
      { name: 'x-tenant', in: 'header', required: true, schema: { type: 'string', default: 'acme' } },
    ]
    const content = { 'application/json': { schema: { $ref: '#/components/schemas/list' } } }
    const document = {
      openapi: '3.0.3',
      security: [{ bearer: [] }],
      paths: {
        '/orders/{id}': { parameters, get: {}, put: { requestBody: { content } } },
        '/open': { get: { security: [{}, { bearer: [] }] } },
      },
      components: { parameters: { id: path }, schemas: { list: { type: 'array' } } },
    }
    const { report } = await probe(app, document, '--write')
    expect(report.openByDescription).toEqual(['GET /open'])
    expect([...seen].sort()).toEqual([
      'GET /orders/7?state=new acme',
      'PUT /orders/987654321?state=new latchkey-probe application/json {}',
    ])
  })

  it('reads YAML as it reads JSON', async () => {
    const lines = [
      ...['openapi: 3.1.0 # as most are written', 'security: &all', '  - bearer: []', 'paths:', '  /orders/{id}:'],
      ...['    parameters:', '      - { name: id, in: path, required: true, example: 2026-01-01 }'],
      ...['    get:', '      security: *all', '      description: |', '        GET: { a }'],
    ]
    writeFileSync(join(folder, 'orders.yaml'), `${lines.join('\n')}\n`)
    const seen = new Set<string>()
    const url = await serveApp((request, response) => {
      if (isGood(request)) seen.add(`${request.method} ${request.url}`)
      answer(response, isGood(request) ? 200 : 401)
    })
    const words = ['probe', url, '--openapi', 'orders.yaml', '--token', token, '--json']
    const { code, out } = await runCommand(folder, words, '', {})
    expect([code, notHeld(JSON.parse(out)), [...seen]]).toEqual([0, [], ['GET /orders/2026-01-01']])
  })

  it('waits as long as 429 asks, and goes on', async () => {
    const began = performance.now()
    let isBusy = true
    const app: RequestListener = (request, response) => {
      const isOver = performance.now() - began > 900
      if (isBusy && !isOver) return answer(response, 429, { 'retry-after': '1' })
      isBusy = false
      answer(response, isGood(request) ? 200 : 401)
    }
    const { code, report } = await probe(app, describeApi({ 'GET /orders': [] }))
    expect([code, notHeld(report), unproved(report), isBusy]).toEqual([0, [], [], false])
    expect(performance.now() - began).toBeGreaterThan(900)
  })

  it('proves nothing where 429 does not end', async () => {
    const app: RequestListener = (request, response) =>
      isGood(request) ? answer(response, 200) : answer(response, 429, { 'retry-after': '0' })
    const { code, report } = await probe(app, describeApi({ 'GET /orders': [] }))
    expect([code, unproved(report)]).toEqual([1, ['GET /orders: it asks to wait, again and again (429)']])
  })

  it('sends no more than it may, and says what was not tried', async () => {
    let count = 0
    const app: RequestListener = (request, response) => {
      count += 1
      answer(response, isGood(request) ? 200 : 401)
    }
    const { code, report } = await probe(app, describeApi({ 'GET /orders': [] }), '--max-requests', '5')
    expect([code, count, report.requests]).toEqual([1, 5, 5])
    expect(unproved(report)).toEqual(['GET /orders: the limit of 5 requests was reached'])
  })

  it('says of keys that were not found that confusion was not tried', async () => {
    const app: RequestListener = (_request, response) => answer(response, 401)
    const lost = await issuer.token()
    const url = await serveApp(app)
    const words = ['--jwks', `${url}/keys`]
    const { report } = await runProbe(folder, url, describeApi({ 'GET /orders': [] }), lost, ...words)
    expect(report.operations[0]?.groups.find(({ group }) => group === 'confusion')).toEqual({
      ...{ group: 'confusion', outcome: 'skipped', attempts: [] },
      reason: `no public keys were found at ${url}/keys`,
    })
  })
})

describe('what it prints', () => {
  it('a table, and each finding with a line for the shell that shows it and holds no token', async () => {
    const url = await serveApp((request, response) =>
      request.url === '/open' || request.headers.authorization === 'Bearer first.second.'
        ? answer(response, 200)
        : answer(response, isGood(request) ? 200 : 401),
    )
    writeFileSync(join(folder, 'openapi.json'), JSON.stringify(describeApi({ 'GET /open': [], 'GET /orders': [] })))
    const words = ['probe', url, '--openapi', 'openapi.json', '--token', '-']
    const { code, out, error } = await runCommand(folder, words, `${token}\n`, {})
    expect(code).toBe(1)
    expect(error).toMatch(/^latchkey: 2 operations, 1 open, 0 broke, 0 warned, 0 not proved, [0-9]+ requests$/)
    const lines = out.split('\n')
    expect(lines[0]).toMatch(/^operation +good token +none +empty +tampered/)
    expect(lines[1]).toMatch(/^GET \/open +200 +OPEN +- +-/)
    expect(lines[2]).toMatch(/^GET \/orders +200 +held +held +held +- +-/)
    expect(out).toContain('not tried: scope: give --low-token')
    expect(out).toContain(
      `OPEN: GET /open: no credential: let in with 200\n  curl -i --path-as-is -X GET '${url}/open'`,
    )
    expect(out).not.toContain(token)
  })

  it('curl lines that do what they say', async () => {
    const good = await issuer.token()
    const url = await serveApp((request, response) => answer(response, request.headers.authorization ? 200 : 401))
    const { report, out } = await runProbe(folder, url, describeApi({ 'GET /orders': [] }), good)
    const attempts = report.operations.flatMap(({ groups }) => groups.flatMap((group) => group.attempts))
    expect(attempts.length).toBeGreaterThan(60)
    const [header, payload, signature] = good.split('.') as [string, string, string]
    for (const secret of [good, `${header}.${payload}`, payload, signature]) expect(out).not.toContain(secret)
    // As curl says what it was given, so that each need not be sent.
    const script = attempts
      .filter(({ curl }) => curl.includes('Bearer'))
      .map(({ curl }) => curl.replace('curl -i', 'printf "%s\\n"'))
      .join('\n')
    const printed = execFileSync('sh', ['-c', script], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, TOKEN: good },
    })
    const headers = printed.split('\n').filter((line) => line.startsWith('Authorization: Bearer '))
    const texts = headers.map((line) => line.slice('Authorization: Bearer '.length))
    expect(texts).not.toContain(good)
    expect(texts).toContain(`${header}.${payload}.`)
    expect(texts).toContain(`${header}.${payload}`)
    const ofOthers = texts.filter((text) => text.split('.')[1] !== payload && text.endsWith(`.${signature}`))
    const subs = ofOthers.map((text) => JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()).sub)
    expect(subs).toEqual(['latchkey-probe', 'ann', 'ann'])
  }, 60_000)

  it('SARIF 2.1.0 with what its schema requires, and a rule for each result', async () => {
    const good = await issuer.token()
    const none = Buffer.from('{"alg":"none"').toString('base64url').slice(0, -2)
    const app: RequestListener = (request, response) => {
      const { authorization = '' } = request.headers
      const isUnsigned = request.url === '/unsigned' && authorization.startsWith(`Bearer ${none}`)
      answer(response, request.url === '/open' || authorization === `Bearer ${good}` || isUnsigned ? 200 : 401)
    }
    const document = describeApi({ 'GET /open': [], 'GET /unsigned': [] })
    mkdirSync(join(folder, 'out'), { recursive: true })
    const words = ['--sarif', 'out/probe.sarif']
    const { code, report } = await runProbe(folder, await serveApp(app), document, good, ...words)
    expect([code, notHeld(report)]).toEqual([1, ['GET /open: none open', 'GET /unsigned: unsigned open']])
    const sarif = JSON.parse(readFileSync(join(folder, 'out', 'probe.sarif'), 'utf8'))
    expect([sarif.version, sarif.$schema]).toEqual(['2.1.0', expect.stringContaining('sarif-2.1.0')])
    const [run] = sarif.runs
    const { name, version, rules } = run.tool.driver
    expect([name, typeof version, Array.isArray(run.results)]).toEqual(['latchkey probe', 'string', true])
    for (const { id, shortDescription } of rules)
      expect([id, shortDescription.text]).toEqual([expect.stringMatching(/^[a-z-]+$/), expect.any(String)])
    for (const { ruleId, ruleIndex, level, message, locations } of run.results) {
      expect(rules[ruleIndex].id).toBe(ruleId)
      expect(['none', 'note', 'warning', 'error']).toContain(level)
      expect(message.text).toEqual(expect.any(String))
      expect(locations[0].physicalLocation.artifactLocation.uri).toBe('openapi.json')
      expect(locations[0].logicalLocations[0].fullyQualifiedName).toMatch(/^GET /)
    }
    expect(run.results.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual(['none', 'unsigned'])
  })
})
