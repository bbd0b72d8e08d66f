import { LatchkeyError } from 'latchkey'
import type { Api } from './api-context.js'

/**
 * Answers what the routes of each path do not: OPTIONS with 204, all other methods with 405, both with `Allow`. Stands after
 * all routes of the paths that are there, and before routes whose parameter would take one of these for its own; may stand
 * again after those. Other origins (CORS) are none of its business.
 */
export function answerOtherMethods(app: Api): void {
  const answered = new Set(app.routes.filter(({ method }) => method === 'ALL').map(({ path }) => path))
  const methods = new Map<string, Set<string>>()
  for (const { path, method } of app.routes) {
    if (answered.has(path)) continue
    const known = methods.get(path) ?? new Set<string>()
    known.add(method)
    // Hono answers HEAD wherever GET is.
    if (method === 'GET') known.add('HEAD')
    methods.set(path, known)
  }
  for (const [path, known] of methods) {
    const allow = [...known, 'OPTIONS'].join(', ')
    app.all(path, (c) => {
      if (c.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } })
      const detail = `The method must be one of ${allow}`
      throw new LatchkeyError('http_error', { status: 405, msg: detail, headers: { allow } })
    })
  }
}
