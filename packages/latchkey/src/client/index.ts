/** For those who call APIs: logs in, keeps the pair of tokens fresh, and sends the token along. Browsers, Node, Bun and Deno. */
export { ClientError, type ClientErrorDetails, type ClientErrorKind } from './client-error.js'
export type { ClientOptions } from './client-options.js'
export { type Client, createClient } from './create-client.js'
export type { ClientEvents, LogoutReason, SessionFacts } from './events.js'
export type { CallOptions, LoginForm, SecretForm } from './forms.js'
export type { ClientStorage } from './storage.js'
