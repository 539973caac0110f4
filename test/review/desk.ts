// A review desk on a test's own database: a programme with members, scans that found rings, reviewers, and full dumps to compare.

import { digestOf } from '../../src/base/hashing.ts'
import type { NewProgram } from '../../src/policies/index.ts'
import { apiyi } from '../../src/programs/index.ts'
import {
  type ApplyResult, applyPlan, type CasesOfScan, type Decision, makePlan, openCases, type Plan, type PlanAction, type PlanResult, type Reviewer,
} from '../../src/review/index.ts'
import type { TestDatabase } from '../database.ts'
import { answerOf, makeProgramme, type Programme } from '../programs/programme.ts'

export interface FoundRing {
  /** Continues this ring; absent: a new one. */
  readonly ringId?: bigint
  readonly members: readonly (readonly [accountId: bigint, score: number])[]
  readonly probability?: number
  readonly expectedLoss?: bigint
}

export interface FoundScan {
  readonly rings?: readonly FoundRing[]
  readonly lone?: readonly { readonly inviterId: bigint; readonly inviteeId: bigint; readonly probability: number }[]
  readonly lineage?: readonly { readonly from: bigint; readonly to: bigint; readonly kind: 'split' | 'merged' }[]
}

export interface Desk {
  readonly programme: Programme
  /** What a scan would write, then what `openCases` makes of it. */
  scan(found: FoundScan): Promise<{ scanId: bigint; ringIds: bigint[]; cases: CasesOfScan }>
  reviewer(name: string): Promise<Reviewer>
  caseOf(ringId: bigint): Promise<{ id: bigint; state: string; outcome: string | null; ownerId: bigint | null; version: number }>
  /** Everything that a decision can change, in words that can be compared. */
  dump(): Promise<Record<string, string[]>>
}

let desks = 0

export async function makeDesk(test: TestDatabase, program: NewProgram = apiyi): Promise<Desk> {
  const programme = await makeProgramme(test, { ...program, key: `${program.key}-${++desks}` })
  const { database, owner, clock, keys } = test
  const { programId } = programme

  async function scan(found: FoundScan): Promise<{ scanId: bigint; ringIds: bigint[]; cases: CasesOfScan }> {
    const { id: scanId } = await owner.prisma.$queryRaw<{ id: bigint }[]>`
      INSERT INTO scan (state, as_of, position, model_version, options, actor_id, started_at, finished_at)
        VALUES ('finished', ${clock.now()}, '1'::xid8, 'test', '{}', 1, ${clock.now()}, ${clock.now()}) RETURNING id`.then((rows) => rows[0] ?? { id: 0n })
    const ringIds: bigint[] = []
    for (const ring of found.rings ?? []) ringIds.push(await writeRing(scanId, ring))
    for (const { inviterId, inviteeId, probability } of found.lone ?? []) {
      const fact = await owner.prisma.referralFact.findFirstOrThrow({ where: { programId, inviterId, inviteeId } })
      const decision = probability >= 0.5 ? 'hold' : 'allow'
      await owner.prisma.referralVerdict.create({ data: { scanId, factId: fact.id, probability, bits: 1, decision, topReason: 'device_shared' } })
    }
    for (const { from, to, kind } of found.lineage ?? []) await owner.prisma.ringLineage.create({ data: { scanId, fromRingId: from, toRingId: to, kind, shared: 1 } })
    const cases = await database.inTransaction((transaction) => openCases(transaction, { keys, clock, actorId: 1n, scanId }))
    return { scanId, ringIds, cases }
  }

  async function writeRing(scanId: bigint, found: FoundRing): Promise<bigint> {
    const ringId = found.ringId ?? (await owner.prisma.ring.create({ data: { firstScanId: scanId, lastScanId: scanId, state: 'current' } })).id
    await owner.prisma.ring.update({ where: { id: ringId }, data: { lastScanId: scanId, state: 'current' } })
    const ids = found.members.map(([accountId]) => accountId)
    const facts = await owner.prisma.referralFact.findMany({ where: { programId, inviterId: { in: ids }, inviteeId: { in: ids } } })
    const version = await owner.prisma.ringVersion.create({
      data: {
        ringId, scanId, programId, probability: found.probability ?? 0.95, expectedLoss: found.expectedLoss ?? 1_000_000n, asset: 'USD',
        accounts: ids.length, referrals: facts.length, reasons: [], membersDigest: new Uint8Array(digestOf(...ids.map(String))),
      },
    })
    await owner.prisma.ringMember.createMany({ data: found.members.map(([accountId, score]) => ({ ringVersionId: version.id, accountId, score, bits: 5 })) })
    await owner.prisma.ringReferral.createMany({ data: facts.map((fact) => ({ ringVersionId: version.id, factId: fact.id })) })
    return ringId
  }

  async function reviewer(name: string): Promise<Reviewer> {
    const row = await owner.prisma.actor.upsert({
      where: { kind_name: { kind: 'person', name } }, create: { kind: 'person', name, createdAt: clock.now() }, update: {},
    })
    return { database, keys, clock, actorId: row.id, check: async () => answerOf('allow') }
  }

  return {
    programme,
    scan,
    reviewer,
    caseOf: async (ringId) => await owner.prisma.reviewCase.findFirstOrThrow({ where: { ringId }, orderBy: { id: 'desc' } }),
    dump: () => dumpOf(test),
  }
}

