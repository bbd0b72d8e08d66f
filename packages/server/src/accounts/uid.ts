/** The number of a user, as the store keeps it; undefined for a text that no user can have, beyond 2^53 for one. */
export function parseUid(text: string): number | undefined {
  if (!/^[1-9][0-9]{0,15}$/.test(text)) return undefined
  const uid = Number(text)
  return Number.isSafeInteger(uid) ? uid : undefined
}
