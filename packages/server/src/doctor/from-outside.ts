/** What a client sees of the running server: `latchkey doctor --url URL`. A handful of GET requests, none with a credential. */

import { isLoopback } from '../config/loopback.js'
import { type Finding, fault, ok, warning } from './finding.js'

const waitMs = 5_000
/** A year, as ASVS V3.4.1 has it. */
const leastAgeSeconds = 31_536_000

/** `url` is an http or https URL, under which the API lies. */
export async function checkFromOutside(url: string): Promise<readonly Finding[]> {
  const base = url.endsWith('/') ? url.slice(0, -1) : url
  const ready = await ask(`${base}/readyz`)
  if (typeof ready === 'string') {
    return [fault('outside', `${base} cannot be reached (${ready}).`, 'Start the server, or mend the way to it.')]
  }
  return [await judgeReadiness(ready), ...(await checkTransport(base, ready))]
}

async function judgeReadiness(answer: Response): Promise<Finding> {
  if (answer.status === 200)
    return ok('readiness', 'The server is ready: it read the feed of revocations within the last second.')
  const { reasons = [] } = (await jsonOf(answer)) as { readonly reasons?: readonly string[] }
  const why =
    answer.status === 503 ? `for ${reasons.join(', ') || 'no reason that it names'}` : `and answers ${answer.status}`
  return fault('readiness', `The server is not ready, ${why}.`, 'docs/running.md has what each reason means.')
}

async function checkTransport(base: string, answer: Response): Promise<readonly Finding[]> {
  const { protocol, hostname, port } = new URL(base)
  if (protocol === 'https:') {
    const plain = port === '' ? [await checkPlainHttp(`http://${hostname}/readyz`)] : []
    return [checkHsts(answer.headers.get('strict-transport-security')), ...plain]
  }
  if (isLoopback(hostname)) return [ok('TLS', 'The URL is of this machine alone.')]
  const advice = 'Put a proxy that speaks TLS in front, and let clients use its https URL.'
  return [fault('TLS', 'Clients send passwords and tokens in the clear.', advice)]
}

export function checkHsts(header: string | null): Finding {
  const seconds = Number(/max-age="?([0-9]{1,12})/i.exec(header ?? '')?.[1] ?? 0)
  if (seconds >= leastAgeSeconds) return ok('HSTS', `Browsers stay on https for ${seconds} seconds.`)
  const found =
    header === null ? 'There is no Strict-Transport-Security.' : `Strict-Transport-Security lasts ${seconds} seconds.`
  return warning('HSTS', found, `Let the proxy add: Strict-Transport-Security: max-age=${leastAgeSeconds}`)
}

/** Asks for the same without TLS: nothing may be served there but the way to https. */
export async function checkPlainHttp(url: string): Promise<Finding> {
  const answer = await ask(url)
  if (typeof answer === 'string') return ok('plain http', 'Nothing is served without TLS.')
  const location = answer.headers.get('location') ?? ''
  if (answer.status >= 300 && answer.status < 400 && location.startsWith('https:')) {
    return ok('plain http', 'What comes without TLS is sent to https.')
  }
  if (answer.status === 421 || answer.status === 426) return ok('plain http', 'What comes without TLS is refused.')
  const found = `The same URL without TLS answers ${answer.status}.`
  return fault('plain http', found, 'Let the proxy answer 308 to the https URL there, or close the port.')
}

/** The answer, or why there is none. */
async function ask(url: string): Promise<Response | string> {
  try {
    return await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(waitMs) })
  } catch (error) {
    const { cause, name } = error as Error & { cause?: { code?: string } }
    return cause?.code ?? name
  }
}

async function jsonOf(answer: Response): Promise<object> {
  const value: unknown = await answer.json().catch(() => undefined)
  return typeof value === 'object' && value !== null ? value : {}
}
