// What a member is shown and may do: the six figures, balances, debts, history, invitees, and moving reward to the main balance.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { assetCode, decimalAmount, externalId, programKey } from '../../checks/index.ts'
import { transferReward } from '../../programs/index.ts'
import {
  HISTORY_TYPES, memberBalances, memberDebts, readHistory, readHistoryPlace, readInvitees, readPlace, readTreeSize, zoneOf,
} from '../../statements/index.ts'
import { debtAnswer, figuresAnswer, historyLineAnswer, presentDebt, presentFigures, presentLines } from '../member-reading.ts'
import { accountOf, type ApiParts, callerOf, exponentsOf, joined, programOf, readerOf } from '../parts.ts'
import { parseUnits } from '../parse-units.ts'
import { defineRoute, type Route } from '../route.ts'
import { amountAnswer, amountOf } from '../schemas.ts'

const PARTS = ['figures', 'balances', 'debts', 'log'] as const

const memberAnswer = z.strictObject({
  account: z.string(), program: z.string(), figures: figuresAnswer.optional(), balances: z.array(amountAnswer.extend({ kind: z.string() })).optional(),
  debts: z.array(debtAnswer).optional(), log: z.array(historyLineAnswer).optional(), next: z.string().nullable(),
}).meta({ id: 'Member' })
const inviteesAnswer = z.strictObject({
  invitees: z.array(z.strictObject({
    name: z.string().nullable().describe('Masked; null for an erased account.'), state: z.enum(['active', 'suspended', 'cancelled']), source: z.string(),
    joined_at: z.iso.datetime(), converted_at: z.iso.datetime().nullable(), earned: z.array(amountAnswer), invited: z.number().int().describe('Whom they brought: shown, not paid.'),
  })),
  tree: z.strictObject({ invitees: z.number().int(), invited_by_them: z.number().int() }).nullable().describe('With the first page: the level that earns, and the one below it, which does not.'),
  next: z.string().nullable(),
}).meta({ id: 'Invitees' })
const transferAnswer = z.strictObject({
  transfer_id: z.string(), asset: z.string(), amount: z.string(), lines: z.array(z.strictObject({ rebate_id: z.string(), amount: z.string() })),
  instruction_id: z.string().nullable().describe('What the host is asked to do, where it keeps the main balance; else null.'),
}).meta({ id: 'RewardTransfer' })

export function memberRoutes(parts: ApiParts): Route[] {
  return [query(parts), invitees(parts), transfer(parts)]
}

const opaque = z.string().regex(/^[A-Za-z0-9_-]{1,2000}$/, 'must be `next` of an earlier page')

function query({ database, clock }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/members/query', tag: 'Members', scope: 'members:read', programs: 'by_request',
    summary: 'A member’s figures, balances, debts and history in a program.',
    description: 'A POST, because account ids of the platform never stand in addresses. Further pages are quick when they ask for the log alone: `parts: ["log"]`. '
      + 'Reward, payouts and debt are this program’s; the main balance is the account’s own.',
    body: z.strictObject({
      program: programKey, account: externalId, parts: z.array(z.enum(PARTS)).min(1).max(PARTS.length).optional(), types: z.array(z.enum(HISTORY_TYPES)).max(HISTORY_TYPES.length).optional(),
      limit: z.number().int().min(1).max(100).optional(), after: opaque.optional(), review_url: z.url({ protocol: /^https$/ }).max(500).optional().describe('Where the member may answer; named in notices.'),
    }),
    answers: { 200: { description: 'Newest line first; `next` goes on from there.', schema: memberAnswer } },
    problems: ['not_found'],
    async handle({ body, identity }) {
      const reader = database.prisma
      const program = await programOf(reader, identity, body.program)
      const member = { programId: program.id, accountId: await accountOf(reader, body.account) }
      const exponentOf = await exponentsOf(reader)
      const wants = (part: (typeof PARTS)[number]): boolean => body.parts?.includes(part) ?? true
      const after = body.after === undefined ? undefined : readHistoryPlace(body.after)
      if (body.after !== undefined && after === undefined) throw notAPlace()
      const now = clock.now()
      const log = wants('log') ? await readHistory(reader, member, { types: body.types ?? HISTORY_TYPES, limit: body.limit ?? 50, after }) : null
      return {
        status: 200,
        body: {
          account: body.account, program: program.key,
          ...(wants('figures') ? { figures: await presentFigures(reader, member, exponentOf) } : {}),
          ...(wants('balances') ? { balances: (await memberBalances(reader, member)).map(({ kind, asset, amount }) => ({ kind, ...amountOf(amount, asset, exponentOf) })) } : {}),
          ...(wants('debts') ? { debts: (await memberDebts(reader, member)).map((debt) => presentDebt(debt, exponentOf)) } : {}),
          ...(log === null ? {} : { log: await presentLines(reader, log.lines, { programId: program.id, zone: await zoneOf(reader, program.id, now), now, exponentOf, reviewUrl: body.review_url ?? null }) }),
          next: log?.next ?? null,
        },
      }
    },
  })
}

function invitees({ database }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/members/invitees', tag: 'Members', scope: 'members:read', programs: 'by_request',
    summary: 'Whom a member invited, newest first, and how many those invited.',
    body: z.strictObject({
      program: programKey, account: externalId, states: z.array(z.enum(['active', 'suspended', 'cancelled'])).max(3).optional(), limit: z.number().int().min(1).max(100).optional(), after: opaque.optional(),
    }),
    answers: { 200: { description: 'People appear masked; `next` goes on from there.', schema: inviteesAnswer } },
    problems: ['not_found'],
    async handle({ body, identity }) {
      const reader = database.prisma
      const program = await programOf(reader, identity, body.program)
      const member = { programId: program.id, accountId: await accountOf(reader, body.account) }
      const after = body.after === undefined ? undefined : readPlace(body.after)
      if (body.after !== undefined && after === undefined) throw notAPlace()
      const exponentOf = await exponentsOf(reader)
      const page = await readInvitees(reader, member, { states: body.states, limit: body.limit ?? 50, after })
      const tree = after === undefined ? await readTreeSize(reader, member) : null
      return {
        status: 200,
        body: {
          invitees: page.invitees.map(({ name, state, source, joinedAt, convertedAt, earned, invited }) => ({
            name, state, source, joined_at: joinedAt.toISOString(), converted_at: convertedAt?.toISOString() ?? null, earned: earned.map(({ asset, amount }) => amountOf(amount, asset, exponentOf)), invited,
          })),
          tree: tree === null ? null : { invitees: tree.invitees, invited_by_them: tree.invitedByThem }, next: page.next,
        },
      }
    },
  })
}

const notAPlace = (): Problem => new Problem('invalid_request', 'after', 'This `after` is no `next` of an earlier page.')

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
      return { status: 201, body: { transfer_id: answer.transferId.toString(), ...amountText, lines, instruction_id: answer.instructionId } }
    },
  })
}

