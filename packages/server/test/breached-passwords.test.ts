/** Passwords that cannot be chosen: those that consist of who chooses, and those of a list of breached ones in a file. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBreachedPasswords } from '../src/client-types/breached-passwords.js'
import { readConfig } from '../src/config.js'
import { openLatchkey } from '../src/create-latchkey/open-latchkey.js'
import { StartError } from '../src/store/start-error.js'
import { ann, runCommand, secret, startNode, temporaryFolder, useServer } from './server.js'
import { createTestDatabase } from './store/test-store.js'

const folder = temporaryFolder()
const count = 300_000
const passwordOf = (number: number) => `breached ${number}`
const sha1 = (text: string) => createHash('sha1').update(text, 'utf8').digest('hex').toUpperCase()
let hashes: string[]
/** The number of the password at a place of the list. */
let numbers: Map<string, number>
beforeAll(() => {
  numbers = new Map(Array.from({ length: count }, (_, i) => [sha1(passwordOf(i)), i]))
  hashes = [...numbers.keys()].sort()
})

/** Writes a file that stays until all tests have run; its path. */
function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const at = (place: number) => passwordOf(numbers.get(hashes.at(place) as string) as number)

describe.each<[string, (hash: string, i: number) => string, end: string, last: string]>([
  ['as it is downloaded', (hash, i) => `${hash}:${i + 1}`, '\r\n', ''],
  ['with line feeds alone, and one at its end', (hash, i) => `${hash}:${i ** 3}`, '\n', '\n'],
  ['in lower case', (hash, i) => `${hash.toLowerCase()}:${i}`, '\n', ''],
  ['without counts', (hash) => hash, '\r\n', '\r\n'],
])('a list of 300,000 lines %s', (name, line, end, last) => {
  it('finds the first, the last, and those between, and no other', { timeout: 60_000 }, async () => {
    const path = write(`${name}.txt`, hashes.map(line).join(end) + last)
    const list = await openBreachedPasswords(path)
    const spread = Array.from({ length: 200 }, (_, i) => Math.floor((i * count) / 200))
    for (const place of [0, 1, 2, -1, -2, -3, ...spread]) {
      expect([place, await list.has(at(place))]).toEqual([place, true])
    }
    for (let i = 0; i < 200; i++) expect(await list.has(`not breached ${i}`)).toBe(false)
    expect(await list.has(at(5).toUpperCase())).toBe(false)
  })
})

describe('a small list', () => {
  it.each([1, 2, 3, 70, 200])('of %i lines has each of them', async (length) => {
    const some = hashes.slice(0, length)
    const list = await openBreachedPasswords(write(`${length}.txt`, some.map((hash) => `${hash}:1`).join('\n')))
    for (const hash of some) expect(await list.has(passwordOf(numbers.get(hash) as number))).toBe(true)
    expect(await list.has(at(length))).toBe(false)
  })
})

it('holds nothing up while it is read: other work goes on between its reads', async () => {
  const list = await openBreachedPasswords(write('large.txt', hashes.join('\n')))
  let turns = 0
  const timer = setInterval(() => turns++, 0)
  await Promise.all(Array.from({ length: 300 }, (_, i) => list.has(passwordOf(i))))
  clearInterval(timer)
  expect(turns).toBeGreaterThan(5)
})

describe('a start is refused with', () => {
  const lines = () => hashes.map((hash) => `${hash}:1`)
  const swapped = () => {
    const all = lines()
    const middle = all.length / 2
    return [...all.slice(middle), ...all.slice(0, middle)]
  }
  it.each<[string, () => string, string]>([
    ['a file that is missing', () => join(folder, 'missing.txt'), 'cannot be read (ENOENT)'],
    ['a folder', () => folder, 'is no file'],
    ['an empty file', () => write('empty.txt', ''), 'is empty'],
    ['passwords in clear', () => write('clear.txt', 'password1\n12345678\n'), 'holds a line that is not SHA-1:COUNT'],
    ['NTLM hashes', () => write('ntlm.txt', `${'0'.repeat(32)}:1\n`), 'holds a line that is not SHA-1:COUNT'],
    ['a text without lines', () => write('long.txt', 'A'.repeat(100_000)), 'holds a line that is not SHA-1:COUNT'],
    ['two halves in the wrong order', () => write('halves.txt', swapped().join('\n')), 'is not in the order of its'],
    ['the list by counts', () => write('counts.txt', lines().reverse().join('\r\n')), 'is not in the order of its'],
    ['binary data', () => write('binary.txt', `${'\0'.repeat(9_000)}\n`.repeat(9)), 'holds a line that is not'],
    ['two lines', () => write('two.txt', lines().slice(0, 2).reverse().join('\n')), 'is not in the order of its'],
    [
      'a last line out of order',
      () => write('last.txt', [...lines(), lines()[0]].join('\n')),
      'is not in the order of its hashes',
    ],
  ])('%s', async (_, make, why) => {
    const breachedPasswordsFile = make()
    const { config } = await createTestDatabase(join(folder, `start ${why} ${_}`))
    const ready = await readConfig({ argument: { ...config, breachedPasswordsFile }, environment: {}, folder })
    const error = await openLatchkey(ready).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(StartError)
    expect([error.reason, error.message]).toEqual(['breached_passwords_unusable', expect.stringContaining(why)])
    expect(error.message).toContain(breachedPasswordsFile)
  })
})

