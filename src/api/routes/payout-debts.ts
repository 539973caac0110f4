// Debts over HTTP: what members owe with its cause, and giving a debt up by two persons.

import { z } from 'zod'
import type { Transaction } from '../../base/database.ts'
import { parseMicros } from '../../base/money.ts'
import { Problem } from '../../base/problems.ts'
import { externalId, programKey } from '../../checks/index.ts'
import type { Identity } from '../../identities/index.ts'
import { approveWriteOff, proposeWriteOff, readDebts, restoreWriteOff, type WriteOffAnswer } from '../../payouts/index.ts'
import { accountOf, type ApiParts, callerOf, exponentsOf, joined, mayUse, namesOf, programOf, readerOf } from '../parts.ts'
import { defineRoute, type Route } from '../route.ts'
import { amountAnswer, amountOf, idText } from '../schemas.ts'

const debt = amountAnswer.extend({
  account: z.string().nullable(), rebate_id: z.string(), since: z.iso.datetime(), cause: z.string().describe('What made it: reversal, reclaim, payout_paid …'), transfer_id: z.string(), write_off_id: z.string().nullable(),
}).meta({ id: 'Debt' })
const writeOff = amountAnswer.extend({ write_off_id: z.string(), rebate_id: z.string(), reason: z.enum(['old', 'small']), state: z.enum(['proposed', 'written_off', 'restored']) }).meta({ id: 'WriteOff' })
const params = z.strictObject({ id: idText })

export function payoutDebtRoutes(parts: ApiParts): Route[] {
  return [query(parts), propose(parts), decide(parts, 'approve'), decide(parts, 'restore')]
}

function query({ database }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/debts/query', tag: 'Payouts', scope: 'payouts:read', programs: 'by_request', summary: 'What members of a program owe, the oldest debt first, each with what made it.',
    body: z.strictObject({ program: programKey, account: externalId.optional() }),
    answers: { 200: { description: 'At most a thousand.', schema: z.strictObject({ debts: z.array(debt) }) } }, problems: ['not_found'],
    async handle({ body, identity }) {
      const reader = database.prisma
      const program = await programOf(reader, identity, body.program)
      const accountId = body.account === undefined ? null : await accountOf(reader, body.account)
      const debts = await readDebts(reader, { programId: program.id, accountId })
      const [names, exponentOf] = [await namesOf(reader, debts.map((each) => each.accountId)), await exponentsOf(reader)]
      return {
        status: 200,
        body: {
          debts: debts.map((each) => ({
            ...amountOf(each.amount, each.asset, exponentOf), account: names.get(each.accountId) ?? null, rebate_id: each.rebateId.toString(), since: each.since.toISOString(), cause: each.cause,
            transfer_id: each.causeTransferId.toString(), write_off_id: each.writeOffId?.toString() ?? null,
          })),
        },
      }
    },
  })
}

function propose(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/debts/:id/write-offs', tag: 'Payouts', scope: 'payouts:write', programs: 'by_request', idempotency: 'required', params,
    summary: 'Proposes to give up the debt of a rebate that is older than twelve months or below the floor.',
    answers: { 201: { description: 'Proposed; another person approves.', schema: writeOff } }, problems: ['not_found', 'refused'],
    async handle({ params: { id }, identity, transaction }) {
      const { database, keys, clock, payouts } = parts
      const reader = readerOf(database, transaction)
      const rebate = await reader.rebate.findUnique({ where: { id: BigInt(id) }, select: { programId: true, asset: true } })
      if (rebate === null || !mayUse(identity, rebate.programId)) throw new Problem('not_found', 'rebate', 'There is no such debt.')
      const parsed = parseMicros(payouts.writeOffBelow)
      const floor = parsed.ok ? parsed.amount / 10n ** BigInt(6 - (await exponentsOf(reader))(rebate.asset)) : 0n
      return present(reader, 201, await proposeWriteOff({ database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId }, { rebateId: BigInt(id), floor }))
    },
  })
}

const DECISIONS = {
  approve: { summary: 'Another person than the proposer gives the debt up.', does: approveWriteOff },
  restore: { summary: 'A debt that was given up stands again, because what made it is being taken back: a won dispute or appeal.', does: restoreWriteOff },
} as const

function decide(parts: ApiParts, decision: keyof typeof DECISIONS): Route {
  const { summary, does } = DECISIONS[decision]
  return defineRoute({
    method: 'post', path: `/v1/write-offs/:id/${decision}`, tag: 'Payouts', scope: 'payouts:write', programs: 'by_request', idempotency: 'required', params, summary,
    answers: { 200: { description: 'Done.', schema: writeOff } }, problems: ['not_found', 'refused'],
    async handle({ params: { id }, identity, transaction }) {
      const { database, keys, clock } = parts
      const reader = readerOf(database, transaction)
      await refuseForeign(reader, identity, BigInt(id))
      return present(reader, 200, await does({ database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId }, BigInt(id)))
    },
  })
}

async function refuseForeign(reader: Transaction, identity: Identity | null, id: bigint): Promise<void> {
  const found = await reader.writeOff.findUnique({ where: { id }, select: { rebate: { select: { programId: true } } } })
  if (found === null || !mayUse(identity, found.rebate.programId)) throw new Problem('not_found', 'write_off', 'There is no such write-off.')
}

async function present(reader: Transaction, status: number, answer: WriteOffAnswer) {
  if (!answer.ok) throw new Problem('refused', answer.reason, 'This write-off is refused.')
  const { id, rebateId, asset, amount, reason, state } = answer.writeOff
  return { status, body: { write_off_id: id.toString(), rebate_id: rebateId.toString(), ...amountOf(amount, asset, await exponentsOf(reader)), reason, state } }
}
