/** nginx with a configuration of our own, from Debian's package `nginx`. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../query/test/postgres.js'
import { findProgram } from '../find-program.js'
import { startProcess, untilListens } from '../start-process.js'
import { readExample } from './examples.js'

export const findNginx = () => findProgram(['nginx', '/usr/sbin/nginx'], 'nginx')

export interface RunningProxy {
  readonly url: string
  stop(): Promise<void>
}

/**
 * examples/proxy.conf as it is, but for the port it listens on and the ports of the servers, of which there may be more. With
 * `caches` it keeps for all what the servers do not forbid, whoever asked, and says so in X-Cache.
 */
export async function startProxy(
  bin: string,
  servers: readonly number[],
  { caches = false }: { readonly caches?: boolean } = {},
): Promise<RunningProxy> {
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
    ...(caches ? cacheOf(folder) : []),
    `  include ${folder}/proxy.conf;`,
    '}',
  ]
  writeFileSync(join(folder, 'nginx.conf'), main.join('\n'))
  const words = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr']
  const nginx = startProcess(bin, words, { folder })
  await untilListens(nginx, port)
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      await nginx.end()
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

function cacheOf(folder: string): readonly string[] {
  return [
    `  proxy_cache_path ${folder}/cache keys_zone=shared:1m;`,
    '  proxy_cache shared;',
    '  proxy_cache_valid any 1h;',
    '  add_header X-Cache $upstream_cache_status always;',
  ]
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
