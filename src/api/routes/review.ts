// Scans, rings and cases over HTTP: what was found, what it costs, and what waits for a reviewer.

import { z } from 'zod'
import { generalModel } from '../../../scoring/model/general.ts'
import { Problem } from '../../base/problems.ts'
import type { Identity } from '../../identities/index.ts'
import { caseJson, type CaseLine, listCases, readCase } from '../../review/index.ts'
import { runScan } from '../../scans/index.ts'
import { type ApiParts, callerOf, exponentsOf, mayUse, programOf } from '../parts.ts'
import { readRing, readRings } from '../ring-reading.ts'
import { defineRoute, type Route } from '../route.ts'
import { idText, limitOf, page } from '../schemas.ts'
import { programKey } from '../../checks/index.ts'

const reason = z.looseObject({ code: z.string(), bits: z.number() })
const ringLine = z.strictObject({
  ring_id: z.string(), state: z.string(), program: z.string().nullable(), probability: z.number(), expected_loss: z.string(), asset: z.string(), accounts: z.number().int(), referrals: z.number().int(),
  reasons: z.array(reason), first_scan_id: z.string(), last_scan_id: z.string(), case_id: z.string().nullable(),
}).meta({ id: 'Ring' })
const ringAnswer = ringLine.extend({
  members: z.array(z.strictObject({ account_id: z.string(), account: z.string().nullable(), score: z.number(), tied_to_id: z.string().nullable(), identifier_kind: z.string().nullable(), bits: z.number() })),
  referral_list: z.array(z.strictObject({ fact_id: z.string(), inviter_id: z.string(), invitee_id: z.string(), probability: z.number().nullable(), decision: z.string().nullable(), top_reason: z.string().nullable() })),
  lineage: z.array(z.strictObject({ scan_id: z.string(), from_ring_id: z.string(), to_ring_id: z.string(), kind: z.string(), shared: z.number().int() })),
}).meta({ id: 'RingDetail' })

const text = z.string()
const caseAnswer = z.strictObject({
  case_id: text, ring_id: text.nullable(), referral_fact_id: text.nullable(), program: text.nullable(), state: text, outcome: text.nullable(), owner: text.nullable(), due_at: z.iso.datetime(), opened_at: z.iso.datetime(),
  probability: z.number(), expected_loss: text, asset: text, accounts: z.number().int(), referrals: z.number().int(), version: z.number().int(),
  money: z.array(z.strictObject({ asset: text, pending: text, held: text, available: text, transferred: text, already_gone: text, taken_back: text, debt: text })),
}).meta({ id: 'Case' })

const scanAnswer = z.strictObject({
  scan_id: text, state: z.enum(['running', 'finished', 'failed']), as_of: z.iso.datetime(), model_version: text, started_at: z.iso.datetime(), finished_at: z.iso.datetime().nullable(), summary: z.record(z.string(), z.unknown()),
}).meta({ id: 'Scan' })

export function reviewRoutes(parts: ApiParts): Route[] {
  return [rings(parts), ring(parts), cases(parts), oneCase(parts), startScan(parts), scan(parts)]
}

function rings({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/rings', tag: 'Review', scope: 'rings:read', programs: 'by_request', summary: 'Current rings, the costliest first.',
    query: page.extend({ program: programKey.optional() }),
    answers: { 200: { description: '`next` goes on from there.', schema: z.strictObject({ rings: z.array(ringLine), next: text.nullable() }) } }, problems: ['not_found'],
    async handle({ query, identity }) {
      const reader = database.prisma
      const asked = query.program === undefined ? undefined : (await programOf(reader, identity, query.program)).id
      const programId = asked ?? callerOf({ identity }).programId ?? undefined
      const limit = limitOf(query)
      const found = await readRings(reader, { limit, ...(programId === undefined ? {} : { programId }), ...(query.after === undefined ? {} : { after: BigInt(query.after) }) })
      return { status: 200, body: { rings: found, next: found.length < limit ? null : found.at(-1)?.ring_id ?? null } }
    },
  })
}

function ring({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/rings/:id', tag: 'Review', scope: 'rings:read', programs: 'by_request', summary: 'A ring as of the last scan that had it, with the evidence of every membership.',
    params: z.strictObject({ id: idText }), answers: { 200: { description: 'The ring.', schema: ringAnswer } }, problems: ['not_found'],
    async handle({ params, identity }) {
      const found = await readRing(database.prisma, BigInt(params.id))
      if (found === null || !isOwn(identity, found.programId)) throw new Problem('not_found', 'ring', 'There is no such ring.')
      return { status: 200, body: found.ring }
    },
  })
}

