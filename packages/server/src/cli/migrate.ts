import type { Command } from 'commander'
import type { CommandIo } from './command-io.js'
import { example } from './example.js'
import { withAccounts } from './with-accounts.js'

/** `latchkey migrate` */
export function addMigrateCommand(program: Command, io: CommandIo): void {
  program
    .command('migrate')
    .description(
      'Bring the database up to this version, or make it; servers do so when they start, where their user may define tables',
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('latchkey migrate'))
    .action(({ json }: { readonly json?: boolean }) =>
      // Opening it is all there is to do.
      withAccounts(io, async () => io.out(json ? JSON.stringify({ migrated: true }) : 'The database is up to date.'), {
        mustExist: false,
      }),
    )
}
