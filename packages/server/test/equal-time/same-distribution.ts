/**
 * The two-sample Kolmogorov-Smirnov test: the chance that two samples of one distribution differ as much as these do, at the
 * place where they differ most. By the series of the limit, good from some twenty values each.
 */
export function sameDistribution(one: readonly number[], other: readonly number[]): number {
  const [a, b] = [one, other].map((sample) => [...sample].sort((x, y) => x - y)) as [number[], number[]]
  let greatest = 0
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const value = Math.min(a[i] as number, b[j] as number)
    while (i < a.length && a[i] === value) i++
    while (j < b.length && b[j] === value) j++
    greatest = Math.max(greatest, Math.abs(i / a.length - j / b.length))
  }
  const size = Math.sqrt((a.length * b.length) / (a.length + b.length))
  const scaled = (size + 0.12 + 0.11 / size) * greatest
  // The series does not settle where the samples are the same.
  if (scaled < 0.2) return 1
  let sum = 0
  for (let k = 1; k <= 100; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * scaled * scaled)
  return Math.min(Math.max(sum, 0), 1)
}

export function median(sample: readonly number[]): number {
  const sorted = [...sample].sort((x, y) => x - y)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2
}
