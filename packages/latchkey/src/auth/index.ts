export {
  type Auth,
  type AuthOptions,
  type AuthStatus,
  createAuth,
  type KeyAuthOptions,
  type ServerAuthOptions,
} from './create-auth.js'
export type { Decision, GuardRequest } from './decide.js'
export { type GuardOptions, type Need, readNeed } from './need.js'
