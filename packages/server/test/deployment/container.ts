/** The image of examples/Containerfile, built from this checkout, and containers of it. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { ask } from '../server.js'
import type { ContainerEngine } from './container-engine.js'
import { examples, repository } from './examples.js'

export interface Image {
  readonly tag: string
  /** Starts a container with this volume as its data, and resolves once it is ready. */
  start(volume: string): Promise<Container>
  remove(): Promise<void>
}

export interface Container {
  readonly url: string
  /** Runs a command in it and answers what that printed. */
  run(...words: string[]): Promise<string>
  /** Asks it to end, removes it, and answers its exit code. */
  end(): Promise<number>
}

const readyMs = 60_000

/** As its opening comment says: with the packages of this checkout beside it in the folder that it is built from. */
export async function buildImage(engine: ContainerEngine, folder: string): Promise<Image> {
  // Without scripts: `prepack` would build anew what others are using.
  const packages = ['latchkey', '@latchkey/query', '@latchkey/server'].flatMap((name) => ['--workspace', name])
  execFileSync('npm', ['pack', '--ignore-scripts', '--offline', '--pack-destination', folder, ...packages], {
    cwd: repository,
    stdio: 'ignore',
  })
  copyFileSync(join(examples, 'Containerfile'), join(folder, 'Containerfile'))
  const tag = `latchkey-test-${randomBytes(4).toString('hex')}`
  const format = engine.name === 'podman' ? ['--format', 'docker'] : []
  await engine.run('build', ...format, '--tag', tag, '--file', join(folder, 'Containerfile'), folder)
  return {
    tag,
    start: (volume) => start(engine, tag, volume),
    async remove() {
      await engine.run('rmi', '--force', tag)
    },
  }
}

async function start(engine: ContainerEngine, tag: string, volume: string): Promise<Container> {
  const id = await engine.run('run', '--detach', '--publish', '127.0.0.1::4000', '--volume', `${volume}:/data`, tag)
  const address = (await engine.run('port', id, '4000/tcp')).split('\n')[0]
  const url = `http://${address}`
  const began = performance.now()
  while (!(await isReady(url))) {
    if (performance.now() - began > readyMs) throw new Error(`not ready: ${await engine.run('logs', id)}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return {
    url,
    run: (...words) => engine.run('exec', id, ...words),
    async end() {
      await engine.run('stop', '--time', '20', id)
      const code = Number(await engine.run('inspect', '--format', '{{.State.ExitCode}}', id))
      await engine.run('rm', id)
      return code
    },
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await ask(url, 'GET', '/readyz')).status === 200
  } catch {
    // Not even listening yet.
    return false
  }
}

/** A name that no other run of the tests has. */
export const volumeName = () => `latchkey-test-${process.pid}-${randomBytes(4).toString('hex')}`
