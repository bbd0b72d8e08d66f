import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { bundleClient } from './bundle.js'

it('latchkey/client, bundled, minified and gzipped, is smaller than 4 KiB and needs no module', async () => {
  const code = await bundleClient()
  const { length } = gzipSync(code, { level: 9 })
  console.log(`latchkey/client: ${code.length} bytes minified, ${length} gzipped`)
  expect(length).toBeLessThan(4096)
  expect(code).not.toMatch(/\bimport\b|\brequire\(|node:/)
})
