import type { Server } from 'node:http'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type LatchkeyConfig, type ReadyConfig, readConfig } from '../config.js'
import { createHttpServer } from '../http/http-server.js'
import { CommandError, type CommandIo } from './command-io.js'
import { example } from './example.js'

interface ServeOptions {
  readonly port?: string
  readonly host?: string
}

const graceMs = 10_000

/** `latchkey serve` */
export function addServeCommand(program: Command, io: CommandIo): void {
  program
    .command('serve')
    .description('Serve the API over HTTP, until SIGTERM or SIGINT')
    .option('--port <port>', 'beats PORT and the configuration file; default 4000')
    .option('--host <host>', 'beats HOST and the configuration file; default 127.0.0.1')
    .option('--json', 'print one JSON object when it listens')
    .addHelpText('after', example('latchkey serve --port 4001'))
    .action((options: ServeOptions & { json?: boolean }) => serve(io, options))
}

async function serve(io: CommandIo, options: ServeOptions & { json?: boolean }): Promise<void> {
  const argument: LatchkeyConfig = {
    ...(options.port === undefined ? {} : { port: /^[0-9]+$/.test(options.port) ? Number(options.port) : Number.NaN }),
    ...(options.host === undefined ? {} : { host: options.host }),
  }
  const config = await readConfig({ argument, environment: io.environment, folder: io.folder })
  const { openLatchkey } = await import('../create-latchkey/open-latchkey.js')
  const latchkey = await openLatchkey(config, { overrideGlobalObjects: true, log: io.error })
  const { server, stop } = createHttpServer((request, response) => latchkey.node(request, response))
  try {
    await listen(server, config.port, config.host)
  } catch (error) {
    await latchkey.close()
    throw error
  }
  const url = `http://${urlHost(config.host)}:${config.port}`
  io.out(options.json ? JSON.stringify({ url, issuer: config.issuer }) : welcome(url, config))
  await untilAskedToStop()
  // The database last: what still runs needs it.
  await stop(graceMs)
  await latchkey.close()
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: Error & { code?: string }) => reject(asCommandError(error, port, host)))
    server.listen(port, host, resolve)
  })
}

function asCommandError(error: Error & { code?: string }, port: number, host: string): Error {
  if (error.code === 'EADDRINUSE') {
    return new CommandError(
      `Port ${port} on ${host} is taken. Stop what listens there, or give another: --port ${port + 1}`,
    )
  }
  if (error.code === 'EACCES') return new CommandError(`This user may not listen on port ${port}. Give one above 1023.`)
  return new CommandError(`Cannot listen on ${host}, port ${port} (${error.code ?? error.message}).`)
}

/** What is printed for people: loopback and "all addresses" are reached as localhost. */
function urlHost(host: string): string {
  if (['127.0.0.1', '::1', '0.0.0.0', '::'].includes(host)) return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

function welcome(url: string, { databaseUrl, dataFolder }: ReadyConfig): string {
  const json = '-H content-type:application/json'
  const login = '"account":"ann@example.org","secret":"a long passphrase","type":100'
  return [
    `Latchkey serves on ${url}, with its data in ${databaseUrl === undefined ? resolve(dataFolder) : 'PostgreSQL'}`,
    '',
    'The first admin, in another terminal:',
    '  npx @latchkey/server user add admin@example.org --role admin',
    '',
    'Register, log in, and use the token that the second line answers:',
    `  curl ${url}/v1/client/register ${json} -d '{${login},"nickname":"ann"}'`,
    `  curl ${url}/v1/token ${json} -d '{${login}}'`,
    `  curl ${url}/v1/user -u TOKEN:`,
  ].join('\n')
}

function untilAskedToStop(): Promise<void> {
  return new Promise((resolve) => {
    // A second signal ends the process at once, as signals do.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}
