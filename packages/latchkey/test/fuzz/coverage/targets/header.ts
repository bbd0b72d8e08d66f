/** Authorization lines: `readAuthorization`, and the decision of a guard. */
import { audience, clock, issuer, sid } from '../../../fixtures.js'
import { secretJwk } from '../../fixed-keys.js'
import { makeHeaderLines } from '../../header-lines.js'
import { readHeaderPlainly } from '../../read-header.js'
import { loadHttp, loadLatchkey, loadToken } from '../modules.js'
import { must, type TargetDefinition } from '../target.js'

/** Stands in inputs for a good token, which no change to an input may break. */
const mark = '\u00a7'
const lineEnd = '\u00b6'
const maxMarks = 8

/** Requests that lines come in; the length of an input picks one. */
const requests = [
  { url: '/', basic: true },
  { url: '/orders?x=1', basic: false },
  { url: '/?access_token=a', basic: true },
  { url: '/', basic: true, fetchSite: 'cross-site' },
  { url: '/%', basic: true, origin: 'https://other.example' },
] as const satisfies readonly { url: string; basic: boolean; fetchSite?: string; origin?: string }[]

export const header: TargetDefinition = {
  name: 'header',
  shortRuns: 10_000,
  async prepare(code) {
    const [{ createAuth }, { readAuthorization }, { createSigner }] = await Promise.all([
      loadLatchkey(code),
      loadHttp(code),
      loadToken(code),
    ])
    const auth = createAuth({ keys: secretJwk, issuer, audience, clock })
    const { issue } = createSigner({ key: secretJwk, issuer, audience, ttlSeconds: 7200, clock })
    const token = issue({ uid: '1', clientType: 100, scopes: ['order:*'], sid, gen: 0 })
    const basic = Buffer.from(`${token}:`).toString('base64')

    function run(input: string): void {
      // Each stands for a whole token: many would make a megabyte.
      if (input.split(mark).length > maxMarks) return
      const text = input.replaceAll(`B${mark}`, basic).replaceAll(mark, token)
      const lines = text === '' ? [] : text.split(lineEnd)
      const read = readAuthorization(lines)
      const plain = readHeaderPlainly(lines)
      const { kind, scheme, token: found } = { scheme: undefined, token: undefined, ...read }
      must(
        kind === plain.kind && scheme === plain.scheme && found === plain.token,
        `reads ${kind} where ${plain.kind} is right`,
      )
      const request = requests[input.length % requests.length] as (typeof requests)[number]
      const { url, basic: takesBasic, ...rest } = { fetchSite: undefined, origin: undefined, ...request }
      const need = { scopes: [], anyOf: [], optional: false, basic: takesBasic, maxAgeSeconds: Infinity }
      const others = { host: 'api.example', fetchMode: undefined, preflight: false, ...rest }
      const decision = auth.decide({ method: 'GET', url, authorization: lines, ...others }, need)
      const expected = statusFor(plain, request, token)
      must(decision.status === expected, `answers ${decision.status} where ${expected} is right`)
      if (decision.status === undefined) must(decision.user?.uid === '1', 'lets another user through')
      else checkAnswer(decision)
    }
    const seeds = [
      // As long as each of the requests asks for.
      ...requests.map((_, i) => `Basic ${' '.repeat(i)}B${mark}`),
      ...['', `Bearer ${mark}`, `bearer  ${mark}`, `BASIC B${mark}`, `Bearer ${mark}${lineEnd}Bearer ${mark}`],
      ...['Digest x', 'Digest x, Basic B', 'Basic eDp5', 'Basic', 'Bearer', 'Basic Og==', 'Basic //8=', 'Basic AAA='],
    ]
    const words = ['Bearer', 'Basic', 'bEaReR', ' ', ', ', ',', '=', '==', mark, `B${mark}`, lineEnd]
    const make = (random: Parameters<typeof makeHeaderLines>[0]) => makeHeaderLines(random, mark).join(lineEnd)
    return { seeds, words, maxLength: 2000, make, run }
  },
}

function statusFor(
  { kind, scheme, token }: ReturnType<typeof readHeaderPlainly>,
  request: { readonly url: string; readonly basic: boolean; readonly fetchSite?: string; readonly origin?: string },
  good: string,
): number | undefined {
  if (kind === 'several') return 400
  if (kind !== 'token' || (scheme === 'basic' && !request.basic)) return 401
  if (request.url.includes('access_token')) return 400
  if (scheme === 'basic' && (request.fetchSite ?? request.origin) !== undefined) return 403
  return token === good ? undefined : 401
}

function checkAnswer(answer: { status: number; headers: Record<string, string>; body: string }): void {
  const challenge = answer.headers['www-authenticate'] ?? ''
  if (answer.status === 401) must(challenge.startsWith('Bearer realm="latchkey"'), 'answers 401 without a challenge')
  must(!Object.values(answer.headers).some((value) => /[^\x20-\x7e]/.test(value)), 'writes what is not printable')
  const body = JSON.parse(answer.body)
  must(body.status === answer.status && typeof body.error_code === 'number', 'writes another status into the body')
}
