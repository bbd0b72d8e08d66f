export { type Auth, type AuthOptions, createAuth } from './create-auth.js'
export type { Decision, GuardRequest } from './decide.js'
export { type GuardOptions, type Need, readNeed } from './need.js'
