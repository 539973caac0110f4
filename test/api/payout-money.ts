// Payouts, batches and debts in a told history: one of each state that a route of payouts needs.

import { digestOf } from '../../src/base/hashing.ts'
import { ensureActor } from '../../src/identities/index.ts'
import { postTransfer } from '../../src/ledger/index.ts'
import { addDestination, approvePayout, approveWriteOff, makeBatch, proposeWriteOff, recordPayee, releaseBatch, requestPayout } from '../../src/payouts/index.ts'
import { programRules, programVersionAt } from '../../src/policies/index.ts'
import type { TestDatabase } from '../database.ts'
import { freshIban } from '../payouts/payout-programme.ts'
import { answerOf } from '../programs/programme.ts'

/** Ids of what was made, as text. */
export interface PayoutMoney {
  readonly waiting: string
  readonly cancellable: string
  readonly changedDestination: string
  readonly madeBatch: string
  readonly releasedBatch: string
  readonly debt: string
  readonly proposed: string
  readonly writtenOff: string
}

/** The program pays cash out from now on; the account has a hundred of it; the debtor owes three times one. */
export async function givePayoutMoney({ database, keys, clock }: Pick<TestDatabase, 'database' | 'keys' | 'clock'>, program: string, account: string, debtor: string): Promise<PayoutMoney> {
  const { id: programId } = await database.prisma.program.findUniqueOrThrow({ where: { key: program } })
  const { accountId } = await database.prisma.accountIdentity.findUniqueOrThrow({ where: { externalId: account } })
  const { accountId: debtorId } = await database.prisma.accountIdentity.findUniqueOrThrow({ where: { externalId: debtor } })
  const known = await programVersionAt(database.prisma, programId, clock.now())
  if (known === null) throw new Error('The program has no rules.')
  const rules = programRules.parse({ ...known.rules, movement: { ...known.rules.movement, payout: { methods: ['bank', 'stripe'] } } })
  const number = (await database.prisma.programVersion.count({ where: { programId } })) + 1
  const version = await database.prisma.programVersion.create({ data: { programId, number, effectiveFrom: clock.now(), rules, digest: new Uint8Array(32), actorId: 1n, recordedAt: clock.now() } })
  const now = clock.now()
  const times = { occurredAt: now, recordedAt: now, effectiveAt: now, actorId: 1n }

  async function rebate(name: string, amount: bigint, isOwed: boolean): Promise<bigint> {
    const owner = isOwed ? debtorId : accountId
    const naturalKey = new Uint8Array(digestOf('told payout', name))
    const { id } = await database.prisma.rebate.create({ data: { naturalKey, kind: 'opening', programId, programVersionId: version.id, accountId: owner, base: amount, ratePpm: 0, amount, asset: 'USD', maturesAt: now, ...times } })
    const own = { accountId: owner, asset: 'USD', rebateId: id }
    const platform = { accountId: null, asset: 'USD', rebateId: id }
    await database.inTransaction((transaction) => postTransfer(transaction, {
      naturalKey: digestOf('told opening', name), kind: 'opening', ...times, entries: [{ ...platform, kind: 'opening_balance', amount: -amount }, isOwed ? { ...platform, kind: 'host_clearing', amount } : { ...own, kind: 'reward_available', amount }],
    }))
    if (isOwed) await database.inTransaction((transaction) => postTransfer(transaction, {
      naturalKey: digestOf('told reclaim', name), kind: 'reclaim', ...times, entries: [{ ...own, kind: 'debt', amount: -amount }, { ...platform, kind: 'reclaimed', amount }],
    }))
    return id
  }

  const desk = async (kind: 'key' | 'person', name: string) => ({
    database, keys, clock, actorId: await database.inTransaction((transaction) => ensureActor(transaction, clock, kind, name)), check: async () => answerOf('allow'),
  })
  const [host, ada, bob] = [await desk('key', 'told host'), await desk('person', 'told Ada'), await desk('person', 'told Bob')]
  await rebate('cash', 100_000_000n, false)
  await recordPayee(host, { accountId, taxProfile: 'complete', payeeCheck: 'passed', payoutsEnabled: true, withholdingPpm: 0, source: 'host' })
  await addDestination(host, database, { accountId, destination: { method: 'bank', bank: { account_holder: 'A Payee', iban: freshIban() } } })
  // Changed where nothing is paid to, so that the bank account stays usable.
  await addDestination(host, database, { accountId, destination: { method: 'stripe', stripeAccount: 'acct_00000001' } })
  const changed = await addDestination(host, database, { accountId, destination: { method: 'stripe', stripeAccount: 'acct_00000002' } })
  const ask = async (name: string): Promise<bigint> => {
    const answer = await requestPayout(host, { programId, accountId, method: 'bank', asset: 'USD', amount: 1_000_000n, key: name })
    if (!answer.ok) throw new Error(answer.reason)
    return answer.payout.id
  }
  const batched = async (): Promise<bigint> => {
    const made = await makeBatch(ada, { programId, method: 'bank' })
    if (!made.ok) throw new Error(made.reason)
    return made.batch.id
  }
  const approved = async (name: string): Promise<void> => void await approvePayout(ada, await ask(name))
  await approved('sent')
  const releasedBatch = await batched()
  await releaseBatch(bob, releasedBatch)
  await approved('batched')
  const madeBatch = await batched()
  await approved('free')
  const [waiting, cancellable] = [await ask('waiting'), await ask('cancellable')]
  const debts = [await rebate('debt', 1_000_000n, true), await rebate('proposed', 1_000_000n, true), await rebate('written off', 1_000_000n, true)]
  const proposed = await proposeWriteOff(ada, { rebateId: debts[1] ?? 0n, floor: 5_000_000n })
  const writtenOff = await proposeWriteOff(ada, { rebateId: debts[2] ?? 0n, floor: 5_000_000n })
  if (!changed.ok || !proposed.ok || !writtenOff.ok) throw new Error('The history of payouts cannot be told.')
  await approveWriteOff(bob, writtenOff.writeOff.id)
  const text = (id: bigint | undefined): string => String(id)
  return {
    waiting: text(waiting), cancellable: text(cancellable), changedDestination: text(changed.destination.id), madeBatch: text(madeBatch), releasedBatch: text(releasedBatch),
    debt: text(debts[0]), proposed: text(proposed.writeOff.id), writtenOff: text(writtenOff.writeOff.id),
  }
}
