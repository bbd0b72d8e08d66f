/** Token authentication for REST APIs. */
export { defineRoles, type RoleDefinition, type Roles } from './access/index.js'
export {
  type Auth,
  type AuthOptions,
  type AuthStatus,
  createAuth,
  type Decision,
  type GuardOptions,
  type GuardRequest,
  type IssuerAuthOptions,
  type KeyAuthOptions,
  type Need,
  type ServerAuthOptions,
} from './auth/index.js'
export {
  type ErrorCode,
  type ErrorDetails,
  errorTable,
  type FieldReasons,
  LatchkeyError,
  type ProblemDocument,
} from './errors.js'
export type { User } from './token/index.js'
