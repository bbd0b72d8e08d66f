import { readConfig } from '../../src/config.js'
import { openAccounts } from '../../src/create-latchkey/open-accounts.js'

/** Gives the user another role, beside the server that runs on this configuration. */
export async function setRole(argument: object, folder: string, uid: string, role: string): Promise<void> {
  const { accounts, store } = await openAccounts(await readConfig({ argument, environment: {}, folder }))
  await accounts.setRole(uid, role)
  await store.close()
}
