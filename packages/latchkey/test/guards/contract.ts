/** Runs a part of the contract on every framework, and reads what the guards answer. */
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { type Framework, frameworks } from './frameworks.js'
import { type Answer, ask, type HeaderLine, type RawRequest, valuesOf } from './raw-http.js'
import type { App } from './routes.js'

export interface Client {
  readonly framework: Framework
  readonly port: number
  ask(request: RawRequest): Promise<Answer>
  /** Asks and expects a refusal. */
  refused(request: RawRequest): Promise<Refusal>
  /** Asks and expects the handler's answer. */
  passed(request: RawRequest): Promise<Shown>
  /** A GET of `/guarded` with these headers. */
  refusedWith(...headers: HeaderLine[]): Promise<Refusal>
  passedWith(...headers: HeaderLine[]): Promise<Shown>
}

/** Status, error_code, and each challenge line. */
export type Refusal = readonly [status: number, errorCode: number, ...challenges: string[]]

/** What `show` wrote. */
export interface Shown {
  readonly user: { readonly uid: string; readonly scopes: readonly string[] } | null
}

/** No user stands where the framework's people look, and `currentUser` throws. */
export const noUser = { user: null, currentUser: 'server_error' }

export function onEveryFramework(part: string, define: (client: Client) => void): void {
  for (const framework of frameworks) {
    const { name, start } = framework
    describe(`${part}, ${name}`, () => {
      let app: App
      beforeAll(async () => {
        app = await start()
      })
      afterAll(() => app.close())
      const refused = async (request: RawRequest) => refusalOf(await ask(app.port, request))
      const passed = async (request: RawRequest) => shownBy(await ask(app.port, request))
      define({
        framework,
        get port() {
          return app.port
        },
        ask: (request) => ask(app.port, request),
        refused,
        passed,
        refusedWith: (...headers) => refused({ headers }),
        passedWith: (...headers) => passed({ headers }),
      })
    })
  }
}

export const realm = 'Bearer realm="latchkey"'
const orBasic = ', Basic realm="latchkey", charset="UTF-8"'

export const noCredentials: Refusal = [401, 1002, realm + orBasic]
export const noCredentialsWithoutBasic: Refusal = [401, 1002, realm]
export const tokenInvalid: Refusal = [401, 1002, `${realm}, error="invalid_token"${orBasic}`]
export const tokenInvalidWithoutBasic: Refusal = [401, 1002, `${realm}, error="invalid_token"`]
export const tokenExpired: Refusal = [401, 1003, `${realm}, error="invalid_token"${orBasic}`]
export const twoCredentials: Refusal = [400, 1000, `${realm}, error="invalid_request"`]
export const crossSite: Refusal = [403, 1004]
export const scopeMissing = (scope: string): Refusal => [
  ...([403, 1004] as const),
  `${realm}, error="insufficient_scope", scope="${scope}"`,
]
export const loginTooOld = (maxAgeSeconds: number): Refusal => [
  ...([401, 1013] as const),
  `${realm}, error="insufficient_user_authentication", max_age=${maxAgeSeconds}${orBasic}`,
]

const members = ['type', 'title', 'status', 'detail', 'code', 'msg', 'error_code', 'request']

/** The members of a refusal, which must be those of DESIGN section 9 and no others. */
export function problemOf(answer: Answer): Record<string, unknown> {
  expect(valuesOf(answer, 'content-type')).toEqual(['application/problem+json'])
  expect(valuesOf(answer, 'cache-control')).toEqual(['no-store'])
  const problem = JSON.parse(answer.body)
  expect(Object.keys(problem)).toEqual(members)
  expect(problem.status).toBe(answer.status)
  return problem
}

function refusalOf(answer: Answer): Refusal {
  return [answer.status, problemOf(answer).error_code as number, ...valuesOf(answer, 'www-authenticate')]
}

function shownBy(answer: Answer): Shown {
  expect(`${answer.status} ${answer.body}`).toMatch(/^200 \{"user":/)
  return JSON.parse(answer.body)
}
