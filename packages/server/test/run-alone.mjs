/** What the long runs share: test files run by Vitest, one after the other, so that they do not time each other. */
import { fileURLToPath } from 'node:url'
import { startVitest } from 'vitest/node'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Runs files of packages/server/test on both stores, or on that of the name; the packages must be built (npm run build). */
export async function runAlone(files, project) {
  const paths = files.map((file) => `packages/server/test/${file}`)
  const vitest = await startVitest('test', paths, { root, watch: false, maxWorkers: 1, ...(project && { project }) })
  await vitest.close()
}