function cases({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/cases', tag: 'Review', scope: 'cases:read', programs: 'by_request', summary: 'The queue of cases, the greatest expected loss first.',
    query: page.extend({ state: z.enum(['open', 'closed']).optional(), unassigned: z.enum(['true']).optional() }),
    answers: { 200: { description: '`next` goes on from there.', schema: z.strictObject({ cases: z.array(caseAnswer), next: text.nullable() }) } },
    async handle({ query, identity }) {
      const reader = database.prisma
      const limit = limitOf(query)
      const programs = await ownPrograms({ database }, identity)
      const exponentOf = await exponentsOf(reader)
      let after = query.after === undefined ? undefined : await readCase(reader, BigInt(query.after)) ?? undefined
      const found: CaseLine[] = []
      for (;;) {
        const lines = await listCases(reader, { state: query.state, isUnassigned: query.unassigned === 'true', limit, after })
        found.push(...lines.filter((line) => programs === null || (line.program !== null && programs.has(line.program))).slice(0, limit - found.length))
        after = lines.at(-1)
        if (found.length === limit || lines.length < limit) break
      }
      return { status: 200, body: { cases: found.map((line) => caseJson(line, exponentOf)), next: found.length < limit ? null : found.at(-1)?.id.toString() ?? null } }
    },
  })
}

function oneCase({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/cases/:id', tag: 'Review', scope: 'cases:read', programs: 'by_request', summary: 'A case with its money by state.',
    params: z.strictObject({ id: idText }), answers: { 200: { description: 'The case.', schema: caseAnswer } }, problems: ['not_found'],
    async handle({ params, identity }) {
      const found = await readCase(database.prisma, BigInt(params.id))
      const programs = await ownPrograms({ database }, identity)
      if (found === null || (programs !== null && (found.program === null || !programs.has(found.program)))) throw new Problem('not_found', 'case', 'There is no such case.')
      return { status: 200, body: caseJson(found, await exponentsOf(database.prisma)) }
    },
  })
}

function startScan({ database, keys, clock, log, checks }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/scans', tag: 'Scans', scope: 'scans:run', programs: 'unlimited_key', summary: 'Starts a scan of everything.',
    body: z.strictObject({}), answers: { 202: { description: 'Started; ask for it by its id.', schema: z.strictObject({ scan_id: text }) } }, problems: ['conflict'],
    async handle({ identity }) {
      const { actorId } = callerOf({ identity })
      const begun = await new Promise<bigint | null>((resolve, reject) => {
        runScan(database, { keys, clock, actorId, model: generalModel, onBegun: resolve })
          .then((result) => (result.ok ? checks.refresh() : resolve(null)))
          .catch((error: unknown) => {
            log.error({ error: error instanceof Error ? error.name : 'unknown' }, 'a scan failed')
            reject(error instanceof Error ? error : new Error('a scan failed'))
          })
      })
      if (begun === null) throw new Problem('conflict', 'scan_running', 'A scan is running.')
      return { status: 202, body: { scan_id: begun.toString() } }
    },
  })
}

function scan({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/scans/:id', tag: 'Scans', scope: 'scans:read', programs: 'unlimited_key', summary: 'A scan: its state, and what it found compared with the one before.',
    params: z.strictObject({ id: idText }), answers: { 200: { description: 'The scan.', schema: scanAnswer } }, problems: ['not_found'],
    async handle({ params }) {
      const row = await database.prisma.scan.findUnique({ where: { id: BigInt(params.id) } })
      if (row === null) throw new Problem('not_found', 'scan', 'There is no such scan.')
      return {
        status: 200,
        body: {
          scan_id: row.id.toString(), state: row.state, as_of: row.asOf.toISOString(), model_version: row.modelVersion, started_at: row.startedAt.toISOString(),
          finished_at: row.finishedAt?.toISOString() ?? null, summary: row.summary,
        },
      }
    },
  })
}

/** What belongs to several programs is not shown to a key of one. */
function isOwn(identity: Identity | null, programId: bigint | null): boolean {
  return programId === null ? callerOf({ identity }).programId === null : mayUse(identity, programId)
}

/** Keys of the programs that the caller may see; null: all. */
async function ownPrograms({ database }: Pick<ApiParts, 'database'>, identity: Identity | null): Promise<ReadonlySet<string> | null> {
  const { programId } = callerOf({ identity })
  if (programId === null) return null
  const row = await database.prisma.program.findUnique({ where: { id: programId }, select: { key: true } })
  return new Set(row === null ? [] : [row.key])
}
