// Contracts over HTTP: entered by one person, approved by another, ended; the document's reference is never given back in lists.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { externalId, programKey } from '../../checks/index.ts'
import { approveContract, type Contract, type ContractAnswer, endContract, enterContract, type StandingActor } from '../../programs/index.ts'
import { accountOf, type ApiParts, callerOf, joined, mayUse, namesOf, programOf, readerOf } from '../parts.ts'
import { defineRoute, type Route } from '../route.ts'
import { idText, limitOf, line, page, time } from '../schemas.ts'

const instant = z.iso.datetime()
export const contractAnswer = z.strictObject({
  contract_id: z.string(), program: z.string(), account: z.string().nullable(), track: z.string(), state: z.enum(['waiting', 'in_force', 'withdrawn', 'ended']), signed_at: instant,
  entered_at: instant, approved_at: instant.nullable(), ended_at: instant.nullable(),
}).meta({ id: 'Contract' })
const newContract = z.strictObject({
  program: programKey, account: externalId, track: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be the key of a track'), signed_at: time,
  document_reference: line(200).describe('Where the paper is kept. It can be erased; its salted hash stays.'),
})

export function contractRoutes(parts: ApiParts): Route[] {
  return [enter(parts), list(parts), step(parts, 'approve'), step(parts, 'end')]
}

function enter(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/contracts', tag: 'Standing', scope: 'standing:write', programs: 'by_request', idempotency: 'optional',
    summary: 'Enters a signed contract; it waits for another person’s approval.', description: 'Once approved it is in force from the signing on; payments before it keep what they earned. The payout destination that it names is recorded with payouts.',
    body: newContract,
    answers: { 201: { description: 'Entered.', schema: contractAnswer } }, problems: ['not_found', 'refused'],
    async handle({ body, identity, transaction }) {
      const reader = readerOf(parts.database, transaction)
      const program = await programOf(reader, identity, body.program)
      const accountId = await accountOf(reader, body.account)
      const actor: StandingActor = { ...parts, database: joined(parts.database, transaction), actorId: callerOf({ identity }).actorId }
      const contract = accepted(await enterContract(actor, {
        programId: program.id, accountId, track: body.track, signedAt: new Date(body.signed_at), documentReference: body.document_reference,
      }))
      return { status: 201, body: presentContract(contract, program.key, body.account) }
    },
  })
}

function list({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/contracts', tag: 'Standing', scope: 'standing:read', programs: 'by_request', summary: 'Contracts; those that wait for approval, where asked for.',
    query: page.extend({ state: z.enum(['waiting', 'in_force']).optional() }),
    answers: { 200: { description: 'Oldest first; `next` goes on from there.', schema: z.strictObject({ contracts: z.array(contractAnswer), next: z.string().nullable() }) } },
    async handle({ query, identity }) {
      const limit = limitOf(query)
      const { programId } = callerOf({ identity })
      const inState = query.state === undefined ? {} : { endedAt: null, approvedAt: query.state === 'waiting' ? null : { not: null } }
      const rows = await database.prisma.contract.findMany({
        where: { id: { gt: BigInt(query.after ?? '0') }, ...inState, ...(programId === null ? {} : { programId }) }, include: { program: { select: { key: true } } }, orderBy: { id: 'asc' }, take: limit,
      })
      const names = await namesOf(database.prisma, rows.map((row) => row.accountId))
      const last = rows.at(-1)
      return {
        status: 200,
        body: { contracts: rows.map((row) => presentContract(row, row.program.key, names.get(row.accountId) ?? null)), next: last === undefined || rows.length < limit ? null : last.id.toString() },
      }
    },
  })
}

const STEPS = {
  approve: { summary: 'Approves a contract that another person entered.', take: approveContract },
  end: { summary: 'Ends a contract in force from now on, or withdraws one that waits.', take: endContract },
} as const

function step(parts: ApiParts, name: keyof typeof STEPS): Route {
  const { summary, take } = STEPS[name]
  return defineRoute({
    method: 'post', path: `/v1/contracts/:id/${name}`, tag: 'Standing', scope: 'standing:write', programs: 'by_request', idempotency: 'optional', params: z.strictObject({ id: idText }),
    summary, body: z.strictObject({}),
    answers: { 200: { description: 'The contract as it is now.', schema: contractAnswer } }, problems: ['not_found', 'refused'],
    async handle({ params, identity, transaction }) {
      const reader = readerOf(parts.database, transaction)
      const known = await reader.contract.findUnique({ where: { id: BigInt(params.id) }, include: { program: { select: { key: true } } } })
      if (known === null || !mayUse(identity, known.programId)) throw new Problem('not_found', 'contract', 'There is no such contract.')
      const actor: StandingActor = { ...parts, database: joined(parts.database, transaction), actorId: callerOf({ identity }).actorId }
      const contract = accepted(await take(actor, known.id))
      const names = await namesOf(reader, [contract.accountId])
      return { status: 200, body: presentContract(contract, known.program.key, names.get(contract.accountId) ?? null) }
    },
  })
}

function accepted(answer: ContractAnswer): Contract {
  if (!answer.ok) throw new Problem(answer.reason === 'unknown_contract' ? 'not_found' : 'refused', answer.reason, 'This cannot be done with the contract.')
  return answer.contract
}

export function presentContract({ id, track, signedAt, enteredAt, approvedAt, endedAt }: Contract, program: string, account: string | null) {
  const state = approvedAt === null ? (endedAt === null ? 'waiting' : 'withdrawn') : endedAt === null ? 'in_force' : 'ended'
  return {
    contract_id: id.toString(), program, account, track, state, signed_at: signedAt,
    entered_at: enteredAt, approved_at: approvedAt, ended_at: endedAt,
  }
}
