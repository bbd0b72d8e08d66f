/**
 * Compares a text with what stands in another from `start` on, both of public length, in a time that does not depend on where they
 * differ. Texts of different length are unequal at once.
 */
export function equalConstantTime(a: string, b: string, start = 0): boolean {
  if (a.length !== b.length - start) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(start + i)
  return difference === 0
}
