/** latchkey/client in Chromium, on a page of another origin than the server's, which names it or does not. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { ann, postJson, secret, startNode, temporaryFolder } from '../server.js'
import { createTestDatabase } from '../store/test-store.js'
import { findChromium, startChromium } from './chromium.js'
import { startFront } from './front.js'

const executable = findChromium()
const folder = temporaryFolder()

describe.runIf(executable)('a page of another origin', () => {
  it('logs in and calls where its origin is named, and nowhere else', async () => {
    const database = await createTestDatabase(folder)
    const pages = await startFront(() => 'http://127.0.0.1')
    onTestFinished(pages.close)
    const config = { issuer: 'http://id.example' }
    const [open, closed] = [
      await startNode(database, { ...config, corsOrigins: [pages.url] }),
      await startNode(database, config),
    ]
    onTestFinished(open.close)
    onTestFinished(closed.close)
    await postJson(open.url, '/v1/client/register', ann)
    const browser = await startChromium(executable as string)
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    await page.goto(`${pages.url}/page`)
    const callAt = (server: string) =>
      page.evaluate(`(async () => {
        const { createClient } = await import('/client.js')
        const client = createClient({ server: '${server}' })
        try {
          await client.login(${JSON.stringify({ account: ann.account, secret, type: 100 })})
          return (await client.fetch('${server}/v1/user')).status
        } catch (error) {
          return error.kind
        }
      })()`)
    expect(await callAt(open.url)).toBe(200)
    expect(await callAt(closed.url)).toBe('unreachable')
  })
})
