/** A service that trusts another issuer: a real guard on a real socket, and its decision without one. */
import { createServer } from 'node:http'
import type { Auth } from 'latchkey'
import { currentUser, guard } from 'latchkey/node'
import { listen } from '../guards/apps/listen.js'
import { need } from '../threats.js'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly json: Record<string, unknown>
}

export async function startService(auth: Auth) {
  const routes = {
    '/': guard(auth),
    '/orders': guard(auth, 'order:read'),
    '/recent': guard(auth, { maxAgeSeconds: 60 }),
  }
  const server = createServer((request, response) => {
    if (routes[request.url as keyof typeof routes](request, response)) {
      response.end(JSON.stringify(currentUser(request)))
    }
  })
  const { port, close } = await listen(server)
  async function get(token: string, path: keyof typeof routes = '/'): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}` }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
    return { status: response.status, headers: response.headers, json: (await response.json()) as Answer['json'] }
  }
  return { get, close }
}

/** What a guard answers to this token: "user", or status and code, and the detail. */
export function verdictOf(auth: Auth, token: string, more: Partial<typeof need> = {}): string {
  const absent = { host: 'api.example', origin: undefined, fetchSite: undefined, fetchMode: undefined }
  const request = { method: 'GET', url: '/', authorization: [`Bearer ${token}`], preflight: false, ...absent }
  const decision = auth.decide(request, { ...need, ...more })
  if (decision.status === undefined) return 'user'
  const { code, detail } = JSON.parse(decision.body)
  return `${decision.status} ${code}: ${detail}`
}
