import cluster from 'node:cluster'
import type { Server } from 'node:http'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type LatchkeyConfig, type ReadyConfig, readConfig } from '../config.js'
import { createHttpServer } from '../http/http-server.js'
import type { Log } from '../log/log.js'
import { CommandError, type CommandIo, UsageError } from './command-io.js'
import { createDrain, drainMs } from './drain.js'
import { example } from './example.js'
import { untilAskedToStop } from './until-asked-to-stop.js'

export interface ServeOptions {
  readonly port?: string
  readonly host?: string
  readonly workers?: string
  readonly json?: boolean
}

/** How long requests may take to end. */
const graceMs = 10_000
/** What takes longer to end, the drain and its requests included, is stuck. */
export const stopMs = drainMs + graceMs + 2_000

/** `latchkey serve` */
export function addServeCommand(program: Command, io: CommandIo): void {
  program
    .command('serve')
    .description('Serve the API over HTTP, until SIGTERM or SIGINT. Its log are JSON lines on standard output')
    .option('--port <port>', 'beats PORT and the configuration file; default 4000')
    .option('--host <host>', 'beats HOST and the configuration file; default 127.0.0.1')
    .option('--workers <number>', 'processes that share the port, one for each core at most; default 1')
    .option('--json', 'print the log alone, and no lines for people')
    .addHelpText('after', example('latchkey serve --port 4001'))
    .action((options: ServeOptions) => serve(io, options))
}

async function serve(io: CommandIo, options: ServeOptions): Promise<void> {
  const workers = workersOf(options)
  const config = await readConfig({ argument: argumentOf(options), environment: io.environment, folder: io.folder })
  const { createJsonLog } = await import('../log/json-log.js')
  const log = createJsonLog(config.logLevel)
  const announce = () => {
    const url = `http://${urlHost(config.host)}:${config.port}`
    if (options.json) log.info('serving', { url, issuer: config.issuer })
    else io.out(welcome(url, config))
  }
  // The channel to its primary process would hold a worker open.
  if (cluster.isWorker) return serveOne(config, log, { isWorker: true }).finally(() => cluster.worker?.disconnect())
  if (workers === 1) return serveOne(config, log, { isWorker: false, announce })
  const { superviseWorkers } = await import('./supervise-workers.js')
  await superviseWorkers({ workers, metricsPort: config.metricsPort, stopMs, log, announce })
}

function workersOf({ workers = '1' }: ServeOptions): number {
  if (!/^[1-9][0-9]?$/.test(workers)) throw new UsageError('--workers must be a whole number from 1 to 99')
  return Number(workers)
}

function argumentOf({ port, host }: ServeOptions): LatchkeyConfig {
  return {
    ...(port === undefined ? {} : { port: /^[0-9]+$/.test(port) ? Number(port) : Number.NaN }),
    ...(host === undefined ? {} : { host }),
  }
}

async function serveOne(
  config: ReadyConfig,
  log: Log,
  { isWorker, announce }: { readonly isWorker: boolean; readonly announce?: () => void },
): Promise<void> {
  const { openLatchkey } = await import('../create-latchkey/open-latchkey.js')
  const drain = createDrain()
  const latchkey = await openLatchkey(config, {
    ...{ overrideGlobalObjects: true, observesRequests: true, isWorker, log },
    lifecycle: drain,
  })
  const { issuer } = config
  const http = createHttpServer((request, response) => latchkey.node(request, response), { issuer })
  try {
    await listen(http.server, config.port, config.host)
  } catch (error) {
    await latchkey.close()
    throw error
  }
  // Whoever reads that it serves may ask it to stop at once.
  const stop = untilAskedToStop()
  announce?.()
  const asked = await stop
  log.info('stopping', { asked })
  http.drain()
  await drain.begin()
  // The database last: what still runs needs it.
  await http.stop(graceMs)
  await latchkey.close()
  log.info('stopped')
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