const DUMPS: Readonly<Record<string, string>> = {
  balances: `SELECT concat_ws(' ', account_id, kind, asset, sum(balance)) AS line FROM book_account GROUP BY account_id, kind, asset HAVING sum(balance) <> 0`,
  positions: `SELECT concat_ws(' ', b.account_id, b.kind, p.rebate_id, p.amount) AS line FROM position p JOIN book_account b ON b.id = p.book_account_id WHERE p.amount <> 0`,
  holds: `SELECT concat_ws(' ', id, rebate_id, referral_id, reason, case_id, owner_id, due_at) AS line FROM hold WHERE ended_at IS NULL`,
  referrals: `SELECT concat_ws(' ', id, state, effective_at) AS line FROM referral`,
  restrictions: `SELECT concat_ws(' ', account_id, kind, ends_at) AS line FROM account_restriction WHERE ended_at IS NULL`,
  cases: `SELECT concat_ws(' ', id, state, outcome) AS line FROM review_case`,
}

async function dumpOf({ owner }: TestDatabase): Promise<Record<string, string[]>> {
  const dump: Record<string, string[]> = {}
  for (const [name, query] of Object.entries(DUMPS)) {
    const { rows } = await owner.pool.query<{ line: string }>(`${query} ORDER BY 1`)
    dump[name] = rows.map((row) => row.line)
  }
  return dump
}

/** The plan of an action that must be possible. */
export async function planned(reviewer: Reviewer, action: PlanAction): Promise<Plan> {
  const result = await makePlan(reviewer, action)
  if (!result.ok) throw new Error(`${result.reason}: ${result.detail}`)
  return result.plan
}

export async function refusedPlan(reviewer: Reviewer, action: PlanAction): Promise<string> {
  const result: PlanResult = await makePlan(reviewer, action)
  return result.ok ? 'planned' : result.reason
}

/** Plans and applies at once; throws where either is refused. */
export async function decided(reviewer: Reviewer, action: PlanAction, reason = 'self_invitation'): Promise<Decision> {
  const plan = await planned(reviewer, action)
  const result: ApplyResult = await applyPlan(reviewer, { planId: plan.id, hash: plan.hash, reason })
  if (!result.ok) throw new Error(`${result.reason}: ${result.detail}`)
  return result.decision
}

export async function undone(reviewer: Reviewer, decision: Decision): Promise<Decision> {
  return await decided(reviewer, { kind: 'undo', decisionId: decision.id.toString() }, 'correction')
}
