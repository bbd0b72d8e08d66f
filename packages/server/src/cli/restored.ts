import type { Command } from 'commander'
import { CommandError, type CommandIo } from './command-io.js'
import { example } from './example.js'
import { withAccounts } from './with-accounts.js'

interface Json {
  readonly json?: boolean
}

/** `latchkey restored` and `latchkey moved`: what has become of a database that is not the one it was. */
export function addRestoredCommands(program: Command, io: CommandIo): void {
  program
    .command('restored')
    .description(
      'Say that the database was restored, or lost what was written last: all sessions and API keys end, every signing key is replaced',
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('latchkey restored'))
    .action(({ json }: Json) =>
      withAccounts(
        io,
        async ({ store }, { secret, algorithm }) => {
          const { declareRestored } = await import('../restore/declare-restored.js')
          await declareRestored({ store, secret, algorithm })
          const text = 'All sessions and API keys have ended, and every signing key is a new one. Servers may start.'
          io.out(json ? JSON.stringify({ restored: true }) : text)
        },
        { acceptsOther: true },
      ),
    )

  program
    .command('moved')
    .description('Say that the database was moved with everything that was ever written: nobody is logged out')
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('latchkey moved'))
    .action(({ json }: Json) =>
      withAccounts(
        io,
        async ({ store }) => {
          if (store.identity() === undefined) {
            throw new CommandError(
              'A SQLite file may lie anywhere, so there is nothing to say. A copy that "latchkey backup" made counts as restored when it is first served.',
            )
          }
          const { declareMoved } = await import('../restore/declare-moved.js')
          await declareMoved(store)
          io.out(
            json
              ? JSON.stringify({ moved: true })
              : 'The database is taken for the one that it was. Servers may start.',
          )
        },
        { acceptsOther: true },
      ),
    )
}
