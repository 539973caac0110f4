// All that is known of one member's standing in a programme, for those who ask: the member's page, the host, staff.

import type { Transaction } from '../../base/database.ts'
import { programVersionAt } from '../../policies/index.ts'
import type { Contract } from './contracts.ts'
import { newestClientAt } from './enrolment-clients.ts'
import { suspensionAfter } from './enrolment-clock.ts'
import { type EnrolmentReason, readEnrolments } from './enrolment.ts'
import { type Enrolment, type Member, readStandings } from './standing.ts'
import type { Exclusion } from './excluded.ts'

export interface MemberStanding {
  readonly enrolment: { readonly state: Enrolment; readonly reason: EnrolmentReason | null; readonly since: Date | null }
  /** Null before the programme's first version. */
  readonly track: string | null
  readonly newestClientAt: Date | null
  /** When an active member would be suspended who brings no new client; null where the rules suspend nobody or there was no client yet. */
  readonly suspendedFrom: Date | null
  /** In the order of their times. */
  readonly enrolments: readonly { readonly state: Enrolment; readonly reason: EnrolmentReason; readonly effectiveFrom: Date }[]
  readonly tracks: readonly { readonly track: string; readonly contractId: bigint | null; readonly effectiveFrom: Date; readonly recordedAt: Date }[]
  readonly contracts: readonly Contract[]
  readonly terms: readonly { readonly termsVersion: string; readonly acceptedAt: Date }[]
  /** Those in force. */
  readonly exclusions: readonly Exclusion[]
}

export async function readMemberStanding(transaction: Transaction, member: Member, now: Date): Promise<MemberStanding> {
  const { programId, accountId } = member
  const version = await programVersionAt(transaction, programId, now)
  const enrolments = await readEnrolments(transaction, member)
  const current = enrolments.findLast((row) => row.effectiveFrom <= now)
  const standings = await readStandings(transaction, [member])
  const clientAt = await newestClientAt(transaction, member)
  return {
    enrolment: { state: current?.state ?? 'active', reason: current?.reason ?? null, since: current?.effectiveFrom ?? null },
    track: version === null ? null : standings.trackAt(programId, accountId, now, version.rules),
    newestClientAt: clientAt,
    suspendedFrom: version === null || version.rules.enrolment.idle === null || clientAt === null || (current?.state ?? 'active') !== 'active' ? null : suspensionAfter(version.rules, clientAt),
    enrolments,
    tracks: await transaction.trackChange.findMany({
      where: { programId, accountId }, select: { track: true, contractId: true, effectiveFrom: true, recordedAt: true }, orderBy: [{ effectiveFrom: 'asc' }, { id: 'asc' }],
    }),
    contracts: await transaction.contract.findMany({ where: { programId, accountId }, orderBy: { id: 'asc' } }),
    terms: await transaction.termsAcceptance.findMany({ where: { programId, accountId }, select: { termsVersion: true, acceptedAt: true }, orderBy: [{ acceptedAt: 'asc' }, { id: 'asc' }] }),
    exclusions: await transaction.excludedAccount.findMany({
      where: { accountId, OR: [{ programId: null }, { programId }], startsAt: { lte: now }, AND: [{ OR: [{ endsAt: null }, { endsAt: { gt: now } }] }] }, orderBy: { id: 'asc' },
    }),
  }
}
