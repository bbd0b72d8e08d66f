/** A shared cache in front of a server, which can be made to answer with pages of the feed that it should have forgotten. */
import { createServer, request, type ServerResponse } from 'node:http'
import { closeServer, listen } from '../../server.js'

export interface ReplayingProxy {
  readonly url: string
  /**
   * From now on old pages: one and the same, or at each request any of the last seconds, or now and then the true one; each with
   * an Age header, none, or some.
   */
  replay(what: { readonly pages: 'one' | 'any' | 'some'; readonly ages: 'all' | 'none' | 'some' }): void
  /** From now on what the server answers; only what says `public` is kept (RFC 9111). */
  obey(): void
  close(): Promise<void>
}

interface Kept {
  readonly text: string
  readonly type: string
  readonly atMs: number
}

const longestMs = 15_000

export async function startReplayingProxy(target: string): Promise<ReplayingProxy> {
  const kept = new Map<string, Kept>()
  let pages: Kept[] = []
  let choose: (() => Kept | undefined) | undefined
  let ages: 'all' | 'none' | 'some' = 'all'

  const server = createServer((incoming, outgoing) => {
    const path = incoming.url as string
    const known = path.startsWith('/v1/revocations') ? choose?.() : undefined
    if (known) return answer(outgoing, known, ages === 'all' || (ages === 'some' && Math.random() < 0.5))
    const cached = kept.get(path)
    if (cached) return answer(outgoing, cached, true)
    const { hostname, port } = new URL(target)
    const sent = request({ hostname, port, path, agent: false }, async (response) => {
      let text = ''
      for await (const chunk of response.setEncoding('utf8')) text += chunk
      const type = String(response.headers['content-type'])
      const page = { text, type, atMs: performance.now() }
      const isGood = response.statusCode === 200
      if (isGood && /public/.test(String(response.headers['cache-control']))) kept.set(path, page)
      if (isGood && path.startsWith('/v1/revocations') && text.includes('"more":false')) pages.push(page)
      pages = pages.filter(({ atMs }) => atMs > performance.now() - longestMs)
      outgoing.writeHead(response.statusCode as number, { 'content-type': type }).end(text)
    })
    sent.on('error', () => incoming.socket.destroy())
    sent.end()
  })
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}`,
    replay(what) {
      const all = [...pages]
      const any = () => all[Math.floor(Math.random() * all.length)]
      const one = any()
      ages = what.ages
      choose = () => {
        if (what.pages === 'one') return one
        return what.pages === 'any' || Math.random() < 0.5 ? any() : undefined
      }
    },
    obey() {
      choose = undefined
    },
    close: () => closeServer(server),
  }
}

function answer(outgoing: ServerResponse, { text, type, atMs }: Kept, withAge: boolean): void {
  const age = withAge ? { age: String(Math.floor((performance.now() - atMs) / 1000)) } : {}
  outgoing.writeHead(200, { 'content-type': type, ...age }).end(text)
}
