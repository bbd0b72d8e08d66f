/** Reading credentials, writing challenges and problems, parsing bodies: the only ones of their kind, for all who need them. */
export { type Credentials, readAuthorization } from './authorization-header.js'
export { challenge } from './challenge.js'
export { describeRequest, type ProblemAnswer, problem } from './problem.js'
export { parseStrictJson } from './strict-json.js'
