/** Operations over HTTP. */
import type { AskOptions } from '../../server.js'
import type { Calls } from './calls.js'
import type { Case, Outcome, Unnamed } from './operation.js'
import { addPerson, type Person } from './people.js'
import type { Lane, World } from './world.js'

export interface Sent {
  /** Default POST. */
  readonly method?: string
  readonly path: string
  readonly token?: string
  /** As JSON. */
  readonly body?: object
  readonly form?: Readonly<Record<string, string>>
}

/** What is sent, and what else there is to know of the case; `tokens` beside those of the person. */
type Prepared = Sent & Partial<Pick<Case, 'tokens' | 'answer' | 'broken'>>

export function request(
  event: string | undefined,
  done: number,
  again: number,
  of: (person: Person, world: World) => Prepared | Promise<Prepared>,
): Unnamed {
  return {
    ...{ done, again, event },
    async prepare(world) {
      const person = await addPerson(world)
      const { tokens = [], answer, broken, ...sent } = await of(person, world)
      return {
        scope: { uid: person.uid },
        tokens: [person.own.token, person.other.token, ...tokens],
        send: (lane, calls) => sendRequest(lane, sent, calls),
        ...(answer === undefined ? {} : { answer }),
        ...(broken === undefined ? {} : { broken }),
      }
    },
  }
}

export async function sendRequest(
  lane: Lane,
  { method = 'POST', path, token, body, form }: Sent,
  calls?: Calls,
): Promise<Outcome> {
  const options: AskOptions = {
    ...(token === undefined ? {} : { token }),
    ...(body === undefined ? {} : contentOf('application/json', JSON.stringify(body))),
    ...(form === undefined ? {} : contentOf('application/x-www-form-urlencoded', String(new URLSearchParams(form)))),
  }
  const { status, text, headers, json } = await lane.ask(method, path, options, calls)
  return { ...{ status, text, json, code: json?.code }, retryAfter: headers.get('retry-after') ?? undefined }
}

const contentOf = (type: string, body: string) => ({ headers: { 'content-type': type }, body })
