/** The lowest ratios of several processes: where V8 lays things moves a process by a tenth, and never below its best. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const mostProcesses = 8
export const expectedFile = new URL('expected.json', import.meta.url)
/** The ratios are those of one version of Node on one kind of machine. */
export const machine = `Node ${process.versions.node.split('.')[0]}, ${process.platform} ${process.arch}, ${cpus()[0]?.model.trim()}`

/** What was recorded for a machine like this; undefined where nothing was. */
export function readExpected() {
  return JSON.parse(readFileSync(expectedFile, 'utf8'))[machine]
}

/** One process after the other, until `isEnough` or there were eight. */
export async function lowestRatios(isEnough = () => false) {
  const lowest = {}
  for (let i = 0; i < mostProcesses; i++) {
    const { stdout } = await promisify(execFile)(process.execPath, [
      fileURLToPath(new URL('measure.mjs', import.meta.url)),
    ])
    for (const [name, ratio] of Object.entries(JSON.parse(stdout))) {
      lowest[name] = Math.min(lowest[name] ?? Number.POSITIVE_INFINITY, ratio)
    }
    if (isEnough(lowest)) break
  }
  return lowest
}
