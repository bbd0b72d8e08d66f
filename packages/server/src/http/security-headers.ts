/** What every answer says to browsers. */

/** An answer is data: no page, in no frame, and its type is what it says. */
const always = Object.freeze({
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
})
const overTls = Object.freeze({ ...always, 'strict-transport-security': 'max-age=63072000' })

/** With Strict-Transport-Security (RFC 6797), for two years, where the issuer is https. */
export function securityHeaders(issuer: string): Readonly<Record<string, string>> {
  return issuer.startsWith('https:') ? overTls : always
}
