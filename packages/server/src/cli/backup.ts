import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CommandError, type CommandIo } from './command-io.js'
import { example } from './example.js'
import { withAccounts } from './with-accounts.js'

/** `latchkey backup` */
export function addBackupCommand(program: Command, io: CommandIo): void {
  program
    .command('backup')
    .description('Copy the SQLite database into a file while servers go on; the secret is not in it')
    .argument('<file>', 'must not exist yet')
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('latchkey backup /var/backups/latchkey-2027-01-31.db'))
    .action((file: string, { json }: { readonly json?: boolean }) =>
      withAccounts(io, async ({ store }) => {
        if (store.backUp === undefined) {
          throw new CommandError(
            'PostgreSQL has its own backups: pg_dump, or pg_basebackup with an archive of the WAL. ' +
              'After one was restored, run "latchkey restored" before the first server starts.',
          )
        }
        const path = resolve(io.folder, file)
        const madeAt = new Date(store.clock()).toISOString()
        store.backUp(path, madeAt)
        const text = `The backup is ${path}. The secret is not in it: keep LATCHKEY_SECRET, or the file "secret" of the data folder, somewhere else.`
        io.out(json ? JSON.stringify({ file: path, made_at: madeAt }) : text)
      }),
    )
}
