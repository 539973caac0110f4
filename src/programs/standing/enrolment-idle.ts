// The job that gives the notices ahead and suspends members who brought no client for the years that the rules name.
// Promises: safe to repeat and to run twice at once; decided under the member's lock from what is known then.

import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { lockMembers } from '../../ledger/index.ts'
import { formatInZone, type ProgramVersion, programVersionAt } from '../../policies/index.ts'
import { membersWithoutClientSince, newestClientAt } from './enrolment-clients.ts'
import { daysLater, idleStep } from './enrolment-clock.ts'
import { addEnrolment, readEnrolments } from './enrolment.ts'
import type { Recorder } from '../recorder.ts'
import type { Member } from './standing.ts'
import { giveNotice } from './notices.ts'

export interface IdleRound {
  readonly notices: number
  readonly suspended: number
}

/** One round over all programmes that suspend; what was done counts once, also when another round runs at the same time. */
export async function suspendIdle({ database, clock }: Pick<Recorder, 'database' | 'clock'>): Promise<IdleRound> {
  const now = clock.now()
  const round = { notices: 0, suspended: 0 }
  for (const version of await database.inTransaction((transaction) => idleVersions(transaction, now))) {
    const { programId, rules } = version
    const { years, noticeDays } = rules.enrolment.idle ?? { years: 0, noticeDays: [] }
    // Whoever had a client within the years, less the notices and two days for the zone, is not due for anything.
    const since = daysLater(rules.zone, now, Math.max(0, ...noticeDays) + 2 - years * 365)
    for (const accountId of await database.inTransaction((transaction) => membersWithoutClientSince(transaction, programId, since))) {
      const done = await database.inTransaction((transaction) => settleMember(transaction, version, { programId, accountId }, now))
      if (done !== 'nothing') round[done] += 1
    }
  }
  return round
}

async function idleVersions(transaction: Transaction, now: Date): Promise<ProgramVersion[]> {
  const versions: ProgramVersion[] = []
  for (const { id } of await transaction.program.findMany({ select: { id: true }, orderBy: { id: 'asc' } })) {
    const version = await programVersionAt(transaction, id, now)
    if (version !== null && version.rules.enrolment.idle !== null) versions.push(version)
  }
  return versions
}

async function settleMember(transaction: Transaction, { rules }: ProgramVersion, member: Member, now: Date): Promise<'nothing' | 'notices' | 'suspended'> {
  await lockMembers(transaction, [member.accountId])
  const history = await readEnrolments(transaction, member)
  // A change that lies ahead was decided already, e.g. while the clock ran fast.
  const current = history.at(-1)
  if ((current?.state ?? 'active') !== 'active') return 'nothing'
  const clientAt = await newestClientAt(transaction, member)
  if (clientAt === null) return 'nothing'
  const notices = await transaction.memberNotice.findMany({ where: { ...member, kind: 'idle_ahead' }, select: { subject: true, recordedAt: true } })
  const step = idleStep(rules, {
    now, newestClientAt: clientAt,
    activeSince: history.findLast((row) => row.state === 'active' && row.reason !== 'member')?.effectiveFrom ?? null,
    changedAt: current?.effectiveFrom ?? null,
    noticesOf: (planned) => new Map(notices.flatMap(({ subject, recordedAt }): [number, Date][] => {
      const [time, days] = subject.split(' ')
      return time === planned.toISOString() ? [[Number(days), recordedAt]] : []
    })),
  })
  if (step.kind === 'nothing') return 'nothing'
  const dateOf = (at: Date): string => formatInZone(rules.zone, at).slice(0, 10)
  if (step.kind === 'notice') {
    await giveNotice(transaction, {
      kind: 'idle_ahead', ...member, subject: `${step.planned.toISOString()} ${step.days}`, at: now,
      facts: { days: step.days, suspended_from: step.date }, named: { date: dateOf(step.date) },
    })
    return 'notices'
  }
  await addEnrolment(transaction, member, { state: 'suspended', reason: 'idle', effectiveFrom: step.from }, { at: now, actorId: SYSTEM_ACTOR_ID })
  await giveNotice(transaction, {
    kind: 'suspended', ...member, subject: step.from.toISOString(), at: now, facts: { suspended_from: step.from }, named: { date: dateOf(step.from) },
  })
  return 'suspended'
}
