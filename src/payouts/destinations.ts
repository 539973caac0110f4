// Where a member is paid: the destination sealed in an erasable body, compared by its keyed fingerprint, shown masked.
// Promises: the first is usable at once, a changed one after its waiting time, once another person approved it, and the member is told
// at the old address; the same destination given again changes nothing.

import { enqueue } from '../delivery/index.ts'
import type { Database, Transaction } from '../base/database.ts'
import { canonicalJson, naturalKey } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import { seal, unseal } from '../base/sealing.ts'
import { lockMembers } from '../ledger/index.ts'
import { recordObservation } from '../population/index.ts'
import { type BankAccount, type BankAccountInput, type BankAccountRefusal, readBankAccount } from './bank-account.ts'
import { isPerson, type PayoutDesk, type Working, working } from './desk.ts'
import type { PayoutMethod } from './payout-row.ts'

/** Days before a changed destination is paid to. */
export const CHANGE_WAITS_DAYS = 7

export type DestinationInput =
  | { readonly method: 'bank'; readonly bank: BankAccountInput }
  /** A connected account of Stripe. */
  | { readonly method: 'stripe'; readonly stripeAccount: string }

export interface NewDestination {
  readonly accountId: bigint
  readonly destination: DestinationInput
  /** The contract that names it. */
  readonly contractId?: bigint | null
}

export interface Destination {
  readonly id: bigint
  readonly method: PayoutMethod
  readonly contractId: bigint | null
  /** Null once it was erased. */
  readonly shownAs: string | null
  readonly usableFrom: Date
  readonly needsApproval: boolean
  readonly approvedBy: bigint | null
  readonly retiredAt: Date | null
}

export type DestinationRefusal = BankAccountRefusal | 'stripe_account' | 'unknown_contract' | 'raw_card_number'
export type DestinationAnswer = { readonly ok: true; readonly destination: Destination; readonly isNew: boolean } | { readonly ok: false; readonly reason: DestinationRefusal }

/** `observing` is where the detector's observation is recorded, beside the desk's own transaction. */
export async function addDestination(desk: PayoutDesk, observing: Database, request: NewDestination): Promise<DestinationAnswer> {
  const read = readDestination(request.destination)
  if (!read.ok) return read
  const refusal = await recordObservation(observing, desk.keys, {
    accountId: request.accountId, kind: read.kind, value: read.value, shownAs: read.shownAs, context: 'payout', source: 'payouts', actorId: desk.actorId, at: desk.clock.now(),
  })
  if (refusal !== null) return { ok: false, reason: 'raw_card_number' }
  return working(desk, async (work): Promise<DestinationAnswer> => {
    const { transaction, now } = work
    await lockMembers(transaction, [request.accountId])
    const contractId = request.contractId ?? null
    if (contractId !== null && !(await isContractOf(transaction, request.accountId, contractId))) return { ok: false, reason: 'unknown_contract' }
    const { method } = request.destination
    const fingerprint = fingerprintOf(desk.keys, method, read.value)
    const before = await transaction.payoutDestination.findFirst({ where: { accountId: request.accountId, method, contractId }, orderBy: { id: 'desc' } })
    if (before !== null && before.retiredAt === null && Buffer.from(before.fingerprint).equals(fingerprint)) {
      return { ok: true, destination: await destinationOf(transaction, before.id), isNew: false }
    }
    if (before !== null && before.retiredAt === null) await transaction.payoutDestination.update({ where: { id: before.id }, data: { retiredAt: now } })
    const { id } = await transaction.payoutDestination.create({
      data: {
        accountId: request.accountId, method, contractId, fingerprint: new Uint8Array(fingerprint), recordedAt: now, actorId: work.actorId,
        needsApproval: before !== null || contractId !== null, usableFrom: before === null ? now : new Date(now.getTime() + CHANGE_WAITS_DAYS * 86_400_000),
      },
      select: { id: true },
    })
    const sealed = seal(desk.keys, purposeOf(id), canonicalJson(read.body))
    await transaction.payoutDestinationBody.create({ data: { destinationId: id, shownAs: read.shownAs, sealed: sealed.sealed, sealedKeyId: sealed.keyId } })
    await noteChange(work, { id, accountId: request.accountId, beforeId: before?.id ?? null })
    return { ok: true, destination: await destinationOf(transaction, id), isNew: true }
  })
}

export type DestinationApproval = { readonly ok: true; readonly destination: Destination } | { readonly ok: false; readonly reason: 'unknown' | 'not_waiting' | 'needs_a_person' | 'same_person' }

/** Another person than the one who entered it says that the member really changed it. The waiting time runs on. */
export async function approveDestination(desk: PayoutDesk, id: bigint): Promise<DestinationApproval> {
  return working(desk, async ({ transaction, now, actorId, acts }): Promise<DestinationApproval> => {
    const found = await transaction.payoutDestination.findUnique({ where: { id }, select: { accountId: true } })
    if (found === null) return { ok: false, reason: 'unknown' }
    await lockMembers(transaction, [found.accountId])
    const row = await transaction.payoutDestination.findUniqueOrThrow({ where: { id } })
    if (!row.needsApproval || row.approvedBy !== null || row.retiredAt !== null) return { ok: false, reason: 'not_waiting' }
    if (!(await isPerson(transaction, actorId))) return { ok: false, reason: 'needs_a_person' }
    if (row.actorId === actorId) return { ok: false, reason: 'same_person' }
    await transaction.payoutDestination.update({ where: { id }, data: { approvedBy: actorId, approvedAt: now } })
    acts.push({ actorId, kind: 'payout_destination_approved', objectKind: 'payout_destination', objectId: id })
    return { ok: true, destination: await destinationOf(transaction, id) }
  })
}

