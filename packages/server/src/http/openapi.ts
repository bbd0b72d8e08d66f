import { readVersion } from '../config/version.js'
import type { Api } from './api-context.js'

/** The OpenAPI 3.1 document of the routes, from the schemas that validate their requests. */
export function writeOpenApi(app: Api, issuer: string): object {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version: readVersion(),
      description:
        'Log in, get a token, send it with each request. Every refusal is a problem document (RFC 9457), which goes as application/json where OAuth libraries call (RFC 6749 section 5.2).',
      license: { name: 'MIT' },
    },
    servers: [{ url: issuer }],
    tags: [
      { name: 'client', description: 'Registering' },
      { name: 'token', description: 'Logging in, and what a token says' },
      { name: 'oauth', description: 'What OAuth client libraries call' },
      { name: 'session', description: 'Logins, and what ends them' },
      { name: 'api key', description: 'Credentials of programs' },
      { name: 'user', description: 'Profiles' },
      { name: 'admin', description: 'What administrators see' },
      { name: 'keys', description: 'What tokens are verified with' },
      { name: 'operator', description: 'For whoever runs the server' },
    ],
  })
  for (const [path, { json }] of Object.entries(takesForms)) {
    const requestBody = document.paths?.[path]?.post?.requestBody as { content: Record<string, object> }
    const { content } = requestBody
    content['application/x-www-form-urlencoded'] = content['application/json'] as object
    if (!json) delete content['application/json']
  }
  return document
}

/** What OAuth libraries call: a form is read as the JSON object of its fields; some take JSON as well. */
const takesForms: Readonly<Record<string, { readonly json: boolean }>> = {
  '/oauth/token': { json: false },
  '/v1/token/revoke': { json: true },
  '/v1/token/introspect': { json: true },
}

/** The ways to send a token, and an API key where that does; registered before the routes that name them. */
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
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'basic',
    description: 'The id of an API key as the user name, the key as the password.',
  })
}
