/** A run as a table for people. */
import { median, table } from '../store/growth/timings.js'
import { type Flatness, flatness, isBelowItsPeak } from './flat.js'
import type { Run, Went } from './run.js'
import type { Memory } from './world.js'

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
const ms = (value: number) => `${value.toFixed(0)} ms`

export interface Trend extends Flatness {
  readonly name: string
  readonly values: readonly number[]
  readonly text: (value: number) => string
}

/** Of each process: what should stay as it is. */
export function trendsOf({ memory }: Went): readonly Trend[] {
  const trend = (name: string, values: readonly number[], text: Trend['text']) => ({
    name,
    values,
    text,
    ...flatness(values),
  })
  return [...memory].flatMap(([name, seen]) => {
    const of = (what: keyof Memory) => seen.flatMap((one) => one[what] ?? [])
    const resident = trend(`${name}, resident`, of('rss'), megabytes)
    const all = [
      { ...resident, isFlat: resident.isFlat || isBelowItsPeak(resident.values) },
      trend(`${name}, heap`, of('heapUsed'), megabytes),
      trend(`${name}, open files`, of('files'), String),
    ]
    // Not every system tells what is open.
    return all.filter(({ values }) => values.length > 0)
  })
}

export function summarise(title: string, { capacity, beyond }: Run, went: Went): string {
  const { journal, rotations, memory, seconds, loopDelayMs } = went
  const { answers, busy, unanswered, unsent, odd, wrongAccepts, wrongRefusals, lagging } = journal
  const rate = (count: number) => `${(count / seconds).toFixed(0)} a second`
  const kinds = [...journal.counts].sort(([one], [other]) => (one < other ? -1 : 1))
  const counts = kinds.map(([kind, { accepted, refused }]) => [kind, String(accepted), String(refused)])
  const percent = (part: number) => `${(part * 100).toFixed(1)} %`
  const trends = trendsOf(went).map(({ name, values, text, ratioOfMedians, gain, isFlat }) => {
    const seen = [values[0] as number, median(values), Math.max(...values)].map(text)
    return [name, ...seen, ratioOfMedians.toFixed(3), percent(gain), isFlat ? 'flat' : 'not flat']
  })
  const late = [...journal.lateness].map(([name, { freshMs, laggingMs }]) => [name, ms(freshMs), ms(laggingMs)])
  const loops = [...memory].map(
    ([name, seen]) => `${name} ${ms(Math.max(0, ...seen.map(({ loopDelayMs }) => loopDelayMs)))}`,
  )
  return [
    `${title}: ${seconds.toFixed(0)} s at half of the capacity of ${capacity.toFixed(0)} requests a second`,
    `${answers} answers, ${rate(answers)}; ${busy} times 429 or 503, ${unanswered} without an answer, ${unsent} not sent; the longest answer ${ms(journal.longestAnswerMs)}`,
    `${wrongAccepts} wrong accepts, ${wrongRefusals} wrong refusals, ${odd} answers of another kind; ${lagging} decisions by a copy older than a second`,
    `while the capacity was measured: ${beyond.answers} answers, ${beyond.violations.length} violations, ${beyond.busy} times 429 or 503`,
    `${rotations.rotated} rotations, by a key published ${rotations.leastLeadSeconds.toFixed(0)} s before at least; ${rotations.retired} keys retired; ` +
      `${rotations.published} keys published at most, ${rotations.rows} rows of keys`,
    `event loops late by at most: load ${ms(loopDelayMs)}, ${loops.join(', ')}`,
    '',
    table([['request', 'accepted', 'refused'], ...counts]),
    '',
    table([
      ['accepted after the end was acknowledged, at most', 'by who was fresh', 'by who said it was not'],
      ...late,
    ]),
    '',
    table([['process', 'first', 'median', 'most', 'last third to second', 'gain of both', ''], ...trends]),
    '',
  ].join('\n')
}