export async function destinationsOf(transaction: Transaction, accountId: bigint): Promise<Destination[]> {
  const rows = await transaction.payoutDestination.findMany({ where: { accountId }, include: { payoutDestinationBody: { select: { shownAs: true } } }, orderBy: { id: 'desc' }, take: 100 })
  return rows.map(({ method, payoutDestinationBody: body, ...row }) => ({ ...row, method: method === 'bank' ? 'bank' : 'stripe', shownAs: body?.shownAs ?? null }))
}

/** The bank account in the clear, for the bank file alone; null once it was erased. */
export async function openBankAccount(transaction: Transaction, keys: KeyRing, destinationId: bigint): Promise<BankAccount | null> {
  const body = await transaction.payoutDestinationBody.findUnique({ where: { destinationId } })
  return body === null ? null : (JSON.parse(unseal(keys, purposeOf(destinationId), { sealed: body.sealed, keyId: body.sealedKeyId })) as BankAccount)
}

/** The processor's own id of the destination; null once it was erased. */
export async function openStripeAccount(transaction: Transaction, keys: KeyRing, destinationId: bigint): Promise<string | null> {
  const body = await transaction.payoutDestinationBody.findUnique({ where: { destinationId } })
  if (body === null) return null
  return (JSON.parse(unseal(keys, purposeOf(destinationId), { sealed: body.sealed, keyId: body.sealedKeyId })) as { stripeAccount: string }).stripeAccount
}

/** Equal for one destination of whichever member; says nothing about it. */
export function fingerprintOf(keys: KeyRing, method: PayoutMethod, value: string): Buffer {
  return naturalKey(keys, 'payout destination', method, value)
}

interface ReadDestination {
  readonly ok: true
  readonly kind: 'payout:bank' | 'payout:wallet'
  readonly value: string
  readonly shownAs: string
  readonly body: object
}

function readDestination(input: DestinationInput): ReadDestination | { readonly ok: false; readonly reason: DestinationRefusal } {
  if (input.method === 'stripe') {
    const { stripeAccount } = input
    if (!/^acct_[A-Za-z0-9]{8,64}$/.test(stripeAccount)) return { ok: false, reason: 'stripe_account' }
    return { ok: true, kind: 'payout:wallet', value: stripeAccount, shownAs: `Stripe …${stripeAccount.slice(-4)}`, body: { stripeAccount } }
  }
  const read = readBankAccount(input.bank)
  return read.ok ? { ok: true, kind: 'payout:bank', value: read.canonical, shownAs: read.shownAs, body: read.account } : read
}

async function isContractOf(transaction: Transaction, accountId: bigint, contractId: bigint): Promise<boolean> {
  return (await transaction.contract.count({ where: { id: contractId, accountId } })) > 0
}

async function destinationOf(transaction: Transaction, id: bigint): Promise<Destination> {
  const { method, payoutDestinationBody: body, ...row } = await transaction.payoutDestination.findUniqueOrThrow({ where: { id }, include: { payoutDestinationBody: { select: { shownAs: true } } } })
  return { ...row, method: method === 'bank' ? 'bank' : 'stripe', shownAs: body?.shownAs ?? null }
}

/** The act, and for a change the message by which the host tells the member at the address it had before. */
async function noteChange({ transaction, now, actorId, acts }: Working, { id, accountId, beforeId }: { id: bigint; accountId: bigint; beforeId: bigint | null }): Promise<void> {
  const shown = await transaction.payoutDestinationBody.findMany({ where: { destinationId: { in: [id, ...(beforeId === null ? [] : [beforeId])] } }, select: { destinationId: true, shownAs: true } })
  const shownAs = (each: bigint | null): string | null => shown.find(({ destinationId }) => destinationId === each)?.shownAs ?? null
  acts.push({
    actorId, kind: beforeId === null ? 'payout_destination_added' : 'payout_destination_changed', objectKind: 'payout_destination', objectId: id,
    after: { accountId }, body: { shown_as: shownAs(id), ...(beforeId === null ? {} : { before: shownAs(beforeId) }) },
  })
  if (beforeId === null) return
  const name = await transaction.accountIdentity.findUnique({ where: { accountId }, select: { externalId: true } })
  const { usableFrom } = await transaction.payoutDestination.findUniqueOrThrow({ where: { id }, select: { usableFrom: true } })
  await enqueue(transaction, {
    topic: 'payout.destination_changed', objectKind: 'payout_destination', objectId: id, programId: null, at: now,
    body: { account: name?.externalId ?? null, tell: 'old_address', before: shownAs(beforeId), after: shownAs(id), usable_from: usableFrom },
  })
}

function purposeOf(destinationId: bigint): string {
  return `payout destination ${destinationId}`
}
