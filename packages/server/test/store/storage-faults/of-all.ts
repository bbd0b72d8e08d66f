/** Operations on what all have in common: the signing keys, their secret, and everybody's sessions. */
import { declareRestored } from '../../../src/restore/declare-restored.js'
import { openMasterKey, rewrapMasterKey } from '../../../src/signing-keys/master-key.js'
import { readSecretFile } from '../../../src/signing-keys/secret.js'
import { until } from '../../until.js'
import { sendCommand } from './by-command.js'
import type { Case, Unnamed } from './operation.js'
import { addPerson, kidOf, type Person, workingRefreshTokens } from './people.js'
import { hearsWithinMs } from './try-fault.js'
import type { World } from './world.js'

type Prepared = Pick<Case, 'broken'> & {
  readonly words: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** The same again does it once more. */
function ofKeys(event: string, of: (person: Person, world: World) => Prepared | Promise<Prepared>): Unnamed {
  return {
    ...{ done: 0, again: 0, event, repeats: true, isAlone: true },
    async prepare(world) {
      const person = await addPerson(world)
      const { words, environment, ...rest } = await of(person, world)
      const tokens = [person.own.token, person.other.token]
      // Signed by a key that may be a new one.
      const [lane] = world.lanes
      const areGood = () => tokens.flatMap((token) => lane?.decisions(token)).every((code) => code === 'good')
      await until(areGood)
      return {
        ...{ scope: { uid: person.uid, withKeys: true }, tokens },
        send: (lane, calls) => sendCommand(lane, words, calls, environment),
        ...rest,
      }
    },
  }
}

/** The secret under which the keys are wrapped. */
function secretOf({ database: { config } }: World): string {
  return config.secret ?? (readSecretFile(config.dataFolder) as string)
}
const newer = 'one more secret of more than thirty-two bytes'

/** By every guard, whatever the rows say. */
async function refusesAll({ lanes: [lane] }: World, { own, other }: Person): Promise<readonly string[]> {
  const areRefused = () => [own, other].flatMap(({ token }) => lane?.decisions(token)).every((code) => code !== 'good')
  return until(areRefused, hearsWithinMs).then(
    () => [],
    () => ['a token of before is still taken'],
  )
}

const restoring = ofKeys('restored', (person, world) => ({
  words: ['restored'],
  async broken() {
    const refreshTokens = [person.own, person.other].map(({ refresh_token }) => refresh_token)
    return [...(await refusesAll(world, person)), ...(await workingRefreshTokens(world, refreshTokens))]
  },
}))

export const ofAll: Readonly<Record<string, Unnamed>> = {
  'latchkey restored': {
    ...restoring,
    async prepare(world) {
      // It tells of each key that there is: always of two.
      const { store } = world.parts
      await declareRestored({ store, secret: secretOf(world), algorithm: 'EdDSA' })
      await store.transaction((transaction) =>
        transaction.deleteFrom('signing_keys').where('verify_until', '<=', store.now()).execute(),
      )
      return restoring.prepare(world)
    },
  },
  'latchkey key rotate': ofKeys('key_rotated', () => ({ words: ['key', 'rotate', '--now'] })),
  // Of the key that signs.
  'latchkey key retire': ofKeys('key_retired', (person, world) => ({
    words: ['key', 'retire', '--now', kidOf(person.own.token)],
    broken: () => refusesAll(world, person),
  })),
  'latchkey key rewrap': ofKeys('key_rewrapped', (_, world) => ({
    words: ['key', 'rewrap'],
    environment: { LATCHKEY_SECRET: `${newer},${secretOf(world)}` },
    async broken() {
      const { store } = world.parts
      const isOpened = await openMasterKey({ store, secret: newer }).then(
        () => true,
        () => false,
      )
      // The servers know the one before.
      await rewrapMasterKey({ store, secret: `${secretOf(world)},${newer}` })
      return isOpened ? [] : ['the new secret does not open the keys by itself']
    },
  })),
}
