/** How a credential may stand in a text, or in the bytes of a file. */

/** Every spelling that would give it away; what is shorter than 16 characters would be found by chance. */
function formsOf(credential: string): readonly string[] {
  const bytes = Buffer.from(credential)
  const parts = credential.split('.')
  // Of a token the header is no secret.
  const tokens = parts.length === 3 ? parts.slice(1).flatMap((part) => [part, ...spellings(fromBase64url(part))]) : []
  const key = /^lk[a-z]_([A-Za-z0-9_-]+)$/.exec(credential)?.[1]
  // Behind the id of the session, which is none.
  const random = key === undefined ? [] : spellings(fromBase64url(key).subarray(-32))
  const written = [credential, encodeURIComponent(credential), JSON.stringify(credential).slice(1, -1)]
  return [...new Set([...written, ...spellings(bytes), ...tokens, ...random])].filter((form) => form.length >= 16)
}

/** Whatever stands behind or before it: in base64 that changes the letters at its ends. */
function spellings(bytes: Buffer): readonly string[] {
  const shifted = [0, 1, 2].flatMap((shift) => {
    const padded = Buffer.concat([Buffer.alloc(shift), bytes])
    return (['base64', 'base64url'] as const).map((name) => {
      const text = padded.toString(name).replace(/=+$/, '')
      return text.slice(shift === 0 ? 0 : 4, text.length - 1)
    })
  })
  return [...shifted, bytes.toString('hex'), bytes.toString('latin1')]
}

function fromBase64url(text: string): Buffer {
  return Buffer.from(text, 'base64url')
}

const known = new Map<string, readonly string[]>()

function formsOnce(credential: string): readonly string[] {
  const forms = known.get(credential) ?? formsOf(credential)
  known.set(credential, forms)
  return forms
}

/** The names of the credentials that `text` holds in any spelling. */
export function findCanaries(text: string, canaries: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(canaries).flatMap(([name, credential]) =>
    formsOnce(credential).some((form) => text.includes(form)) ? [name] : [],
  )
}
