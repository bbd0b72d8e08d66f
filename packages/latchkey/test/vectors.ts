/** Finds published test vectors. They are read where they lie and never copied into this repository. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'vitest'

/** `TEST_VECTORS` says where the vectors are; without it they are looked for beside the checkout. */
const given = process.env.TEST_VECTORS
const root = given || fileURLToPath(new URL('../../../../shared/vectors', import.meta.url))

export interface Vectors {
  /** The folder. */
  readonly path: string
  text(path: string): string
  // biome-ignore lint/suspicious/noExplicitAny: every file has its own shape, which its test asserts by using it
  json(path: string): any
}

/**
 * Describes tests over one folder of vectors. Where the folder is missing they are skipped, and the console says so; when
 * `TEST_VECTORS` is set, whatever is missing fails.
 */
export function describeVectors(title: string, folder: string, tests: (vectors: Vectors) => void): void {
  const path = join(root, folder)
  if (!given && !existsSync(path)) {
    console.warn(`SKIPPED ${title}: there is no ${path}, and TEST_VECTORS names no other folder`)
    describe.skip(title, () => it('needs the vectors', () => {}))
    return
  }
  const text = (name: string) => readFileSync(join(path, name), 'utf8')
  describe(title, () => tests({ path, text, json: (name) => JSON.parse(text(name)) }))
}

/** Says how many records ran, so that a missing file cannot look like a pass. */
export function reportRecords(file: string, ran: number, accepted: number): void {
  console.log(`${file}: ${ran} records ran, ${accepted} accepted`)
}
