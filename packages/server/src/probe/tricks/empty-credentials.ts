/** Credentials with nothing in them (RFC 7235 section 2.1). */
import type { Group } from '../trick.js'

/** `Og==` is ":", `OnB3` is ":pw". */
const values = ['', 'Bearer', 'Bearer ', 'Basic', 'Basic Og==', 'Basic OnB3']

export const emptyCredentials: Group = {
  name: 'empty',
  tricks: values.map((value) => ({ name: `"Authorization: ${value}"`, credential: { value, shell: value } })),
}
