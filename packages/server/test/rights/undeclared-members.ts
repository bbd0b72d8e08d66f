// biome-ignore lint/suspicious/noExplicitAny: a document of many shapes.
type Schema = any

/** The members of a JSON value, such as `sessions.0.hash`, that its schema in an OpenAPI document does not name. */
export function undeclaredMembers(document: Schema, schema: Schema, value: unknown, at = ''): string[] {
  const parts = partsOf(document, schema)
  if (Array.isArray(value)) {
    const items = parts.flatMap((part) => part.items ?? [])
    return value.flatMap((one, i) => undeclaredMembers(document, { anyOf: items }, one, `${at}${i}.`))
  }
  if (typeof value !== 'object' || value === null || parts.some((part) => part.additionalProperties)) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const named = parts.flatMap(({ properties }) =>
      properties && Object.hasOwn(properties, name) ? properties[name] : [],
    )
    return named.length === 0 ? [at + name] : undeclaredMembers(document, { anyOf: named }, member, `${at}${name}.`)
  })
}

function partsOf(document: Schema, { $ref, allOf = [], anyOf = [], oneOf = [], ...rest }: Schema): Schema[] {
  const named = $ref === undefined ? [] : [document.components.schemas[$ref.split('/').at(-1)]]
  return [rest, ...[...named, ...allOf, ...anyOf, ...oneOf].flatMap((part) => partsOf(document, part))]
}
