const syntax = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/

/** Epoch seconds of a moment in ISO 8601: a day, which begins in UTC, or one with its time and zone. Undefined for any other text. */
export function readMoment(text: string | undefined): number | undefined {
  const ms = text !== undefined && syntax.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000)
}
