export { defineRoles, type RoleDefinition, type Roles } from './define-roles.js'
export { allowsScope, isScope } from './scope.js'
