// Clients: invitees who made a qualifying payment that was not wholly given back. The newest client keeps an inviter from being
// suspended, and a new one ends a suspension for idleness.
// Promises: computed from all payments and refunds known, so the order of reports does not matter; a fake sign-up is no client.

import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import { Prisma, type Transaction } from '../../base/database.ts'
import { formatInZone, type ProgramRules } from '../../policies/index.ts'
import { suspensionAfter } from './enrolment-clock.ts'
import { addEnrolment, type EnrolmentRow, readEnrolments } from './enrolment.ts'
import type { Recording } from '../recorder.ts'
import { type Member, readStandings } from './standing.ts'
import { giveNotice } from './notices.ts'

export interface ClientPayment {
  readonly referral: { readonly id: bigint; readonly programId: bigint; readonly inviterId: bigint; readonly inviteeId: bigint }
  readonly event: { readonly id: bigint; readonly occurredAt: Date }
  /** The version in force when the event occurred. */
  readonly rules: ProgramRules
}

/**
 * Call it for all payments that may qualify (`mayQualify`) of active relations, in their order, once they are written, and settle again
 * the events returned: the payment that makes a new client ends a suspension of its inviter from its own time on and is the first to
 * earn again, with what of the time since was reported before; what occurred while suspended earns nothing. Accounts that never count
 * make no client. The inviters must be locked. A constant number of statements where nobody was ever suspended for idleness.
 */
export async function noteClients(transaction: Transaction, recording: Pick<Recording, 'now'>, payments: readonly ClientPayment[]): Promise<bigint[]> {
  const counting = await thoseCounting(transaction, payments.filter(({ rules }) => rules.enrolment.idle !== null))
  if (counting.length === 0) return []
  await transaction.clientPayment.createMany({ data: counting.map(({ referral, event }) => ({ referralId: referral.id, eventId: event.id, recordedAt: recording.now })), skipDuplicates: true })
  const suspended = await transaction.enrolmentChange.findMany({
    where: { reason: 'idle', accountId: { in: [...new Set(counting.map(({ referral }) => referral.inviterId))] } }, select: { programId: true, accountId: true }, distinct: ['programId', 'accountId'],
  })
  const due = new Set<bigint>()
  for (const payment of counting) {
    const { programId, inviterId } = payment.referral
    if (!suspended.some((member) => member.programId === programId && member.accountId === inviterId)) continue
    for (const eventId of await wake(transaction, recording, payment)) due.add(eventId)
  }
  return [...due]
}

async function thoseCounting(transaction: Transaction, payments: readonly ClientPayment[]): Promise<ClientPayment[]> {
  if (payments.length === 0) return []
  const standings = await readStandings(transaction, payments.flatMap(({ referral: { programId, inviterId, inviteeId } }) => [{ programId, accountId: inviterId }, { programId, accountId: inviteeId }]))
  return payments.filter(({ referral: { programId, inviterId, inviteeId }, event }) => ![inviterId, inviteeId].some((accountId) => standings.isExcluded(programId, accountId, event.occurredAt)))
}

/** Makes the inviter active where the payment does that; gives the payments that are to be settled again. */
async function wake(transaction: Transaction, { now }: Pick<Recording, 'now'>, payment: ClientPayment): Promise<bigint[]> {
  const { referral, rules } = payment
  const member = { programId: referral.programId, accountId: referral.inviterId }
  const history = await readEnrolments(transaction, member)
  const activeFrom = suspensionEndedBy(history, payment)
  if (activeFrom === null || !(await isNewClient(transaction, payment))) return []
  await addEnrolment(transaction, member, { state: 'active', reason: 'new_client', effectiveFrom: activeFrom }, { at: now, actorId: SYSTEM_ACTOR_ID })
  await giveNotice(transaction, {
    kind: 'reactivated', ...member, subject: activeFrom.toISOString(), at: now,
    facts: { active_from: activeFrom }, named: { date: formatInZone(rules.zone, activeFrom).slice(0, 10) },
  })
  const activeUntil = history.find((row) => row.effectiveFrom > activeFrom)?.effectiveFrom ?? null
  return unearned(transaction, member, activeFrom, activeUntil)
}

