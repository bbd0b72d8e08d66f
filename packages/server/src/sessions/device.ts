const maxLength = 64

/** Why `device` cannot be the label of a session; undefined is none, and fine. */
export function deviceReasons(device: string | undefined): string[] {
  if (device === undefined) return []
  const faulty = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(device)
  return faulty || [...device].length > maxLength
    ? [`must be at most ${maxLength} characters long, without control characters`]
    : []
}
