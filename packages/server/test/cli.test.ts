/** The command line, in this process and as a process of its own. */
import { execFile, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../query/test/postgres.js'
import { ann, ask, postJson, runCommand, secret, temporaryFolder, useServer } from './server.js'
import { bin, startProcess, until } from './start-process.js'

const server = useServer()
const latchkey = (words: string[], input?: string | Uint8Array) => runCommand(server.folder, words, input)

describe('user', () => {
  it('add makes a user whose password comes from standard input, and who can log in at the running server', async () => {
    const { code, out } = await latchkey(
      ['user', 'add', 'root@example.org', '--role', 'admin', '--secret-stdin'],
      `${secret}\n`,
    )
    expect([code, out]).toEqual([0, 'User 1 was made, with the role admin.'])
    const { json, status } = await server.post('/v1/token', { account: 'root@example.org', secret, type: 100 })
    expect([status, json.scope]).toEqual([201, '*:* *:*:any'])
    const other = await server.ask('GET', '/v1/user/1', { token: json.token })
    expect([other.status, other.json.nickname, other.json.role]).toEqual([200, 'root', 'admin'])
  })

  it('add --json prints one object, and takes a password as it is, but for one line end', async () => {
    const words = ['user', 'add', 'b@example.org', '--nickname', 'Bee', '--secret-stdin', '--json']
    const { code, out } = await latchkey(words, `  ${secret} \r\n`)
    expect([code, JSON.parse(out)]).toEqual([0, { uid: '2', role: 'user' }])
    const login = await server.post('/v1/token', { account: 'b@example.org', secret: `  ${secret} `, type: 100 })
    expect(login.status).toBe(201)
  })

  it.each([
    [['user', 'add', 'c@example.org'], '', 2, 'with --secret-stdin'],
    [['user', 'add', 'c@example.org', '--secret-stdin', '--role', 'boss'], secret, 2, 'user, admin'],
    [['user', 'add', 'c@example.org', '--secret-stdin'], 'short', 1, 'secret must be 8 to 128 characters long'],
    [['user', 'add', 'nobody', '--secret-stdin'], secret, 1, 'account must be'],
    [['user', 'add', 'root@example.org', '--secret-stdin'], secret, 1, 'the account exists'],
    [['user', 'add', 'c@example.org', '--secret-stdin'], 'x'.repeat(5000), 2, 'too long'],
    [['user', 'add'], '', 2, 'missing required argument'],
    [['user', 'disable', 'nobody@example.org'], '', 1, 'There is no such user'],
    [['user', 'enable', '99'], '', 1, 'There is no such user'],
    [['user', 'role', '1', 'boss'], '', 1, 'role must be one of user, admin'],
    [['user'], '', 2, 'Usage: latchkey user'],
    [['user', 'frob'], '', 2, 'unknown command'],
    [['user', 'list', '--frob'], '', 2, 'unknown option'],
    [['token', 'issue', 'nobody@example.org'], '', 1, 'There is no such user'],
    [['token', 'issue', '1', '--scope', 'no scope!'], '', 1, 'scope must be'],
    [['frob'], '', 2, 'unknown command'],
    [[], '', 2, 'Usage: latchkey'],
  ])('%j with the input %j ends with %d and says why', async (words, input, code, text) => {
    const result = await latchkey(words, input)
    expect([result.code, result.out]).toEqual([code, ''])
    expect(result.error).toContain(text)
    if (input) expect(result.error).not.toContain(input)
  })

  it('prints an error as one JSON object when JSON was asked for', async () => {
    const { error } = await latchkey(['user', 'role', 'nobody@example.org', 'admin', '--json'])
    expect(JSON.parse(error)).toEqual({ error: 'failed', message: 'There is no such user' })
  })

  it('list prints every user, in the order of uids, with --json an object a line', async () => {
    const { out } = await latchkey(['user', 'list'])
    expect(out.split('\n')[0]).toBe('1\troot@example.org\tadmin\tlive\troot')
    const lines = (await latchkey(['user', 'list', '--json'])).out.split('\n').map((line) => JSON.parse(line))
    expect(lines.map(({ uid, account, nickname }) => [uid, account, nickname])).toEqual([
      ['1', 'root@example.org', 'root'],
      ['2', 'b@example.org', 'Bee'],
    ])
  })

  it('disable, enable and role work by account and by uid, beside the running server', async () => {
    await server.post('/v1/client/register', ann)
    const login = () => server.post('/v1/token', { account: ann.account, secret, type: 100 })
    expect(await latchkey(['user', 'disable', 'ANN@example.org'])).toMatchObject({
      code: 0,
      out: 'User 3 was changed.',
    })
    expect((await login()).status).toBe(401)
    expect((await latchkey(['user', 'list'])).out).toContain('disabled')
    expect(await latchkey(['token', 'issue', '3'])).toMatchObject({ code: 1, error: 'latchkey: the user is disabled' })
    const enabled = await latchkey(['user', 'enable', '3', '--json'])
    expect(JSON.parse(enabled.out)).toEqual({ uid: '3', disabled: false })
    const { out } = await latchkey(['user', 'role', '3', 'admin', '--json'])
    expect(JSON.parse(out)).toEqual({ uid: '3', role: 'admin' })
    expect((await login()).json.scope).toBe('*:* *:*:any')
  })
})

it('user list goes on past the first page', async () => {
  const many = temporary
  await runCommand(many, ['user', 'add', 'first@example.org', '--secret-stdin'], secret)
  const database = new Database(join(many, 'data', 'latchkey.db'))
  const insert = database.prepare("insert into users (nickname, role, created_at) values ('x', 'user', 0)")
  for (let i = 0; i < 204; i++) insert.run()
  database.close()
  const { out } = await runCommand(many, ['user', 'list'])
  expect(out.split('\n').map((line) => line.split('\t')[0])).toEqual(
    Array.from({ length: 205 }, (_, i) => String(i + 1)),
  )
})
const temporary = temporaryFolder()

it.each([
  ['user', 'list'],
  ['user', 'role', 'ann@example.org', 'admin'],
  ['token', 'issue', 'ann@example.org'],
])('%s %s makes no database where there is none, and says how to have one', async (...words) => {
  const { code, error } = await runCommand(empty, words)
  expect([code, error]).toEqual([1, expect.stringContaining(`There is no database in ${join(empty, 'data')}`)])
  expect(readdirSync(empty)).toEqual([])
})
const empty = temporaryFolder()

it('what the command line itself refuses is one JSON object, too, when JSON was asked for', async () => {
  const { code, error } = await latchkey(['user', 'list', '--jsn', '--json'])
  expect([code, JSON.parse(error)]).toEqual([2, { error: 'usage', message: expect.stringContaining('--jsn') }])
})

it('a password on standard input that is no UTF-8 is refused, and makes nobody', async () => {
  const bytes = Buffer.from('p\xe4ssword lang', 'latin1')
  const { code, error } = await latchkey(['user', 'add', 'latin@example.org', '--secret-stdin'], bytes)
  expect([code, error]).toEqual([2, expect.stringContaining('UTF-8')])
})

describe('token issue', () => {
  it('prints a token that the running server takes', async () => {
    const { code, out } = await latchkey(['token', 'issue', ann.account])
    expect(code).toBe(0)
    expect((await server.ask('GET', '/v1/user', { token: out })).json.account).toBe(ann.account)
  })

  it('cuts the scope, and prints what a login answers with --json', async () => {
    const { out } = await latchkey(['token', 'issue', '1', '--scope', 'user:read', '--json'])
    expect(JSON.parse(out)).toEqual({
      token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 7200,
      refresh_token: expect.stringMatching(/^lkr_/),
      refresh_expires_in: 2_592_000,
      scope: 'user:read',
      uid: '1',
    })
  })
})

it('help, with an example for each command, and the version end with 0', async () => {
  for (const words of [
    ['serve'],
    ['user', 'add'],
    ['user', 'list'],
    ['user', 'disable'],
    ['user', 'enable'],
    ['user', 'role'],
    ['token', 'issue'],
    [],
  ]) {
    const { code, out } = await latchkey([...words, '--help'])
    expect([words, code]).toEqual([words, 0])
    expect(out).toContain(`Example:\n  $ `)
  }
  expect(await latchkey(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+$/) })
})

