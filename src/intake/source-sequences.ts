// Lost events: where a source counts its events, what is missing between two numbers did not arrive. A number that comes late, or again
// by a repeated import, closes its part of the gap.
// Promises: noted only after the events are recorded, so that no number counts as arrived whose event is not; safe to repeat.

import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import type { Session } from '../base/session.ts'

/** Both ends are missing themselves. */
export interface Gap {
  readonly from: bigint
  readonly to: bigint
}

export interface Counted {
  readonly first: bigint
  readonly newest: bigint
  /** In order, without overlap. */
  readonly gaps: readonly Gap[]
}

/** What is known after more numbers have come; in any order. */
export function countOn(counted: Counted | null, arrived: readonly bigint[]): Counted | null {
  let state = counted
  for (const number of [...arrived].sort((left, right) => (left < right ? -1 : 1))) state = state === null ? { first: number, newest: number, gaps: [] } : withNumber(state, number)
  return state
}

function withNumber({ first, newest, gaps }: Counted, number: bigint): Counted {
  if (number > newest) return { first, newest: number, gaps: number === newest + 1n ? gaps : [...gaps, { from: newest + 1n, to: number - 1n }] }
  if (number < first) return { first: number, newest, gaps: number === first - 1n ? gaps : [{ from: number + 1n, to: first - 1n }, ...gaps] }
  return {
    first, newest,
    gaps: gaps.flatMap((gap) => (number < gap.from || number > gap.to ? [gap]
      : [{ from: gap.from, to: number - 1n }, { from: number + 1n, to: gap.to }].filter(({ from, to }) => from <= to))),
  }
}

/** Events without a number say nothing. */
export async function noteSequences({ database, clock }: { readonly database: Database; readonly clock: Clock }, events: readonly { readonly source: string; readonly sequence?: number | undefined }[]): Promise<void> {
  const arrived = new Map<string, bigint[]>()
  for (const { source, sequence } of events) if (sequence !== undefined) arrived.set(source, [...(arrived.get(source) ?? []), BigInt(sequence)])
  if (arrived.size === 0) return
  await database.inSession(async (session) => {
    for (const [source, numbers] of [...arrived].sort(([left], [right]) => (left < right ? -1 : 1))) await note(session, clock.now(), source, numbers)
  })
}

async function note(session: Session, now: Date, name: string, numbers: readonly bigint[]): Promise<void> {
  await session.$executeRaw`insert into source (name) values (${name}) on conflict (name) do nothing`
  await session.$queryRaw`select pg_advisory_xact_lock(hashtextextended('sequences ' || ${name}::text, 0))::text`
  const [source] = await session.$queryRaw<{ id: bigint }[]>`select id from source where name = ${name}`
  if (source === undefined) throw new Error(`The source ${name} is gone.`)
  const [known] = await session.$queryRaw<{ first: bigint; newest: bigint }[]>`select first, newest from source_sequence where source_id = ${source.id}`
  const gaps = await session.$queryRaw<{ from: bigint; to: bigint; noticed_at: Date }[]>`
    select from_sequence as "from", to_sequence as "to", noticed_at from source_gap where source_id = ${source.id} order by from_sequence`
  const counted = countOn(known === undefined ? null : { ...known, gaps: gaps.map(({ from, to }) => ({ from, to })) }, numbers)
  if (counted === null) return
  await session.$executeRaw`
    insert into source_sequence (source_id, first, newest, changed_at) values (${source.id}, ${counted.first}, ${counted.newest}, ${now})
      on conflict (source_id) do update set first = excluded.first, newest = excluded.newest, changed_at = excluded.changed_at`
  const isSame = (left: Gap) => (right: Gap): boolean => left.from === right.from && left.to === right.to
  const gone = gaps.filter((gap) => !counted.gaps.some(isSame(gap)))
  if (gone.length > 0) await session.$executeRaw`delete from source_gap where source_id = ${source.id} and from_sequence = any (${gone.map(({ from }) => from)}::bigint[])`
  // A part of a gap was noticed when the gap was.
  const noticed = (gap: Gap): Date => gone.find(({ from, to }) => from <= gap.from && gap.to <= to)?.noticed_at ?? now
  const rows = counted.gaps.filter((gap) => !gaps.some(isSame(gap))).map((gap) => ({ from: gap.from.toString(), to: gap.to.toString(), at: noticed(gap) }))
  if (rows.length === 0) return
  await session.$executeRaw`
    insert into source_gap (source_id, from_sequence, to_sequence, noticed_at)
      select ${source.id}::bigint, g."from", g."to", g.at from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as g("from" bigint, "to" bigint, at timestamptz)`
}

export interface SourceState {
  readonly name: string
  readonly newest: bigint
  readonly changedAt: Date
  /** How many numbers are missing in all. */
  readonly missing: bigint
  /** The oldest, at most GAPS_SHOWN. */
  readonly gaps: readonly (Gap & { readonly noticedAt: Date })[]
}

const GAPS_SHOWN = 100

/** Sources that count their events. */
export async function readSources(session: Session): Promise<SourceState[]> {
  const rows = await session.$queryRaw<{ name: string; newest: bigint; changed_at: Date; missing: bigint; gaps: { from: string; to: string; at: string }[] | null }[]>`
    select s.name, q.newest, q.changed_at,
           (select coalesce(sum(g.to_sequence - g.from_sequence + 1), 0)::bigint from source_gap g where g.source_id = s.id) as missing,
           (select jsonb_agg(jsonb_build_object('from', g.from_sequence::text, 'to', g.to_sequence::text, 'at', g.noticed_at) order by g.from_sequence)
              from (select * from source_gap g where g.source_id = s.id order by g.from_sequence limit ${GAPS_SHOWN}) as g) as gaps
      from source_sequence q join source s on s.id = q.source_id order by s.name`
  return rows.map(({ name, newest, changed_at: changedAt, missing, gaps }) => ({
    name, newest, changedAt, missing, gaps: (gaps ?? []).map(({ from, to, at }) => ({ from: BigInt(from), to: BigInt(to), noticedAt: new Date(at) })),
  }))
}
