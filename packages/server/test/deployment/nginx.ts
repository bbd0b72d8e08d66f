/** nginx with a configuration of our own, from Debian's package `nginx`. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../query/test/postgres.js'
import { findProgram } from '../find-program.js'
import { readExample } from './examples.js'

export const findNginx = () => findProgram(['nginx', '/usr/sbin/nginx'], 'nginx')

export interface RunningProxy {
  readonly url: string
  stop(): Promise<void>
}

/** examples/proxy.conf as it is, but for the port it listens on and the ports of the servers, of which there may be more. */
export async function startProxy(bin: string, servers: readonly number[]): Promise<RunningProxy> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'nginx-test-'))
  // Its workers do not run as root.
  chmodSync(folder, 0o755)
  writeFileSync(join(folder, 'proxy.conf'), atPorts(readExample('proxy.conf'), port, servers))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const main = [
    'daemon off;',
    `pid ${folder}/nginx.pid;`,
    'events {}',
    'http {',
    '  access_log off;',
    ...temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`),
    `  include ${folder}/proxy.conf;`,
    '}',
  ]
  writeFileSync(join(folder, 'nginx.conf'), main.join('\n'))
  const words = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr']
  const child = spawn(bin, words, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await untilListens(port, () => said)
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

function atPorts(text: string, port: number, servers: readonly number[]): string {
  const changed = text
    .replace(
      /^(?: *server [\d.]+:\d+ fail_timeout=1s;\n)+/m,
      servers.map((one) => `  server 127.0.0.1:${one} fail_timeout=1s;\n`).join(''),
    )
    .replace(/^( *listen )\d+;$/m, `$1127.0.0.1:${port};`)
  if (
    !changed.includes(`listen 127.0.0.1:${port};`) ||
    !changed.includes(`server 127.0.0.1:${servers[0]} fail_timeout=1s;`)
  ) {
    throw new Error('proxy.conf does not listen on one port before its servers')
  }
  return changed
}

async function untilListens(port: number, said: () => string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(false))
    })
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`nginx does not listen: ${said()}`)
}
