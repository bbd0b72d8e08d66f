/**
 * The contract's application on Nest 11, which is CommonJS, as is the folder it is installed in. `latchkey/nest` is required
 * there from a copy of this package, since its peer must be the Nest of that folder.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { HttpServer } from '@nestjs/common'
import type { FastifyInstance } from 'fastify'
import { installTool } from '../../install-tool.js'
import type { App } from '../routes.js'
import { fastifyOptions, leaveBodies } from './fastify.js'
import { type NestModules, startNestOf } from './nest.js'

const ownPackage = fileURLToPath(new URL('../../..', import.meta.url))

/** In it the packages of the project and `latchkey` are installed. Made at the import, where no test waits with a limit. */
export const nest11Folder = makeFolder()

/** It goes when the process does. */
function makeFolder(): string {
  const installed = join(installTool('nest-11'), 'node_modules')
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-nest-11-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const copy = join(folder, 'node_modules', 'latchkey')
  mkdirSync(copy, { recursive: true })
  for (const name of ['package.json', 'dist']) cpSync(join(ownPackage, name), join(copy, name), { recursive: true })
  for (const name of ['@nestjs', 'reflect-metadata', 'rxjs']) {
    symlinkSync(join(installed, name), join(folder, 'node_modules', name), 'junction')
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }')
  return folder
}

const requireIt: (name: string) => unknown = createRequire(join(nest11Folder, 'app.cjs'))

export function requireNest11(): NestModules {
  return {
    common: requireIt('@nestjs/common') as NestModules['common'],
    core: requireIt('@nestjs/core') as NestModules['core'],
    latchkey: requireIt('latchkey/nest') as NestModules['latchkey'],
  }
}

export function requireNest11OnFastify(): NestModules {
  const { FastifyAdapter } = requireIt('@nestjs/platform-fastify') as {
    FastifyAdapter: new (options: object) => HttpServer & { getInstance(): FastifyInstance }
  }
  const adapter = () => {
    const made = new FastifyAdapter(fastifyOptions())
    // Nest asks its guards when Fastify has parsed the body, if it can.
    leaveBodies(made.getInstance())
    return made
  }
  return { ...requireNest11(), adapter }
}

export const startNest11 = async (): Promise<App> => startNestOf(requireNest11())
export const startNest11OnFastify = async (): Promise<App> => startNestOf(requireNest11OnFastify())
