/** Token authentication for REST APIs. */
export { defineRoles, type RoleDefinition, type Roles } from './access/index.js'
export {
  type Auth,
  type AuthOptions,
  createAuth,
  type Decision,
  type GuardOptions,
  type GuardRequest,
  type Need,
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
