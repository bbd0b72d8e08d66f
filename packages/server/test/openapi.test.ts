/** The OpenAPI document: a validator and a client generator accept it, and it says what the routes do. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { installTool } from '../../latchkey/test/install-tool.js'
import { ann, secret, useServer } from './server.js'

const server = useServer()
const tool = installTool('openapi-client')

// biome-ignore lint/suspicious/noExplicitAny: a document of many shapes.
let document: any
beforeAll(async () => {
  const { json, headers } = await server.ask('GET', '/openapi.json')
  expect(headers.get('content-type')).toBe('application/json')
  document = json
})

it('is valid OpenAPI 3.1', async () => {
  expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true })
  expect(document.openapi).toBe('3.1.0')
  expect(document.servers).toEqual([{ url: 'http://localhost:4000' }])
})

it('names each route, what it needs, and its refusals', () => {
  const operations = Object.entries<object>(document.paths).flatMap(([path, item]) =>
    Object.entries<{ operationId: string; security?: object; responses: object }>(item as never).map(
      ([method, { operationId, security, responses }]) => [
        `${method.toUpperCase()} ${path}`,
        operationId,
        security ? 'token' : 'open',
        Object.keys(responses).join(' '),
      ],
    ),
  )
  expect(operations).toEqual([
    ['POST /v1/client/register', 'register', 'open', '201 400 409 413 415 429 503 default'],
    ['POST /v1/token', 'logIn', 'open', '201 400 401 413 415 429 503 default'],
    ['POST /v1/token/refresh', 'refresh', 'open', '201 400 401 413 415 503 default'],
    ['POST /v1/token/secret', 'describeToken', 'open', '200 400 401 413 415 429 503 default'],
    ['POST /oauth/token', 'grantToken', 'open', '200 400 401 413 415 429 503 default'],
    ['POST /v1/token/revoke', 'revoke', 'open', '200 400 413 415 503 default'],
    ['POST /v1/token/introspect', 'introspect', 'token', '200 400 401 403 413 415 429 503 default'],
    ['GET /.well-known/oauth-authorization-server', 'readMetadata', 'open', '200'],
    ['GET /v1/user/sessions', 'listSessions', 'token', '200 401 503 default'],
    ['DELETE /v1/user/sessions', 'endAllSessions', 'token', '202 401 403 503 default'],
    ['DELETE /v1/user/sessions/{sid}', 'endSession', 'token', '202 401 403 404 503 default'],
    ['PUT /v1/user/secret', 'changeSecret', 'token', '200 400 401 403 413 415 429 503 default'],
    ['GET /v1/user/api-keys', 'listApiKeys', 'token', '200 401 404 503 default'],
    ['POST /v1/user/api-keys', 'createApiKey', 'token', '201 400 401 403 413 415 503 default'],
    ['DELETE /v1/user/api-keys/{id}', 'endApiKey', 'token', '202 401 403 404 503 default'],
    ['GET /v1/user', 'readOwnProfile', 'token', '200 401 404 default'],
    ['PATCH /v1/user', 'changeOwnProfile', 'token', '200 400 401 404 413 415 default'],
    ['DELETE /v1/user', 'deleteOwnUser', 'token', '202 401 403 404 default'],
    ['GET /v1/user/{uid}', 'readProfile', 'token', '200 401 403 404 default'],
    ['DELETE /v1/user/{uid}', 'deleteUser', 'token', '202 401 403 404 default'],
    ['GET /v1/admin/sessions', 'listSessionsOfUser', 'token', '200 400 401 403 404 503 default'],
    ['DELETE /v1/admin/sessions', 'endSessionsOfUser', 'token', '202 400 401 403 404 503 default'],
    ['DELETE /v1/admin/sessions/{sid}', 'endSessionOfUser', 'token', '202 401 403 404 503 default'],
    ['GET /v1/admin/audit', 'readAudit', 'token', '200 400 401 403 503 default'],
    ['GET /.well-known/jwks.json', 'readKeys', 'open', '200 400 default'],
    ['GET /v1/revocations', 'readRevocations', 'open', '200 400 401 403 429 503 default'],
    ['GET /healthz', 'readHealth', 'open', '200'],
    ['GET /readyz', 'readReadiness', 'open', '200 503'],
  ])
  expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer', 'basic', 'apiKey'])
})

it('says that refusals are problem documents, and of which type, where OAuth libraries call and elsewhere', () => {
  const types = new Map<string, string[]>()
  for (const item of Object.values<object>(document.paths)) {
    for (const { operationId, responses } of Object.values<{ operationId: string; responses: object }>(item as never)) {
      const refusals = Object.entries<{ content: Record<string, { schema: object }> }>(responses as never).filter(
        ([status]) => !status.startsWith('2') && operationId !== 'readReadiness',
      )
      for (const [, { content }] of refusals) {
        expect(Object.values(content)).toEqual([{ schema: { $ref: '#/components/schemas/Problem' } }])
        const type = Object.keys(content).join()
        types.set(type, [...new Set([...(types.get(type) ?? []), operationId])])
      }
    }
  }
  expect([...types.keys()].sort()).toEqual(['application/json', 'application/problem+json'])
  expect(types.get('application/json')).toEqual(['grantToken', 'revoke', 'introspect'])
})

it('has bodies that are required, closed, and documented with the limits that hold', async () => {
  for (const item of Object.values<Record<string, { requestBody?: { required: boolean } }>>(document.paths)) {
    for (const { requestBody } of Object.values(item)) if (requestBody) expect(requestBody.required).toBe(true)
  }
  const { schemas } = document.components
  for (const name of [
    'Registration',
    'Login',
    'Refresh',
    'ApiKeyWish',
    'TokenQuestion',
    'SecretChange',
    'ProfileChange',
  ]) {
    expect(schemas[name].additionalProperties).toBe(false)
  }
  const { account, secret: password, nickname } = schemas.Registration.properties
  const address = (last: number) => `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(last)}.org`
  const status = async (form: object) => (await server.post('/v1/client/register', { ...ann, ...form })).status
  const long = (length: number) => 'xyzäöü€𝄞'.repeat(40).match(/./gu)?.slice(0, length).join('') as string
  expect([account.minLength, account.maxLength]).toEqual([5, 254])
  expect(await status({ account: 'a@b.c' })).toBe(201)
  expect(await status({ account: 'a@b.' })).toBe(400)
  expect([address(57).length, address(58).length]).toEqual([account.maxLength, account.maxLength + 1])
  expect([await status({ account: address(57) }), await status({ account: address(58) })]).toEqual([201, 400])
  expect([await status({ secret: long(password.minLength), account: 'p1@example.org' })]).toEqual([201])
  expect([await status({ secret: long(password.maxLength), account: 'p2@example.org' })]).toEqual([201])
  expect([
    await status({ secret: long(password.minLength - 1) }),
    await status({ secret: long(password.maxLength + 1) }),
  ]).toEqual([400, 400])
  expect([await status({ nickname: long(nickname.minLength), account: 'n1@example.org' })]).toEqual([201])
  expect([await status({ nickname: long(nickname.maxLength), account: 'n2@example.org' })]).toEqual([201])
  expect([
    await status({ nickname: long(nickname.minLength - 1) }),
    await status({ nickname: long(nickname.maxLength + 1) }),
  ]).toEqual([400, 400])
})

it('holds no example that its own schema refuses', async () => {
  const { properties } = document.components.schemas.Registration
  const form = Object.fromEntries(
    Object.entries<{ example: unknown }>(properties).map(([name, { example }]) => [name, example]),
  )
  expect(form).toEqual({ ...ann, secret })
  expect((await server.post('/v1/client/register', form)).status).toBe(201)
})

it('lacks registering where it is switched off, and the route does not exist', async () => {
  const { latchkey } = closed
  const answer = await latchkey.fetch(new Request('http://localhost/openapi.json'))
  expect(Object.keys((await answer.json()).paths)).not.toContain('/v1/client/register')
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(ann) }
  const refused = await latchkey.fetch(new Request('http://localhost/v1/client/register', init))
  expect([refused.status, (await refused.json()).code]).toEqual([404, 'http_error'])
})
const closed = useServer({ registration: false })

it('makes a client that compiles, and refuses wrong use', () => {
  const folder = mkdtempSync(join(tool, 'node_modules', '.check-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'openapi.json'), JSON.stringify(document))
  node('openapi-typescript/bin/cli.js', join(folder, 'openapi.json'), '-o', join(folder, 'api.ts'))
  writeFileSync(join(folder, 'client.ts'), client)
  node(
    'typescript/bin/tsc',
    '--strict',
    '--noEmit',
    // What other packages declare is not what is tried here.
    '--skipLibCheck',
    '--target',
    'es2022',
    '--module',
    'nodenext',
    join(folder, 'client.ts'),
  )
}, 120_000)

/** A small client as a user of the generated types writes one. */
const client = `
import type { components, operations, paths } from './api.js'

type Body<Name extends keyof operations> = operations[Name] extends { requestBody: { content: { 'application/json': infer B } } } ? B : never
type Answer<Name extends keyof operations, Status extends number> =
  operations[Name]['responses'] extends { [S in Status]: { content: { 'application/json': infer A } } } ? A : never

async function send<A>(path: keyof paths, body: object): Promise<A> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(path, init)
  if (!response.ok) throw new Error(((await response.json()) as components['schemas']['Problem']).code)
  return (await response.json()) as A
}

export async function logIn(form: Body<'logIn'>): Promise<string> {
  const { token, expires_in } = await send<Answer<'logIn', 201>>('/v1/token', form)
  const seconds: number = expires_in
  return token + seconds
}

await logIn({ account: 'ann@example.org', secret: 'a long passphrase', type: 100 })
// @ts-expect-error: the type is a number
await logIn({ account: 'ann@example.org', secret: 'a long passphrase', type: '100' })
// @ts-expect-error: the secret is required
await logIn({ account: 'ann@example.org', type: 100 })
// @ts-expect-error: there is no such path
await send('/v1/tokens', {})
const code: components['schemas']['Problem']['code'] = 'token_expired'
const profile: Answer<'readOwnProfile', 200> = { uid: '1', account: '', nickname: '', role: 'user', scopes: [], created_at: 1 }
console.log(code, profile.uid)
`

function node(script: string, ...words: string[]): void {
  try {
    execFileSync(process.execPath, [join(tool, 'node_modules', script), ...words], {
      cwd: tool,
      encoding: 'utf8',
      stdio: 'pipe',
    })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${script} fails:\n${stdout}${stderr}`)
  }
}
