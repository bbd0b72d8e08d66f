/** Where a token is shown: at the server where something happened, at another one, and in a service that follows that one. */
import { createAuth } from 'latchkey'
import { afterAll, beforeAll } from 'vitest'
import { type LatchkeyConfig, readConfig } from '../../src/config.js'
import { type OpenAccounts, openAccounts } from '../../src/create-latchkey/open-accounts.js'
import { type Answer, ask, type Fixture, type Node, startNode } from '../server.js'

const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }
const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }

export const placeNames = ['the same node', 'another node', 'a service'] as const
export type PlaceName = (typeof placeNames)[number]

export interface Places {
  /** The other server. */
  readonly second: Node
  /** What commands ask, in a process beside the servers. */
  readonly beside: OpenAccounts
  /** `good`, or the code of the refusal. */
  codeAt(place: PlaceName, token: string): Promise<string>
}

/** `good`, or the code of the problem. */
export const codeOf = ({ status, json }: Pick<Answer, 'status' | 'json'>): string => (status < 300 ? 'good' : json.code)

/** Starts the other places before the tests of a file, with the configuration of the first server, and ends them after. */
export function usePlaces(first: Fixture, config: LatchkeyConfig & { readonly issuer: string }): Places {
  const state = {} as { second: Node; beside: OpenAccounts; service: ReturnType<typeof createAuth> }
  beforeAll(async () => {
    state.second = await startNode(first.database, config)
    const { issuer, clock } = config
    state.service = createAuth({ server: state.second.url, issuer, ...(clock && { clock }) })
    await state.service.ready()
    const argument = { ...first.database.config, ...config }
    state.beside = await openAccounts(await readConfig({ argument, environment: {}, folder: first.folder }))
  })
  afterAll(async () => {
    await state.beside.store.close()
    await state.service.close()
    await state.second.close()
  })
  const atNode = async (url: string, token: string) => codeOf(await ask(url, 'GET', '/v1/user/sessions', { token }))
  const codes: Record<PlaceName, (token: string) => Promise<string>> = {
    'the same node': (token) => atNode(first.url, token),
    'another node': (token) => atNode(state.second.url, token),
    'a service': async (token) => {
      const request = { method: 'GET', url: '/', authorization: [`Bearer ${token}`], ...absent }
      const answer = state.service.decide(request, need)
      return answer.status === undefined ? 'good' : JSON.parse(answer.body).code
    },
  }
  return {
    get second() {
      return state.second
    },
    get beside() {
      return state.beside
    },
    codeAt: (place, token) => codes[place](token),
  }
}
