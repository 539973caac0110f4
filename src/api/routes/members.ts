// What a member is shown and may do: the six figures, the balances, the log, and moving reward to the main balance.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { assetCode, decimalAmount, externalId, programKey } from '../../checks/index.ts'
import { balancesOf } from '../../ledger/index.ts'
import { transferReward } from '../../programs/index.ts'
import { LOG_TYPES, readFigures, readLog } from '../member-reading.ts'
import { accountOf, type ApiParts, callerOf, exponentsOf, joined, programOf, readerOf } from '../parts.ts'
import { parseUnits } from '../parse-units.ts'
import { defineRoute, type Route } from '../route.ts'
import { amountAnswer, amountOf } from '../schemas.ts'

const figures = z.strictObject({
  clicks: z.number().int(), referrals: z.number().int(), pending_referrals: z.number().int(), conversions: z.number().int(),
  conversion_rate: z.number().nullable().describe('Conversions by referrals; null without a referral.'), total_earnings: z.array(amountAnswer), cancelled_referrals: z.number().int(),
})
const logLine = z.strictObject({
  id: z.string(), type: z.enum(LOG_TYPES), at: z.iso.datetime(), asset: z.string(), amount: z.string(), source: z.string().nullable().describe('The invitee, masked.'),
  base: z.string().nullable(), rate_ppm: z.number().int().nullable(), rebate_id: z.string(),
})
const memberAnswer = z.strictObject({
  account: z.string(), program: z.string(), figures, balances: z.array(amountAnswer.extend({ kind: z.string() })), log: z.array(logLine), next: z.string().nullable(),
}).meta({ id: 'Member' })
const transferAnswer = z.strictObject({
  transfer_id: z.string(), asset: z.string(), amount: z.string(), lines: z.array(z.strictObject({ rebate_id: z.string(), amount: z.string() })),
}).meta({ id: 'RewardTransfer' })

export function memberRoutes(parts: ApiParts): Route[] {
  return [query(parts), transfer(parts)]
}

function query({ database }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/members/query', tag: 'Members', scope: 'members:read', programs: 'by_request',
    summary: 'A member’s figures, balances and log in a program.',
    description: 'A POST, because account ids of the platform never stand in addresses.',
    body: z.strictObject({
      program: programKey, account: externalId, types: z.array(z.enum(LOG_TYPES)).max(LOG_TYPES.length).optional(), limit: z.number().int().min(1).max(100).optional(), after: z.string().regex(/^\d{1,16}-\d{1,18}-[rt]$/).optional(),
    }),
    answers: { 200: { description: 'Newest line first; `next` goes on from there.', schema: memberAnswer } },
    problems: ['not_found'],
    async handle({ body, identity }) {
      const program = await programOf(database.prisma, identity, body.program)
      const reader = database.prisma
      const accountId = await accountOf(reader, body.account)
      const exponentOf = await exponentsOf(reader)
      const found = await readFigures(reader, program.id, accountId)
      const log = await readLog(reader, { programId: program.id, accountId, types: body.types ?? LOG_TYPES, limit: body.limit ?? 50, after: body.after })
      const balances = await balancesOf(reader, accountId)
      return {
        status: 200,
        body: {
          account: body.account, program: program.key,
          figures: { ...found, total_earnings: found.total_earnings.map(({ asset, amount }) => amountOf(amount, asset, exponentOf)) },
          balances: balances.map(({ kind, asset, amount }) => ({ kind, ...amountOf(amount, asset, exponentOf) })),
          log: log.lines.map(({ asset, amount, base, ...rest }) => ({ ...rest, ...amountOf(amount, asset, exponentOf), base: base === null ? null : amountOf(base, asset, exponentOf).amount })),
          next: log.next,
        },
      }
    },
  })
}

function transfer({ database, keys, clock, checks }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/members/transfer', tag: 'Members', scope: 'members:write', programs: 'by_request', idempotency: 'required',
    summary: 'Moves a member’s available reward to the main balance, oldest rebates first.',
    body: z.strictObject({ program: programKey, account: externalId, asset: assetCode, amount: z.union([z.literal('all'), decimalAmount]) }),
    answers: { 201: { description: 'Moved; every line names its rebate.', schema: transferAnswer } },
    problems: ['not_found', 'refused'],
    async handle({ body, identity, idempotencyKey, transaction }) {
      const caller = callerOf({ identity })
      const reader = readerOf(database, transaction)
      const program = await programOf(reader, identity, body.program)
      const accountId = await accountOf(reader, body.account)
      const exponentOf = await exponentsOf(reader)
      const amount = body.amount === 'all' ? body.amount : parseUnits(body.amount, exponentOf(body.asset))
      const recorder = { database: joined(database, transaction), keys, clock, actorId: caller.actorId, check: checks.evaluate }
      const answer = await transferReward(recorder, { programId: program.id, accountId, asset: body.asset, amount, key: `${caller.actorId} ${idempotencyKey ?? ''}` })
      if (!answer.ok) throw new Problem(answer.reason === 'key_reused' ? 'key_reused' : 'refused', answer.reason, 'The books refuse this transfer.')
      const amountText = amountOf(answer.amount, answer.asset, exponentOf)
      const lines = answer.lines.map(({ rebateId, amount: part }) => ({ rebate_id: rebateId.toString(), amount: amountOf(part, answer.asset, exponentOf).amount }))
      return { status: 201, body: { transfer_id: answer.transferId.toString(), ...amountText, lines } }
    },
  })
}

