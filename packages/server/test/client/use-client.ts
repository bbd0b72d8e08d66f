/** A client of a server of its own for each test, logged in, whose storage the test sees. */
import { type Client, type ClientError, type ClientEvents, type ClientStorage, createClient } from 'latchkey/client'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { ann, secret, useServer } from '../server.js'
import { type Front, startFront } from './front.js'
import { setRole } from './set-role.js'

export const form = { account: ann.account, secret, type: 100 }
export const refreshPath = '/v1/token/refresh'

/** The error of what must fail. */
export const failureOf = (work: Promise<unknown>): Promise<ClientError> =>
  work.then(
    () => expect.fail('it went well'),
    (error) => error,
  )

export function useClient() {
  const state = {
    ...{ shiftMs: 0, uid: '' },
    kept: undefined as string | undefined,
    client: {} as Client,
    front: {} as Front,
    /** Of the client that was made last. */
    events: [] as [string, object][],
  }
  const clock = () => Date.now() + state.shiftMs
  const server = useServer({ audiences: ['orders'], clock })
  const storage: ClientStorage = {
    get: () => now.kept,
    set(text) {
      now.kept = text
    },
    async delete() {
      now.kept = undefined
    },
  }
  const stored = () => JSON.parse(state.kept as string)
  const newClient = (more: object = {}): Client => {
    const made = createClient({ server: state.front.url, storage, ...more })
    state.events = []
    for (const name of ['login', 'refresh', 'logout'] as const) {
      made.on(name, (event: ClientEvents[typeof name]) => state.events.push([name, event]))
    }
    return made
  }
  const now = Object.assign(state, {
    ...{ server, storage, stored, newClient },
    store(more: object) {
      state.kept = JSON.stringify({ ...stored(), ...more })
    },
    /** The server takes the token for expired, the client does not: only the answer tells it. */
    expire() {
      state.shiftMs += 3 * 3_600_000
    },
    me: (init?: RequestInit, of = state.client) => of.fetch(`${state.front.url}/v1/user`, init),
    setRole: (role: string) => setRole({ ...server.database.config, clock }, server.folder, state.uid, role),
  })
  beforeAll(async () => {
    now.front = await startFront(() => server.url)
    now.uid = (await server.post('/v1/client/register', ann)).json.uid
  })
  afterAll(() => now.front.close())
  beforeEach(async () => {
    now.front.reset()
    now.shiftMs = 0
    now.kept = undefined
    now.client = newClient()
    await now.client.login(form)
    now.events.length = 0
    now.front.reset()
  })
  return now
}