describe('by HTTP and by the command line', () => {
  const server = useServer({ issuer: 'https://id.acme-shop.example', limits: { registrationsPerPrefix: 0 } })
  const words = ['must not mainly consist of your account, your nickname or the name of this service']
  const breached = ['must not be on the list of passwords that were breached']
  let listed: Awaited<ReturnType<typeof startNode>>
  let file: string
  beforeAll(async () => {
    file = write('served.txt', hashes.map((hash) => `${hash}:3`).join('\r\n'))
    listed = await startNode(server.database, { ...config(), breachedPasswordsFile: file })
  })
  afterAll(() => listed.close())
  const config = () => ({ issuer: 'https://id.acme-shop.example', limits: { registrationsPerPrefix: 0 } })
  const json = { 'content-type': 'application/json' }
  const send = (method: string, path: string, body: object, token?: string) =>
    fetch(listed.url + path, {
      method,
      headers: { ...json, ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    }).then(async (answer) => ({ status: answer.status, json: await answer.json() }))

  it.each(['ann@example.org', 'Ann@Example.org!', 'annie-123', 'Latchkey2027', 'acme-shop!'])(
    'registering with %s is refused',
    async (password) => {
      const form = { ...ann, nickname: 'annie', secret: password }
      const { status, json } = await server.post('/v1/client/register', form)
      expect([status, json.code, json.msg]).toEqual([400, 'parameter_invalid', { secret: words }])
    },
  )

  it('registering with a breached password is refused, and with another one is not', async () => {
    const { status, json } = await send('POST', '/v1/client/register', { ...ann, secret: at(-1) })
    expect([status, json.code, json.msg]).toEqual([400, 'parameter_invalid', { secret: breached }])
    expect((await send('POST', '/v1/client/register', ann)).status).toBe(201)
  })

  it('a new password is held against the same rules, with the account and nickname that are stored', async () => {
    const { token } = (await send('POST', '/v1/token', { account: ann.account, secret, type: 100 })).json
    const reasons = async (new_secret: string) => {
      const { status, json } = await send('PUT', '/v1/user/secret', { old_secret: secret, new_secret }, token)
      return [status, json.msg]
    }
    expect(await reasons('ANN@example.org')).toEqual([400, { new_secret: words }])
    await send('PATCH', '/v1/user', { nickname: 'Bartholomew' }, token)
    expect(await reasons('bartholomew7')).toEqual([400, { new_secret: words }])
    expect(await reasons('id.acme-shop.example')).toEqual([400, { new_secret: words }])
    expect(await reasons(at(0))).toEqual([400, { new_secret: breached }])
    expect(await reasons('an entirely new one')).toEqual([200, undefined])
  })

  it('`latchkey user add` holds the password against them, too', async () => {
    const own = join(folder, 'command')
    mkdirSync(own)
    writeFileSync(join(own, 'latchkey.config.json'), JSON.stringify({ ...config(), breachedPasswordsFile: file }))
    const add = (password: string) => {
      const environment = { LATCHKEY_DATA: join(own, 'data') }
      return runCommand(own, ['user', 'add', 'ann.lee@example.org', '--secret-stdin'], `${password}\n`, environment)
    }
    expect(await add('ann.lee1')).toMatchObject({ code: 1, error: `latchkey: secret ${words[0]}` })
    expect(await add(at(7))).toMatchObject({ code: 1, error: `latchkey: secret ${breached[0]}` })
    writeFileSync(join(own, 'latchkey.config.json'), JSON.stringify({ breachedPasswordsFile: 'none.txt' }))
    const refused = await add(secret)
    expect([refused.code, refused.error]).toEqual([1, expect.stringContaining('none.txt cannot be read (ENOENT)')])
    // What needs no list does not ask for it.
    expect((await runCommand(own, ['user', 'list'])).code).toBe(0)
  })

  it('a list that goes away refuses every choice, and no login', async () => {
    const gone = write('gone.txt', hashes.join('\n'))
    const node = await startNode(server.database, { ...config(), breachedPasswordsFile: gone })
    writeFileSync(gone, 'no list any more\n'.repeat(1000))
    const post = async (path: string, body: object) =>
      (await fetch(node.url + path, { method: 'POST', headers: json, body: JSON.stringify(body) })).status
    expect(await post('/v1/client/register', { ...ann, account: 'bob@example.org' })).toBe(500)
    expect(node.log.join()).toContain('POST /v1/client/register failed')
    expect(await post('/v1/token', { account: ann.account, secret: 'an entirely new one', type: 100 })).toBe(201)
    await node.close()
  })
})
