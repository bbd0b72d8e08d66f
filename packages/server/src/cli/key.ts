import type { Command } from 'commander'
import type { KeyEntry } from '../signing-keys/key-rows.js'
import type { SigningKeys } from '../signing-keys/signing-keys.js'
import { CommandError, type CommandIo } from './command-io.js'
import { example } from './example.js'
import { withAccounts } from './with-accounts.js'

interface KeyOptions {
  readonly now?: boolean
  readonly json?: boolean
}

/** `latchkey key list|rotate|retire|rewrap` */
export function addKeyCommands(program: Command, io: CommandIo): void {
  const key = program.command('key').description('Keep signing keys')

  key
    .command('list')
    .description('Print every key: its name, algorithm, state, and when it was published and ends')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', example('latchkey key list'))
    .action(({ json }: KeyOptions) =>
      withKeys(io, async (keys, now) => {
        for (const entry of keys.list()) io.out(json ? JSON.stringify(describe(entry, now)) : lineOf(entry, now))
      }),
    )

  key
    .command('rotate')
    .description('Sign with the next key from now on; tokens of the one before stay good')
    .option('--now', 'even if services may not have read the next key yet')
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('latchkey key rotate'))
    .action(({ now = false, json }: KeyOptions) =>
      withKeys(io, async (keys) => {
        const { kid } = await keys.rotate(now)
        io.out(json ? JSON.stringify({ kid }) : `Tokens are signed with ${kid} from now on.`)
      }),
    )

  key
    .command('retire')
    .description('Sign with a key no more; its tokens stay good until they expire')
    .argument('<kid>', 'the name of the key')
    .option('--now', 'refuse its tokens everywhere within a second')
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('latchkey key retire --now BGZT4byjJzBQPktplSkhFIS9wB0lbFh6_HHqVi7v8DE'))
    .action((kid: string, { now = false, json }: KeyOptions) =>
      withKeys(io, async (keys) => {
        if (!keys.list().some((entry) => entry.key.kid === kid)) throw new CommandError('There is no such key')
        await keys.retire(kid, now)
        io.out(json ? JSON.stringify({ kid, refused: now }) : `The key ${kid} signs no more.`)
      }),
    )

  key
    .command('rewrap')
    .description('Wrap the keys under the first secret of LATCHKEY_SECRET=new,old; then the old one can go')
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('LATCHKEY_SECRET="$NEW,$OLD" latchkey key rewrap'))
    .action(({ json }: KeyOptions) =>
      withKeys(io, async (keys) => {
        await keys.rewrap()
        io.out(json ? JSON.stringify({ rewrapped: true }) : 'The keys are wrapped under the first secret.')
      }),
    )
}

async function withKeys(io: CommandIo, work: (keys: SigningKeys, now: number) => Promise<void>): Promise<void> {
  await withAccounts(io, async ({ store }, { secret, algorithm, keyLeadSeconds }) => {
    const { openSigningKeys } = await import('../signing-keys/signing-keys.js')
    try {
      await work(await openSigningKeys({ store, secret, algorithm, keyLeadSeconds }), store.now())
    } catch (error) {
      throw (error as Error)?.name === 'RotationRefused' ? new CommandError((error as Error).message) : error
    }
  })
}

function describe({ row }: KeyEntry, now: number) {
  const { kid, alg, published_at, sign_from, sign_until, verify_until } = row
  return { kid, alg, state: stateOf(row, now), published_at, sign_from, sign_until, verify_until }
}

function stateOf({ sign_from, sign_until, verify_until }: KeyEntry['row'], now: number): string {
  if (verify_until !== null && verify_until <= now) return 'retired'
  if (sign_until !== null && sign_until <= now) return 'verifies'
  return sign_from === null ? 'next' : 'signs'
}

function lineOf(entry: KeyEntry, now: number): string {
  const { kid, alg, state, published_at, verify_until } = describe(entry, now)
  const until = verify_until === null ? '' : `until ${dateOf(verify_until)}`
  return [kid, alg, state, `published ${dateOf(published_at)}`, until].join('\t').trimEnd()
}

function dateOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
