// Which version of the terms a member accepted and when: with a sign-up, or with a change of enrolment.
// Promises: the first acceptance of a version stays; read for many members at once.

import type { Transaction } from '../../base/database.ts'
import type { Member } from './standing.ts'

export interface Acceptance {
  readonly accountId: bigint
  readonly termsVersion: string
  readonly acceptedAt: Date
  readonly recordedAt: Date
  readonly actorId: bigint
  /** Absent: every programme there is, because everybody takes part in each without applying. */
  readonly programId?: bigint | undefined
}

/** Whether something was new. */
export async function acceptTerms(transaction: Transaction, { accountId, termsVersion, acceptedAt, recordedAt, actorId, programId }: Acceptance): Promise<boolean> {
  const programs = programId === undefined ? await transaction.program.findMany({ select: { id: true }, orderBy: { id: 'asc' } }) : [{ id: programId }]
  const { count } = await transaction.termsAcceptance.createMany({
    data: programs.map(({ id }) => ({ programId: id, accountId, termsVersion, acceptedAt, recordedAt, actorId })), skipDuplicates: true,
  })
  return count > 0
}

export interface AcceptedTerms {
  /** The version accepted last by that time; null where none is known. */
  acceptedAt(programId: bigint, accountId: bigint, at: Date): string | null
}

/** One statement for any number of members. */
export async function readAcceptedTerms(transaction: Transaction, members: readonly Member[]): Promise<AcceptedTerms> {
  const rows = await transaction.termsAcceptance.findMany({
    where: { accountId: { in: [...new Set(members.map(({ accountId }) => accountId))] }, programId: { in: [...new Set(members.map(({ programId }) => programId))] } },
    select: { programId: true, accountId: true, termsVersion: true, acceptedAt: true }, orderBy: [{ acceptedAt: 'asc' }, { id: 'asc' }],
  })
  return {
    acceptedAt: (programId, accountId, at) =>
      rows.findLast((row) => row.programId === programId && row.accountId === accountId && row.acceptedAt <= at)?.termsVersion ?? null,
  }
}
