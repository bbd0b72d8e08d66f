import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type ServeOptions, startServe, untilServes } from '../start-process.js'

/** Starts servers, each in a new folder below `root` unless it is told another; they end with their test at the latest. */
export function startsIn(root: string) {
  let count = 0
  function newFolder(): string {
    const folder = join(root, String(++count))
    mkdirSync(folder)
    return folder
  }
  async function start(options: Partial<ServeOptions> = {}) {
    const server = await startServe({ folder: newFolder(), ...options })
    onTestFinished(() => void server.end('SIGKILL'))
    return server
  }
  return { newFolder, start, serve: async (options?: Partial<ServeOptions>) => untilServes(await start(options)) }
}
