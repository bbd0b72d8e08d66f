import { readVersion } from '../config/version.js'
import type { Api } from './api-context.js'

/** The OpenAPI 3.1 document of the routes, from the schemas that validate their requests. */
export function writeOpenApi(app: Api, issuer: string): object {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version: readVersion(),
      description: 'Log in, get a token, send it with each request. Every refusal is a problem document (RFC 9457).',
      license: { name: 'MIT' },
    },
    servers: [{ url: issuer }],
    tags: [
      { name: 'client', description: 'Registering' },
      { name: 'token', description: 'Logging in, and what a token says' },
      { name: 'session', description: 'Logins, and what ends them' },
      { name: 'user', description: 'Profiles' },
      { name: 'keys', description: 'What tokens are verified with' },
      { name: 'operator', description: 'For whoever runs the server' },
    ],
  })
  for (const path of takesForms) {
    const content = document.paths?.[path]?.post?.requestBody as { content: Record<string, object> }
    content.content['application/x-www-form-urlencoded'] = content.content['application/json'] as object
  }
  return document
}

/** What OAuth libraries call: a form is read as the JSON object of its fields. */
const takesForms = ['/v1/token/revoke']

/** The two ways to send a token; registered before the routes that name them. */
export function addSecuritySchemes(app: Api): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access token.',
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'basic', {
    type: 'http',
    scheme: 'basic',
    description: 'The access token as the user name; the password is ignored.',
  })
}