describe('serve', () => {
  const folder = temporaryFolder()

  function start(words: string[], environment: Record<string, string> = {}, own = folder) {
    const server = startProcess(process.execPath, [bin, 'serve', ...words], { folder: own, environment })
    onTestFinished(() => void server.end('SIGKILL'))
    const printed = (text: string) => until(server, () => server.output.out.includes(text) || undefined, text)
    return { ...server, printed }
  }

  it('prints where it serves, the first admin, and three lines to copy that work', async () => {
    const port = await freePort()
    const { child, output, ended, printed } = start(['--port', String(port)])
    await printed('/v1/user -u TOKEN:')
    const lines = output.out.trimEnd().split('\n')
    expect(lines[0]).toBe(`Latchkey serves on http://localhost:${port}, with its data in ${realpathSync(folder)}/data`)
    expect(output.out).toContain('npx @latchkey/server user add admin@example.org --role admin')
    const curls = lines
      .filter((line) => line.startsWith('  curl '))
      .map((line) => line.replace('localhost', '127.0.0.1'))
    expect(curls).toHaveLength(3)
    const shell = async (line: string) => JSON.parse((await promisify(execFile)('sh', ['-c', `${line} -sS`])).stdout)
    expect(await shell(curls[0] as string)).toMatchObject({ uid: '1', msg: 'ok' })
    const { token } = await shell(curls[1] as string)
    expect(await shell((curls[2] as string).replace('TOKEN', token))).toMatchObject({ uid: '1', nickname: 'ann' })
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())
    expect(claims.iss).toBe(`http://localhost:${port}`)
    // Issued beside it, where nothing says on which port it serves.
    const issued = await runCommand(folder, ['token', 'issue', ann.account])
    expect((await ask(`http://127.0.0.1:${port}`, 'GET', '/v1/user', { token: issued.out })).status).toBe(200)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(output.error).toBe('')
  })

  it('shares its data with commands that run beside it, each a process of its own', async () => {
    const port = await freePort()
    const { printed } = start(['--port', String(port)])
    await printed('TOKEN:')
    const command = async (words: string[], input = '') => {
      const child = spawn(process.execPath, [bin, ...words], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] })
      let out = ''
      child.stdout.on('data', (chunk) => {
        out += chunk
      })
      child.stdin.end(input)
      const code = await new Promise((resolve) => child.on('exit', resolve))
      return { code, out }
    }
    const added = await command(
      ['user', 'add', 'beside@example.org', '--role', 'admin', '--secret-stdin'],
      `${secret}\n`,
    )
    expect(added).toEqual({ code: 0, out: expect.stringMatching(/^User \d+ was made, with the role admin\.\n$/) })
    const url = `http://127.0.0.1:${port}`
    const login = await postJson(url, '/v1/token', { account: 'beside@example.org', secret, type: 100 })
    expect([login.status, login.json.scope]).toEqual([201, '*:* *:*:any'])
    expect((await command(['user', 'frob'])).code).toBe(2)
    expect((await command(['user', 'disable', 'nobody@example.org'])).code).toBe(1)
  })

  it('refuses as the same server does inside an application', async () => {
    const port = await freePort()
    const { output, printed } = start(['--port', String(port)])
    await printed('TOKEN:')
    const url = `http://127.0.0.1:${port}`
    const long = { 'content-type': 'application/json' }
    const answers = [
      await ask(url, 'GET', '/nowhere'),
      await ask(url, 'PUT', '/v1/user'),
      await ask(url, 'GET', '/v1/user'),
      await ask(url, 'POST', '/v1/token', { body: '{}' }),
      await ask(url, 'POST', '/v1/token', { headers: long, body: '[]' }),
      await ask(url, 'POST', '/v1/token', { headers: long, body: 'x'.repeat(70_000) }),
      await ask(url, 'GET', '/v1/user', { headers: { host: 'a b' } }),
      await ask(url, 'GET', '/v1/user', { headers: { 'x-long': 'x'.repeat(20_000) } }),
    ]
    expect(answers.map(({ status, json }) => [status, json.status, json.code])).toEqual([
      [404, 404, 'http_error'],
      [405, 405, 'http_error'],
      [401, 401, 'token_invalid'],
      [415, 415, 'http_error'],
      [400, 400, 'parameter_invalid'],
      [413, 413, 'http_error'],
      [400, 400, 'http_error'],
      [431, 431, 'http_error'],
    ])
    for (const { headers } of answers) expect(headers.get('content-type')).toBe('application/problem+json')
    expect(output.error).toBe('')
  })

  it('lives 30 days in development, and finds its keys and users again', async () => {
    const port = await freePort()
    const { child, ended, printed } = start(['--json'], { NODE_ENV: 'development', PORT: String(port) })
    await printed('"url"')
    const { json } = await postJson(`http://127.0.0.1:${port}`, '/v1/token', {
      account: ann.account,
      secret,
      type: 100,
    })
    expect(json.expires_in).toBe(2_592_000)
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })

  it('says that the port is taken, and ends with 1', async () => {
    const blocker = createServer()
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve))
    const { port } = blocker.address() as AddressInfo
    const { ended, output } = start(['--port', String(port)])
    expect(await ended).toBe(1)
    expect(output.error).toBe(
      `latchkey: Port ${port} on 127.0.0.1 is taken. Stop what listens there, or give another: --port ${port + 1}\n`,
    )
    blocker.close()
  })

  it.each([
    [['--port', '70000'], {}, 'port (argument) must be a whole number from 1 to 65535'],
    [['--port', 'x'], {}, 'port (argument) must be a whole number from 1 to 65535'],
    [[], { LATCHKEY_ISUER: 'x' }, 'LATCHKEY_ISUER (environment) is not a setting'],
    [[], { DATABASE_URL: 'mysql://h/d' }, 'DATABASE_URL (environment) must be a postgres:// or postgresql:// URL'],
    [[], { DATABASE_URL: 'postgres://h/d' }, 'issuer (LATCHKEY_ISSUER) must be given with databaseUrl'],
    [[], { LATCHKEY_DATA: '/dev/null/x' }, 'The data folder /dev/null/x cannot be used'],
  ])('%j with %j ends with 1 and says why, without a stack', async (words, environment, text) => {
    const { ended, output } = start(words, environment as Record<string, string>)
    expect(await ended).toBe(1)
    expect(output.error).toContain(text)
    expect(output.error).not.toContain('    at ')
  })

  it('takes a JavaScript file of settings', async () => {
    const own = join(folder, 'configured')
    mkdirSync(own)
    const port = await freePort()
    writeFileSync(join(own, 'package.json'), '{"type":"module"}')
    writeFileSync(join(own, 'latchkey.config.js'), `export default { port: ${port}, registration: false }`)
    await start(['--json'], {}, own).printed('"url"')
    expect((await postJson(`http://127.0.0.1:${port}`, '/v1/client/register', ann)).status).toBe(404)
  })
})

const embedding = temporaryFolder()
it('an application that embeds it ends by itself once its server is closed', async () => {
  const program = `
    import { createServer } from 'node:http'
    import { createLatchkey } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
    const latchkey = await createLatchkey()
    const server = createServer(latchkey.node).listen(0, '127.0.0.1', async () => {
      const response = await fetch('http://127.0.0.1:' + server.address().port + '/healthz')
      console.log(response.status)
      server.close()
      server.closeAllConnections()
    })`
  writeFileSync(join(embedding, 'program.mjs'), program)
  const { stdout } = await promisify(execFile)(process.execPath, ['program.mjs'], { cwd: embedding, timeout: 10_000 })
  expect(stdout).toBe('200\n')
})
