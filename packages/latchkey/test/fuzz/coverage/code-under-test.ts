/** A copy of what was built, with counters in it and, on demand, a fault. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { instrument, maxCounters } from './instrument.js'

/** A fault to plant: `from` must stand in the built `file` exactly once. */
export interface Fault {
  /** From `packages` on, such as `latchkey/dist/encoding/base64url.js`. */
  readonly file: string
  readonly from: string
  readonly to: string
}

export interface CodeUnderTest {
  /** One for each branch: how often it was taken since they were last cleared. */
  readonly counters: Uint8Array
  /** How many of them are in use. */
  readonly branches: number
  readonly words: readonly string[]
  /** Loads a built module of the copy: a path from `packages` on. */
  load<Module>(path: string): Promise<Module>
  remove(): void
}

const packages = fileURLToPath(new URL('../../../../', import.meta.url))
/** The parsers, and nothing that needs a package of somebody else. */
const folders = ['latchkey/dist', 'server/dist/sessions', 'server/dist/api-keys']

let copies = 0

/** Copies what `npm run build` made into a folder of its own. */
export function copyCode(fault?: Fault): CodeUnderTest {
  const copy = mkdtempSync(join(tmpdir(), 'latchkey-fuzz-'))
  const counters = new Uint8Array(maxCounters)
  const counterName = `__latchkeyFuzzCounters${copies++}`
  ;(globalThis as Record<string, unknown>)[counterName] = counters
  const words = new Set<string>()
  let branches = 0
  writeFileSync(join(copy, 'package.json'), '{"type":"module"}')
  for (const folder of folders) {
    const isCode = (path: string) => !/\.(?:d\.ts|test\.js|tsbuildinfo)$/.test(path)
    cpSync(join(packages, folder), join(copy, folder), { recursive: true, filter: isCode })
    for (const name of readdirSync(join(copy, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.js')) continue
      const path = join(copy, folder, name)
      const planted = plant(readFileSync(path, 'utf8'), `${folder}/${name}`, fault)
      const made = instrument(planted, path, { name: counterName, first: branches })
      branches += made.counters
      for (const word of made.words) words.add(word)
      writeFileSync(path, made.code)
    }
  }
  if (branches > maxCounters) throw new RangeError(`There must be at least ${branches} counters`)
  return {
    ...{ counters, branches, words: [...words] },
    load: (path) => import(/* @vite-ignore */ pathToFileURL(join(copy, path)).href),
    remove() {
      rmSync(copy, { recursive: true, force: true })
      delete (globalThis as Record<string, unknown>)[counterName]
    },
  }
}

function plant(code: string, file: string, fault: Fault | undefined): string {
  if (file !== fault?.file) return code
  if (code.split(fault.from).length !== 2) throw new Error(`${file} must hold ${fault.from} once`)
  return code.replace(fault.from, () => fault.to)
}
