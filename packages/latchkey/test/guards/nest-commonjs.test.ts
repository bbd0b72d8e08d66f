/** An application as people have it on Nest 11: decorators, compiled to CommonJS, in a process of its own. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { nest11Folder as folder } from './apps/nest-11.js'
import { problemOf } from './contract.js'
import { ask } from './raw-http.js'
import { bearer } from './tokens.js'

const source = `
import 'reflect-metadata'
import { Controller, Get, Module, UseGuards } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { createAuth, defineRoles, LatchkeyError, type User } from 'latchkey'
import { CurrentUser, guard, Public } from 'latchkey/nest'
import { createSigner, generateKey } from 'latchkey/token'

const issuer = 'https://id.example'
const key = generateKey('EdDSA')
const roles = defineRoles({ scopes: ['order:read', 'order:write'], roles: {} })
const auth = createAuth({ keys: key, issuer, roles })

@Controller()
class Orders {
  @UseGuards(guard(auth, 'order:read'))
  @Get('orders')
  list(@CurrentUser() user: User) {
    return { for: user.uid }
  }

  // @ts-expect-error: misspelt
  static readonly misspelt = () => guard(auth, 'order:raed')

  @Public()
  @Get('open')
  open() {
    return 'open'
  }

  @Get('missing')
  missing() {
    throw new LatchkeyError('not_found')
  }
}

@Module({ controllers: [Orders] })
class App {}

async function main() {
  const app = await NestFactory.create(App, { logger: false })
  app.useGlobalGuards(guard(auth))
  await app.listen(0, '127.0.0.1')
  const signer = createSigner({ key, issuer, audience: issuer, ttlSeconds: 60 })
  const token = (...scopes: string[]) =>
    signer.issue({ uid: '7', clientType: 100, scopes, sid: 'A'.repeat(22), gen: 0 })
  console.log(JSON.stringify({ url: await app.getUrl(), good: token('order:read'), scopeless: token() }))
}

main()
`

const compilerOptions = {
  ...{ module: 'nodenext', target: 'es2023', lib: ['es2023', 'dom'], types: [], strict: true, skipLibCheck: true },
  ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
}

it('Nest 11 in CommonJS, with decorators, compiles, requires `latchkey/nest` and is guarded', async () => {
  writeFileSync(join(folder, 'app.ts'), source)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }))
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
  const stdio = ['ignore', 'inherit', 'inherit'] as const
  execFileSync(process.execPath, [join(typescript, 'bin', 'tsc'), '-p', folder], { stdio: [...stdio] })
  expect(readFileSync(join(folder, 'app.js'), 'utf8')).toContain('require("latchkey/nest")')

  const application = spawn(process.execPath, ['app.js'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = await once(application.stdout, 'data')
    const { url, good, scopeless } = JSON.parse(line)
    const port = Number(new URL(url).port)
    const get = (path: string, ...headers: (readonly [string, string])[]) => ask(port, { path, headers })
    expect((await get('/orders', bearer(good))).body).toBe('{"for":"7"}')
    expect(problemOf(await get('/orders', bearer(scopeless)))).toMatchObject({ status: 403 })
    expect(problemOf(await get('/orders'))).toMatchObject({ status: 401, request: 'GET /orders' })
    expect((await get('/open')).body).toBe('open')
    expect((await get('/missing', bearer(scopeless))).status).toBe(404)
  } finally {
    application.kill()
  }
})
