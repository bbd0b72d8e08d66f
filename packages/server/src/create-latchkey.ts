/** The server as one object: what guards ask, and the login routes. */
import type { Roles } from 'latchkey'
import { type BuiltInScope, type LatchkeyConfig, readConfig } from './config.js'
import type { Latchkey } from './create-latchkey/latchkey.js'
import { openLatchkey } from './create-latchkey/open-latchkey.js'

/**
 * Opens the database in `./data`, or where the configuration says, migrates it, and makes its keys at the first start.
 * Besides the argument it reads the environment and `latchkey.config.{js,json}`; see docs/configuration.md.
 *
 *     const latchkey = await createLatchkey()
 *     app.use(mount(latchkey))
 *     app.get('/orders', guard(latchkey), handler)
 *
 * Given `roles`, guards take the scopes these list, and no misspelt one. It listens nowhere, and holds no process open.
 *
 * @throws ConfigurationError for an unknown setting or a bad value.
 * @throws StartError when the folder, the database or its secret cannot be used.
 */
export function createLatchkey<Scope extends string>(
  config: LatchkeyConfig<Scope> & { readonly roles: Roles<Scope> },
): Promise<Latchkey<Scope | BuiltInScope>>
export function createLatchkey(config?: LatchkeyConfig): Promise<Latchkey>
export async function createLatchkey(config: LatchkeyConfig = {}): Promise<Latchkey> {
  return openLatchkey(await readConfig({ argument: config }))
}
