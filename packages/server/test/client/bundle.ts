/** The client as pages ship it. `rolldown` comes with vitest. */
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'

const entry = fileURLToPath(new URL('../../../latchkey/dist/client/index.js', import.meta.url))
let bundle: Promise<string> | undefined

/** The built client as one file, as an application would ship it. */
export function bundleClient(): Promise<string> {
  bundle ??= build({
    input: entry,
    platform: 'browser',
    write: false,
    output: { format: 'esm', minify: true },
  }).then(({ output }) => output[0].code)
  return bundle
}