/** From when on the payment makes its inviter active again: its own time within a suspension; the suspension's start where that came only because the payment was not known. */
function suspensionEndedBy(history: readonly EnrolmentRow[], { event, rules }: ClientPayment): Date | null {
  const inForce = history.findLast((row) => row.effectiveFrom <= event.occurredAt)
  if (inForce?.state === 'suspended') return inForce.reason === 'idle' ? event.occurredAt : null
  if (inForce?.state === 'closed') return null
  // Of several rows at one time the last one counts.
  const next = history.find((row) => row.effectiveFrom > event.occurredAt)
  const following = history.findLast((row) => row.effectiveFrom.getTime() === next?.effectiveFrom.getTime())
  if (following?.state !== 'suspended' || following.reason !== 'idle') return null
  return following.effectiveFrom < suspensionAfter(rules, event.occurredAt) ? following.effectiveFrom : null
}

/** Whether nothing the invitee paid before still counts: the payment makes the client, it does not only come from one. */
async function isNewClient(transaction: Transaction, { referral, event }: ClientPayment): Promise<boolean> {
  const [row] = await transaction.$queryRaw<{ first: Date | null }[]>`
    select (${clientSince(Prisma.sql`${referral.id}::bigint`)}) as first`
  return row?.first?.getTime() === event.occurredAt.getTime()
}

async function unearned(transaction: Transaction, { programId, accountId }: Member, from: Date, until: Date | null): Promise<bigint[]> {
  const rows = await transaction.$queryRaw<{ event_id: bigint }[]>`
    select c.event_id from referral f join client_payment c on c.referral_id = f.id join event v on v.id = c.event_id
      where f.program_id = ${programId} and f.inviter_id = ${accountId} and v.occurred_at >= ${from}::timestamptz
        and (${until}::timestamptz is null or v.occurred_at < ${until}::timestamptz)
        and not exists (select 1 from rebate r where r.referral_id = f.id and r.event_id = c.event_id) order by v.occurred_at, v.id`
  return rows.map((row) => row.event_id)
}

/** The time of the newest client of a member; null before the first one. */
export async function newestClientAt(transaction: Transaction, { programId, accountId }: Member): Promise<Date | null> {
  const [row] = await transaction.$queryRaw<{ newest: Date | null }[]>`
    select max(${clientSinceOfReferral}) as newest from referral f where f.program_id = ${programId} and f.inviter_id = ${accountId} and f.state <> 'cancelled'`
  return row?.newest ?? null
}

/** Members of a programme who had a client, but none since the time, and are not suspended or closed already. */
export async function membersWithoutClientSince(transaction: Transaction, programId: bigint, since: Date): Promise<bigint[]> {
  const rows = await transaction.$queryRaw<{ inviter_id: bigint }[]>`
    select f.inviter_id from referral f cross join lateral (select ${clientSinceOfReferral} as at) as client
      where f.program_id = ${programId} and f.state <> 'cancelled' and client.at is not null
        and coalesce((select c.state from enrolment_change c where c.account_id = f.inviter_id and c.program_id = f.program_id order by c.effective_from desc, c.id desc limit 1), 'active') = 'active'
      group by f.inviter_id having max(client.at) < ${since}::timestamptz order by f.inviter_id`
  return rows.map((row) => row.inviter_id)
}

/** The first qualifying payment of a referral of which something is left: those that earned, and those that are kept apart because they may not have. */
function clientSince(referralId: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    select min(v.occurred_at) from (
        select r.event_id from rebate r where r.referral_id = ${referralId} and r.kind in ('rebate', 'opening')
        union select c.event_id from client_payment c where c.referral_id = ${referralId}
      ) as paid join event v on v.id = paid.event_id
      where v.amount > coalesce((select sum(coalesce(o.amount, v.amount)) from event o where o.original_key = v.natural_key and o.account_id = v.account_id
        and o.type in ('refund', 'chargeback') and (o.asset is null or o.asset = v.asset)), 0)`
}

const clientSinceOfReferral = Prisma.sql`(${clientSince(Prisma.sql`f.id`)})`
