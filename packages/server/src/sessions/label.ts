const maxLength = 64

/** Why a text cannot be the label of a session; undefined is none, and fine. */
export function labelReasons(label: string | undefined): string[] {
  if (label === undefined) return []
  const faulty = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(label)
  return faulty || [...label].length > maxLength
    ? [`must be at most ${maxLength} characters long, without control characters`]
    : []
}
