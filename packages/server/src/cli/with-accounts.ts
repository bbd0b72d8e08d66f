import { emailType } from '../client-types/client-type.js'
import { type ReadyConfig, readConfig } from '../config.js'
import type { OpenAccounts } from '../create-latchkey/open-accounts.js'
import { CommandError, type CommandIo } from './command-io.js'

/** Reads the configuration, opens the store, which must be there unless the command makes it, runs the command and closes it. */
export async function withAccounts<Result>(
  io: CommandIo,
  work: (parts: OpenAccounts, config: ReadyConfig) => Promise<Result>,
  options: { readonly mustExist?: boolean; readonly acceptsOther?: boolean } = {},
): Promise<Result> {
  const config = await readConfig({ environment: io.environment, folder: io.folder })
  // Loaded late: help and usage errors need neither database nor server.
  const { openAccounts } = await import('../create-latchkey/open-accounts.js')
  const parts = await openAccounts(config, { mustExist: true, ...options })
  try {
    return await work(parts, config)
  } finally {
    await parts.store.close()
  }
}

/** The uid of the user that `user` names, by account or by uid. */
export async function findUid({ accounts }: OpenAccounts, user: string): Promise<string> {
  if (/^[0-9]+$/.test(user)) return (await accounts.profile(user)).uid
  const found = await accounts.find(user, emailType)
  if (found === undefined) throw new CommandError('There is no such user')
  return found.uid
}
