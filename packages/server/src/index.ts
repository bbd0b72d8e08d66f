/** The Latchkey server, to run inside an application. */
export { type BuiltInScope, ConfigurationError, defineConfig, type LatchkeyConfig } from './config.js'
export type { Latchkey } from './create-latchkey/latchkey.js'
export { createLatchkey } from './create-latchkey.js'
export { StartError, type StartErrorReason } from './store/start-error.js'
