/** Operations by the command line. */
import type { Calls } from './calls.js'
import type { Outcome, Unnamed } from './operation.js'
import { addPerson, type Person } from './people.js'
import type { Lane, World } from './world.js'

export function command(
  event: string,
  of: (person: Person) => readonly string[],
  prepareMore?: (person: Person, world: World) => Promise<unknown>,
): Unnamed {
  return {
    ...{ done: 0, again: 0, event },
    async prepare(world) {
      const person = await addPerson(world)
      await prepareMore?.(person, world)
      return {
        scope: { uid: person.uid },
        tokens: [person.own.token, person.other.token],
        send: (lane, calls) => sendCommand(lane, of(person), calls),
      }
    },
  }
}

/** `environment`: what differs from that of the server. */
export async function sendCommand(
  lane: Lane,
  words: readonly string[],
  calls?: Calls,
  environment?: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const { code: status, out, error } = await lane.command([...words, '--json'], calls, environment)
  const isDone = status === 0
  const text = isDone ? out : error
  const json = JSON.parse(text)
  return { ...{ status, text, json, retryAfter: undefined }, code: isDone ? undefined : json.error }
}
