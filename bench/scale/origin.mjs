/** The server's own API over a store that is simulated: its routes, its pages, its headers, its limits. */

import { createCallerOf } from '../../packages/server/dist/http/caller.js'
import { createApi } from '../../packages/server/dist/http/create-api.js'
import { createLimits } from '../../packages/server/dist/limits/limits.js'
import { createParty } from './virtual-time.mjs'

/** An edge adds the guard's address, and the shield the edge's. */
const trustedProxies = 2
const silent = { info() {}, warn() {}, error() {} }
const unused = new Proxy({}, { get: () => () => Promise.reject(new Error('is not simulated')) })

export async function createOrigins(time, { count, issuer, store, publicJwk }) {
  const origins = []
  for (let number = 0; number < count; number++) {
    const party = createParty('origin', { bootedMs: 1_000_000 * (number + 1) })
    // A module of its own each, as each process has a name of its own in the pages.
    const { createFeedPages } = await import(`../../packages/server/dist/revocations/read-page.js?process=${number}`)
    // Those of pages alone are asked.
    const counting = { store: { now: () => Date.now() / 1000 }, settings: {}, isShared: false, log: silent }
    const limits = createLimits(counting)
    const api = time.as(party, () =>
      createApi({
        ...{
          store,
          issuer,
          corsOrigins: [],
          registration: false,
          feedAccess: 'public',
          log: silent,
          observer: undefined,
        },
        ...{ accounts: unused, login: unused, refresh: unused, revoke: unused, introspect: unused, apiKeys: unused },
        ...{
          sessions: unused,
          changeSecret: unused,
          verifier: unused,
          audit: { refusals: { write() {} } },
          readiness: unused,
          roles: { scopes: [] },
        },
        auth: { scopes: [], decide: () => ({ status: 401, headers: {}, body: '' }) },
        signingKeys: { publicJwks: () => ({ keys: [publicJwk], keys_version: 1 }) },
        ...{ feedPages: createFeedPages(store), limits, callerOf: createCallerOf(trustedProxies) },
      }),
    )
    origins.push({ party, answer: (path, forwardedFor) => answer(time, api, issuer + path, forwardedFor) })
  }
  return origins
}

async function answer(time, api, url, forwardedFor) {
  const headers = { accept: 'application/json', 'x-forwarded-for': forwardedFor }
  const response = await api.fetch(new Request(url, { headers }), {})
  const body = new Uint8Array(await time.settled(response.arrayBuffer()))
  return { status: response.status, headers: Object.fromEntries(response.headers), body }
}
